// What the architectures beside Llama differ in: each against its formulas written out, with a cache, in beams, in files.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { decoderLogits, geluTanh } from '../support/decoder-reference.js'
import type { ReferenceTraits } from '../support/decoder-reference.js'
import { stir, weightsOf } from '../support/models.js'
import { removeFolder } from '../support/files.js'

const { models } = lora

const SIZES = {
  vocab_size: 17,
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 3,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 96,
  initializer_range: 0.4,
  bos_token_id: 1,
  eos_token_id: 16,
  pad_token_id: null,
}
const V = SIZES.vocab_size

/** Two pairs of features turn. */
const plain = (theta: number) => [1, theta ** -0.5]
const SWA = 'sliding_attention'
const FULL = 'full_attention'

interface Architecture {
  Bare: { fromPretrained(dir: string): Promise<lora.nn.Module> }
  ForCausalLM: {
    fromConfig(config: object, options: object): lora.models.CausalLM
    fromPretrained(dir: string): Promise<lora.models.CausalLM>
  }
  config: object
  /** What the formulas need beside the weights. */
  traits: ReferenceTraits
  /** Around what the norms' weights are stirred. */
  norms?: number
  /** `layer_types` says which blocks have a window. */
  hasLayerTypes?: true
  /** Parameters of the first block below `self_attn` and `mlp`, and its norms. */
  names: string
}

const SEPARATE = 'q_proj k_proj v_proj o_proj'
const MLP = 'gate_proj up_proj down_proj'
const NORMS = 'input_layernorm post_attention_layernorm'
const withBias = (names: string) => names.replaceAll(/\w+/g, '$& $&.bias')

const ARCHITECTURES: Record<string, Architecture> = {
  Mistral: {
    Bare: models.MistralModel,
    ForCausalLM: models.MistralForCausalLM,
    config: { sliding_window: 4 },
    traits: { frequencies: plain(1e4), window: () => 4 },
    names: `${SEPARATE} ${MLP} ${NORMS}`,
  },
  Qwen2: {
    Bare: models.Qwen2Model,
    hasLayerTypes: true,
    ForCausalLM: models.Qwen2ForCausalLM,
    config: { use_sliding_window: true, sliding_window: 3, max_window_layers: 1, rope_theta: 1e6 },
    traits: { frequencies: plain(1e6), window: (layer) => (layer >= 1 ? 3 : Infinity) },
    names: `q_proj q_proj.bias k_proj k_proj.bias v_proj v_proj.bias o_proj ${MLP} ${NORMS}`,
  },
  Qwen3: {
    Bare: models.Qwen3Model,
    hasLayerTypes: true,
    ForCausalLM: models.Qwen3ForCausalLM,
    config: { use_sliding_window: true, sliding_window: 3, layer_types: [SWA, FULL, FULL], tie_word_embeddings: true },
    traits: { frequencies: plain(1e4), window: (layer) => (layer === 0 ? 3 : Infinity) },
    names: `${SEPARATE} q_norm k_norm ${MLP} ${NORMS}`,
  },
  Phi3: {
    Bare: models.Phi3Model,
    ForCausalLM: models.Phi3ForCausalLM,
    config: { sliding_window: 5, partial_rotary_factor: 0.5 },
    traits: { frequencies: [1], window: () => 5 },
    names: `qkv_proj o_proj gate_up_proj down_proj ${NORMS}`,
  },
  Gemma2: {
    Bare: models.Gemma2Model,
    hasLayerTypes: true,
    ForCausalLM: models.Gemma2ForCausalLM,
    config: {
      sliding_window: 3,
      query_pre_attn_scalar: 9,
      attn_logit_softcapping: 1.5,
      final_logit_softcapping: 4,
    },
    traits: {
      ...{ frequencies: plain(1e4), window: (layer: number) => (layer % 2 === 0 ? 3 : Infinity), scale: 1 / 3 },
      ...{ softcap: 1.5, logitSoftcap: 4, normOffset: 1, embeddingScale: Math.sqrt(12), activation: geluTanh },
    },
    norms: 0,
    names: `${SEPARATE} ${MLP} ${NORMS} pre_feedforward_layernorm post_feedforward_layernorm`,
  },
  Gemma3: {
    Bare: models.Gemma3Model,
    hasLayerTypes: true,
    ForCausalLM: models.Gemma3ForCausalLM,
    config: {
      ...{ sliding_window: 3, sliding_window_pattern: 3, query_pre_attn_scalar: 9, rope_theta: 1e6 },
      ...{ rope_local_base_freq: 100, rope_scaling: { rope_type: 'linear', factor: 8 } },
    },
    traits: {
      ...{ frequencies: (layer: number) => (layer < 2 ? plain(100) : plain(1e6).map((angle) => angle / 8)) },
      ...{ window: (layer: number) => (layer < 2 ? 3 : Infinity), scale: 1 / 3 },
      ...{ normOffset: 1, embeddingScale: Math.sqrt(12), activation: geluTanh },
    },
    norms: 0,
    names: `${SEPARATE} q_norm k_norm ${MLP} ${NORMS} pre_feedforward_layernorm post_feedforward_layernorm`,
  },
  Granite: {
    Bare: models.GraniteModel,
    ForCausalLM: models.GraniteForCausalLM,
    config: {
      ...{ attention_bias: true, mlp_bias: true, tie_word_embeddings: true },
      ...{ embedding_multiplier: 3, residual_multiplier: 0.3, attention_multiplier: 0.2, logits_scaling: 2.5 },
    },
    traits: {
      ...{ frequencies: plain(1e4), scale: 0.2 },
      ...{ embeddingScale: 3, residualScale: 0.3, logitsScaling: 2.5 },
    },
    names: `${withBias(SEPARATE)} ${withBias(MLP)} ${NORMS}`,
  },
}

const tiny = ({ ForCausalLM, config, norms = 1 }: Architecture, extra: object = {}, options: object = {}) => {
  const model = ForCausalLM.fromConfig(
    { ...SIZES, ...config, ...extra },
    { generator: new lora.Generator(3), ...options },
  )
  stir(model, norms)
  return model
}

const longRow = (length: number) => Array.from({ length }, (_, i) => (i * 7) % 16)
const logitsOf = (model: lora.models.CausalLM, row: number[]) => lora.noGrad(() => model.forward([row]).logits)

/** The matrices that LoRA goes around. */
const linears = ({ names }: Architecture) => names.split(' ').filter((name) => name.endsWith('_proj'))

for (const [name, architecture] of Object.entries(ARCHITECTURES)) {
  test(`${name}: parameter names as in Hugging Face checkpoints`, (t) => {
    const keys = Object.keys(tiny(architecture, { tie_word_embeddings: false }).stateDict())
    const prefix = 'model.layers.0.'
    const below = (part: string) =>
      part.endsWith('norm') && !/^[qk]_norm$/.test(part) ? '' : /gate|up|down/.test(part) ? 'mlp.' : 'self_attn.'
    const want = architecture.names
      .split(' ')
      .map((part) => `${prefix}${below(part)}${part.endsWith('bias') ? part : `${part}.weight`}`)
    t.deepEqual(keys.filter((key) => key.startsWith(prefix)).sort(), want.sort())
    t.deepEqual(
      keys.filter((key) => !key.includes('.layers.')),
      ['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight'],
    )
  })

  test(`${name}: the logits are those of the formulas written out`, async (t) => {
    const model = tiny(architecture, {}, { dtype: 'f64' })
    const row = longRow(11)
    const config = { ...SIZES, rms_norm_eps: model.config['rms_norm_eps'] as number }
    const want = decoderLogits(await weightsOf(model), config, row, architecture.traits)
    await close(t, model.forward([row]).logits, want.flat())
    if (!architecture.traits.window) return
    const without = decoderLogits(await weightsOf(model), config, row, {
      ...architecture.traits,
      window: () => Infinity,
    })
    const [got, far] = [await numbers(model.forward([row]).logits), without.flat()]
    t.true(
      got.some((value, i) => Math.abs(value - far[i]!) > 1e-3),
      'the window changes nothing',
    )
  })

  test(`${name}: the loss is that of the logits, with a plain head and with LoRA on it`, async (t) => {
    const model = tiny(architecture, { tie_word_embeddings: false }, { dtype: 'f64' })
    const row = longRow(11)
    for (const targets of [[], ['lm_head']]) {
      if (targets.length) lora.injectLora(model, { targets, r: 2, loraAlpha: 4 })
      const { loss, logits } = model.forward([row], { labels: [row] })
      const labels = lora.tensor(row.slice(1), { dtype: 'i64' })
      const want = lora.nn.functional.crossEntropy(logits.reshape([11, V]).narrow(0, 0, 10), labels)
      await close(t, loss!, await numbers(want))
    }
  })

  test(`${name}: a cache gives the logits of the whole sequence, far beyond the window and through growth`, async (t) => {
    const model = tiny(architecture).eval()
    const row = longRow(70)
    const whole = await numbers(logitsOf(model, row))
    const cache = new models.KvCache()
    const step = (ids: number[]) => lora.noGrad(() => model.forward([ids], { pastKeyValues: cache }).logits)
    await close(t, step(row.slice(0, 9)), whole.slice(0, 9 * V))
    for (let at = 9; at < 15; at++) await close(t, step([row[at]!]), whole.slice(at * V, (at + 1) * V))
    await close(t, step(row.slice(15, 60)), whole.slice(15 * V, 60 * V)) // grows the buffers
    for (let at = 60; at < 70; at++) await close(t, step([row[at]!]), whole.slice(at * V, (at + 1) * V))
    cache.dispose()
  })

  test(`${name}: generation chooses what a full forward chooses, for rows of different lengths`, async (t) => {
    const model = tiny(architecture).eval()
    const prompts = [
      [1, 5, 2],
      [3, 3, 7, 0, 8, 2, 9, 4],
    ]
    const got = await model.generate(prompts, { maxNewTokens: 12, eosTokenId: null })
    for (const [b, prompt] of prompts.entries()) {
      const row = [...prompt]
      while (row.length < prompt.length + 12) {
        const scores = (await numbers(logitsOf(model, row))).slice(-V)
        row.push(scores.indexOf(Math.max(...scores)))
      }
      t.deepEqual(got[b], row)
    }
  })

  test(`${name}: beams have the scores that a full forward gives them, alone and in a batch`, async (t) => {
    const model = tiny(architecture).eval()
    const prompts = [
      [1, 5, 2, 7, 11, 3],
      [3, 3],
    ]
    const options = {
      maxNewTokens: 11,
      eosTokenId: null,
      numBeams: 4,
      numReturnSequences: 3,
      returnDictInGenerate: true as const,
    }
    const { sequences, sequencesScores } = await model.generate(prompts, options)
    for (const [r, row] of sequences.entries()) {
      const prompt = prompts[Math.floor(r / 3)]!
      t.deepEqual(row.slice(0, prompt.length), prompt)
      const table = await numbers(lora.nn.functional.logSoftmax(logitsOf(model, row), -1))
      const fresh = row.slice(prompt.length)
      const sum = fresh.reduce((total, id, i) => total + table[(prompt.length + i - 1) * V + id]!, 0)
      await close(t, [sequencesScores![r]!], [sum / fresh.length])
    }
    for (const [b, prompt] of prompts.entries()) {
      const alone = await model.generate([prompt], options)
      t.deepEqual(alone.sequences, sequences.slice(3 * b, 3 * b + 3))
    }
  })

  test(`${name}: a window as long as the sequence hides nothing`, async (t) => {
    if (!architecture.traits.window) {
      t.pass('there are no windows')
      return
    }
    const sized = (sliding_window: number | null) =>
      tiny(architecture, {
        sliding_window,
        ...(sliding_window === null ? { use_sliding_window: false, layer_types: null } : {}),
      })
    const row = longRow(20)
    // Gemma 3 turns blocks with a window by other angles, so that it is compared with a window beyond the sequence.
    const want = logitsOf(sized(name === 'Gemma3' ? 1e6 : null), row)
    await close(t, logitsOf(sized(20), row), want)
    t.notDeepEqual(await numbers(logitsOf(sized(2), row)), await numbers(want))
  })

  test(`${name}: LoRA on all projections trains, through checkpointed blocks too, and merges`, async (t) => {
    const model = tiny(architecture)
    const targets = linears(architecture)
    t.is(lora.injectLora(model, { targets, r: 2, loraAlpha: 4 }).length, 3 * targets.length)
    lora.markOnlyLoraAsTrainable(model)
    const ids = [longRow(9), longRow(9).toReversed()]
    const optimizer = new lora.optim.AdamW(
      model.parameters().filter((p) => p.requiresGrad),
      { lr: 0.02 },
    )
    const losses: number[] = []
    for (let step = 0; step < 4; step++) {
      if (step === 2) model.gradientCheckpointingEnable()
      const { loss } = model.forward(ids, { labels: ids })
      losses.push((await loss!.item()) as number)
      optimizer.zeroGrad()
      await loss!.backward()
      for (const [path, parameter] of model.namedParameters())
        t.is(parameter.grad !== null, path.includes('lora_'), path)
      await optimizer.step()
    }
    losses.slice(1).forEach((loss, i) => t.true(loss < losses[i]!, losses.join()))
    const unmerged = await numbers(model.forward(ids).logits)
    await close(t, model.eval().forward(ids).logits, unmerged)
  })

  test(`${name}: savePretrained and fromPretrained give the same model, with and without its head`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'decoder-'))
    const model = tiny(architecture, { of_somebody_else: 7 }).eval()
    const ids = [longRow(9)]
    await model.savePretrained(dir)
    const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')) as Record<string, unknown>
    t.is(config['of_somebody_else'], 7)
    const read = await models.AutoModelForCausalLM.fromPretrained(dir)
    t.is(read.constructor, model.constructor)
    t.false(read.training)
    await same(t, read.forward(ids).logits, model.forward(ids).logits)
    const bare = (await architecture.Bare.fromPretrained(dir)) as lora.models.Decoder
    await same(t, bare.forward(ids).lastHiddenState, model.forward(ids).lastHiddenState)
    await (bare as unknown as { savePretrained(to: string): Promise<void> }).savePretrained(join(dir, 'bare'))
    const again = (await architecture.Bare.fromPretrained(join(dir, 'bare'))) as typeof bare
    await same(t, again.forward(ids).lastHiddenState, model.forward(ids).lastHiddenState)
    await model.savePretrained(dir, { dtype: 'bf16' })
    const half = await architecture.ForCausalLM.fromPretrained(dir)
    const dtypes = [...half.namedParameters()].map(([, tensor]) => `${tensor.ndim} ${tensor.dtype}`)
    t.deepEqual([...new Set(dtypes)].sort(), ['1 f32', '2 bf16'])
    t.true((await numbers(half.forward(ids).logits)).every(Number.isFinite))
    await writeFile(join(dir, 'config.json'), JSON.stringify({ ...config, hidden_size: 24 }))
    await t.throwsAsync(() => architecture.ForCausalLM.fromPretrained(dir), {
      instanceOf: lora.KeyError,
      message: /misshapen/,
    })
    removeFolder(dir)
  })

  test(`${name}: a configuration that cannot be computed is an error that names the field`, (t) => {
    const option = (extra: object, message: RegExp) =>
      t.throws(() => tiny(architecture, extra), { instanceOf: lora.OptionError, message })
    option({ num_key_value_heads: 4 }, /num_key_value_heads[\s\S]*divisor of num_attention_heads = 6/)
    option({ head_dim: 3 }, /head_dim[\s\S]*even/)
    if (architecture.traits.window) option({ sliding_window: 0 }, /sliding_window[\s\S]*1 or more/)
    option({ rms_norm_eps: -1 }, /rms_norm_eps/)
    option({ attention_dropout: 2 }, /attention_dropout/)
    option({ rope_scaling: { rope_type: 'linear' } }, /factor/)
    option({ rope_scaling: { rope_type: 'linaer', factor: 2 } }, /write 'linear'/)
    const field = 'hidden_activation' in tiny(architecture).config ? 'hidden_activation' : 'hidden_act'
    option({ [field]: 'swiglu' }, /hidden_act/)
    const unsupported = (extra: object, message: RegExp) =>
      t.throws(() => tiny(architecture, extra), { instanceOf: lora.UnsupportedError, message })
    unsupported(
      { rope_scaling: { rope_type: 'proportional', factor: 4 } },
      /rope_type default, linear, dynamic, yarn, llama3, longrope[\s\S]*'proportional'/,
    )
    unsupported({ quantization_config: { quant_method: 'gptq' } }, /gptq/)
    if (name === 'Phi3') {
      option({ partial_rotary_factor: 0.3 }, /partial_rotary_factor[\s\S]*even number/)
      option({ partial_rotary_factor: 1.5 }, /partial_rotary_factor/)
      option({ resid_pdrop: 2 }, /resid_pdrop/)
    } else {
      const rope_scaling = { rope_type: 'linear', factor: 2 }
      unsupported({ partial_rotary_factor: 0.5, rope_scaling }, /partial_rotary_factor 0.5 with rope_type 'linear'/)
    }
    if (name === 'Granite') {
      for (const field of ['embedding_multiplier', 'residual_multiplier', 'attention_multiplier', 'logits_scaling'])
        option({ [field]: 0 }, new RegExp(field))
    }
    if (!architecture.hasLayerTypes) return
    option({ layer_types: [FULL] }, /layer_types[\s\S]*num_hidden_layers = 3/)
    unsupported({ layer_types: [FULL, 'chunked_attention', FULL] }, /'chunked_attention'/)
    option({ layer_types: [FULL, SWA, FULL], sliding_window: null }, /sliding_window[\s\S]*layer_types/)
    if (!name.startsWith('Gemma')) return
    option({ attn_logit_softcapping: 0 }, /attn_logit_softcapping/)
    option({ query_pre_attn_scalar: 0 }, /query_pre_attn_scalar/)
    unsupported({ use_bidirectional_attention: true }, /use_bidirectional_attention/)
  })
}

test('Gemma 3: rotary positions as transformers 5 writes them and as earlier releases do are the same', async (t) => {
  const { Gemma3 } = ARCHITECTURES
  const row = longRow(11)
  const rope_parameters = {
    full_attention: { rope_type: 'linear', rope_theta: 1e6, factor: 8 },
    sliding_attention: { rope_type: 'default', rope_theta: 100 },
  }
  const old = { rope_theta: undefined, rope_local_base_freq: undefined, rope_scaling: undefined }
  const five = tiny(Gemma3!, { ...old, rope_parameters })
  await same(t, logitsOf(five, row), logitsOf(tiny(Gemma3!), row))
  t.throws(() => tiny(Gemma3!, { rope_parameters: { rope_type: 'default' } }), {
    message: /full_attention and sliding_attention/,
  })
})

// Sequences of up to 8 tokens turn by one list of factors, longer ones by another; Phi-3 compares 96 with 8 for the scale.
const LONG_ROPE = {
  original_max_position_embeddings: 8,
  rope_scaling: { type: 'su', short_factor: [1.5, 2], long_factor: [3, 10] },
}

test('longrope: the logits are those of the formulas written out, short and long', async (t) => {
  const architecture = { ...ARCHITECTURES['Phi3']!, config: { sliding_window: null } }
  const model = tiny(architecture, LONG_ROPE, { dtype: 'f64' })
  const config = { ...SIZES, rms_norm_eps: 1e-5 }
  const rotaryScale = Math.sqrt(1 + Math.log(12) / Math.log(8))
  for (const [length, factors] of [
    [8, [1.5, 2]],
    [9, [3, 10]],
    [14, [3, 10]],
  ] as const) {
    const frequencies = plain(1e4).map((angle, i) => angle / factors[i]!)
    const row = longRow(length)
    const want = decoderLogits(await weightsOf(model), config, row, { frequencies, rotaryScale })
    await close(t, model.forward([row]).logits, want.flat())
    const positionIds = lora.tensor([row.map((_, at) => at)], { dtype: 'i64' })
    await close(t, model.forward([row], { positionIds }).logits, want.flat())
  }
  const given = { ...LONG_ROPE, rope_scaling: { ...LONG_ROPE.rope_scaling, attention_factor: 2 } }
  const frequencies = plain(1e4).map((angle, i) => angle / [1.5, 2][i]!)
  const scaled = tiny(architecture, given, { dtype: 'f64' })
  const want = decoderLogits(await weightsOf(scaled), config, longRow(5), { frequencies, rotaryScale: 2 })
  await close(t, scaled.forward([longRow(5)]).logits, want.flat())
})

test('longrope: a cache goes on where it began, and growing from short to long is an error that says what to do', async (t) => {
  const model = tiny(ARCHITECTURES['Phi3']!, { ...LONG_ROPE, partial_rotary_factor: 1 }).eval()
  const row = longRow(20)
  const whole = await numbers(logitsOf(model, row))
  const cache = new models.KvCache()
  const step = (ids: number[]) => lora.noGrad(() => model.forward([ids], { pastKeyValues: cache }).logits)
  await close(t, step(row.slice(0, 9)), whole.slice(0, 9 * V))
  for (let at = 9; at < 20; at++) await close(t, step([row[at]!]), whole.slice(at * V, (at + 1) * V))
  cache.dispose()
  step(row.slice(0, 7))
  step([row[7]!])
  t.throws(() => step([row[8]!]), { instanceOf: lora.OptionError, message: /feed the whole sequence with a new cache/ })
  const long = await model.generate([longRow(9), [1, 2]], { maxNewTokens: 4, eosTokenId: null })
  t.deepEqual(long[0]!.length, 13)
  const hidden = lora.tensor([[0, 1]], { dtype: 'i64' }).clone()
  t.throws(() => model.forward([[1, 2]], { positionIds: hidden }), { message: /positionIds[\s\S]*longrope/ })
  const option = (extra: object, message: RegExp) =>
    t.throws(() => tiny(ARCHITECTURES['Phi3']!, { partial_rotary_factor: 1, ...LONG_ROPE, ...extra }), {
      instanceOf: lora.OptionError,
      message,
    })
  option({ rope_scaling: { type: 'longrope', short_factor: [1] } }, /short_factor[\s\S]*2 numbers/)
  option({ rope_scaling: { ...LONG_ROPE.rope_scaling, long_factor: [1, 0] } }, /long_factor\[1\]/)
  option({ original_max_position_embeddings: null }, /original_max_position_embeddings/)
})

test('Gemma: the factor of the embeddings is rounded as the table is', async (t) => {
  const sized = (dtype: string) => tiny(ARCHITECTURES['Gemma2']!, { hidden_size: 1152, head_dim: 4 }, { dtype })
  // √1152 = 33.94 lies between 33.75 and 34, which bf16 has.
  const [bf16, f32] = [sized('bf16'), sized('f32')] as unknown as { model: lora.models.Gemma2Model }[]
  const factor = async ({ model }: { model: lora.models.Gemma2Model }) => {
    const [x] = lora.noGrad(() => model.forward([[3]], { outputHiddenStates: true }).hiddenStates!)
    const row = lora.noGrad(() => model.embed_tokens.forward(lora.tensor([[3]], { dtype: 'i64' })))
    return ((await numbers(x!))[0] ?? 0) / ((await numbers(row))[0] ?? 0)
  }
  await close(t, [await factor(bf16!), await factor(f32!)], [34, Math.sqrt(1152)])
})

test('Phi-3: dropout of what attention and MLP add is drawn in training only', async (t) => {
  const model = tiny(ARCHITECTURES['Phi3']!, { resid_pdrop: 0.3 })
  const row = longRow(9)
  t.notDeepEqual(await numbers(logitsOf(model, row)), await numbers(logitsOf(model, row)))
  model.eval()
  await same(t, logitsOf(model, row), logitsOf(model, row))
})
