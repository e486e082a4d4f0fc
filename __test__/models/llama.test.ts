import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { decoderLogits } from '../support/decoder-reference.js'
import { stir, weightsOf } from '../support/models.js'
import { removeFolder } from '../support/files.js'

const { models } = lora

const CONFIG = {
  vocab_size: 17,
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 48,
  rms_norm_eps: 1e-5,
  initializer_range: 0.4,
  bos_token_id: 1,
  eos_token_id: 16,
}
const V = CONFIG.vocab_size
const LINEARS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']

const tiny = (extra: object = {}, options: object = {}) =>
  models.LlamaForCausalLM.fromConfig({ ...CONFIG, ...extra }, { generator: new lora.Generator(3), ...options })

const IDS = [
  [1, 5, 2, 9, 4],
  [3, 3, 7, 0, 8],
]
const idsTensor = (rows: number[][]) =>
  lora.tensor(new Int32Array(rows.flat()), { shape: [rows.length, rows[0]!.length] })
const longRow = (length: number) => Array.from({ length }, (_, i) => (i * 7) % 16)

const grid = (shape: readonly number[]) =>
  lora.tensor(new Float32Array(wave(shape[0]! * shape[1]!, 0.7, 0.3)), { shape })

test('LlamaForCausalLM: names and shapes as in Hugging Face checkpoints', (t) => {
  const shapes = Object.entries(tiny({ attention_bias: true, num_hidden_layers: 1 }).stateDict())
  t.deepEqual(
    shapes.map(([name, tensor]) => `${name} ${tensor.shape.join('x')}`),
    [
      'model.embed_tokens.weight 17x12',
      ...['q_proj.weight 24x12', 'q_proj.bias 24', 'k_proj.weight 8x12', 'k_proj.bias 8'].map(
        (rest) => `model.layers.0.self_attn.${rest}`,
      ),
      ...['v_proj.weight 8x12', 'v_proj.bias 8', 'o_proj.weight 12x24', 'o_proj.bias 12'].map(
        (rest) => `model.layers.0.self_attn.${rest}`,
      ),
      'model.layers.0.mlp.gate_proj.weight 20x12',
      'model.layers.0.mlp.up_proj.weight 20x12',
      'model.layers.0.mlp.down_proj.weight 12x20',
      'model.layers.0.input_layernorm.weight 12',
      'model.layers.0.post_attention_layernorm.weight 12',
      'model.norm.weight 12',
      'lm_head.weight 17x12',
    ],
  )
  const { config } = tiny({ num_key_value_heads: undefined, head_dim: undefined })
  t.is(config.num_key_value_heads, 6)
  t.is(config.head_dim, 2)
})

test('LlamaForCausalLM: a tied head is the token embedding, listed once and trained through both', async (t) => {
  const model = tiny({ tie_word_embeddings: true })
  t.false([...model.namedParameters()].some(([name]) => name === 'lm_head.weight'))
  t.is(model.stateDict()['lm_head.weight'], model.stateDict()['model.embed_tokens.weight'])
  const { lastHiddenState, logits } = model.forward(IDS)
  await close(t, logits, lastHiddenState.matmul(model.model.embed_tokens.weight.t()))
  await model.forward([[1, 2]], { labels: [[1, 2]] }).loss!.backward()
  const grad = await numbers(model.model.embed_tokens.weight.grad!)
  const touched = Array.from({ length: V }, (_, row) =>
    grad.slice(row * 12, row * 12 + 12).some((value) => value !== 0),
  )
  t.true(touched.every(Boolean)) // the head reaches every row, the table only rows 1 and 2
})

// The frequencies of each kind, by the formulas of the papers and of Meta's code: wavelengths, not turns.
const plain = (theta: number) => [1, theta ** -0.5]
const llama3 = (theta: number, factor: number, low: number, high: number, original: number) =>
  plain(theta).map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency
    if (wavelength < original / high) return frequency
    if (wavelength > original / low) return frequency / factor
    const smooth = (original / wavelength - low) / (high - low)
    return ((1 - smooth) * frequency) / factor + smooth * frequency
  })

const SCALED = { factor: 4, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 16 }
const ROPES: [name: string, fields: object, frequencies: number[]][] = [
  ['no field at all', {}, plain(10000)],
  ['rope_theta', { rope_theta: 500 }, plain(500)],
  ['rope_parameters', { rope_parameters: { rope_type: 'default', rope_theta: 50 } }, plain(50)],
  ['linear', { rope_theta: 50, rope_scaling: { type: 'linear', factor: 3 } }, plain(50).map((f) => f / 3)],
  // With an original length of 16 the first wave (6.3) lies between, with 40 it is short, with 6 both are long.
  [
    'llama3, between',
    { rope_parameters: { rope_type: 'llama3', rope_theta: 100, ...SCALED } },
    llama3(100, 4, 1, 4, 16),
  ],
  [
    'llama3, short and between',
    { rope_theta: 10, rope_scaling: { rope_type: 'llama3', ...SCALED, original_max_position_embeddings: 40 } },
    llama3(10, 4, 1, 4, 40),
  ],
  [
    'llama3, long',
    { rope_theta: 10, rope_scaling: { rope_type: 'llama3', ...SCALED, original_max_position_embeddings: 6 } },
    llama3(10, 4, 1, 4, 6),
  ],
]

for (const [name, fields, frequencies] of ROPES) {
  test(`LlamaForCausalLM: the logits are those of the formulas written out (rotary positions: ${name})`, async (t) => {
    const model = tiny({ attention_bias: true, mlp_bias: true, ...fields }, { dtype: 'f64' })
    stir(model)
    const row = longRow(11)
    const want = decoderLogits(await weightsOf(model), model.config, row, { frequencies })
    await close(t, model.forward([row]).logits, want.flat())
  })
}

test('LlamaForCausalLM: shared heads give what the same heads repeated give, and the cache holds them once', async (t) => {
  const grouped = tiny()
  const whole = tiny({ num_key_value_heads: 6 })
  const dict = { ...grouped.stateDict() }
  for (const name of Object.keys(dict).filter((key) => /[kv]_proj/.test(key))) {
    const heads = dict[name]!.reshape([2, 1, 4, 12]).expand([2, 3, 4, 12])
    dict[name] = heads.reshape([24, 12])
  }
  whole.loadStateDict(dict)
  await close(t, grouped.forward(IDS).logits, whole.forward(IDS).logits)
  const cache = new models.KvCache()
  lora.noGrad(() => grouped.forward(IDS, { pastKeyValues: cache }))
  const { layers } = cache as unknown as { layers: { keys: lora.Tensor; values: lora.Tensor }[] }
  t.is(layers.length, 2)
  for (const { keys, values } of layers) t.deepEqual([keys.shape[2], values.shape[2]], [2, 2])
})

test('LlamaForCausalLM: a cache gives the logits of the whole sequence, through growth and truncation', async (t) => {
  const model = tiny({ max_position_embeddings: 80 }).eval()
  const row = longRow(70)
  const whole = await numbers(model.forward([row]).logits)
  const cache = new models.KvCache()
  const step = (ids: number[]) => lora.noGrad(() => model.forward([ids], { pastKeyValues: cache }).logits)
  await close(t, step(row.slice(0, 30)), whole.slice(0, 30 * V))
  await close(t, step(row.slice(30, 65)), whole.slice(30 * V, 65 * V)) // grows the buffers
  step([1, 2, 3])
  cache.truncate(65)
  await close(t, step(row.slice(65, 66)), whole.slice(65 * V, 66 * V))
  cache.dispose()
  t.throws(() => model.train().forward([row], { useCache: true }), { message: /gradients/ })
})

test('LlamaForCausalLM: padding on the left with a mask leaves the tokens alone, whatever their positions begin with', async (t) => {
  const model = tiny().eval()
  const want = await numbers(model.forward([[1, 5, 2]]).logits)
  const attentionMask = [[0, 0, 1, 1, 1]]
  const padded = model.forward([[0, 0, 1, 5, 2]], { attentionMask, positionIds: [[0, 0, 0, 1, 2]] })
  await close(t, (await numbers(padded.logits)).slice(2 * V), want)
  // Rotary positions are relative: counted from the padding, they give the same.
  const shifted = model.forward([[0, 0, 1, 5, 2]], { attentionMask: idsTensor(attentionMask) })
  await close(t, (await numbers(shifted.logits)).slice(2 * V), want)
  const right = model.forward([[1, 5, 2, 0, 0]], { attentionMask: [[1, 1, 1, 0, 0]] })
  await close(t, (await numbers(right.logits)).slice(0, 3 * V), want)
})

test('LlamaForCausalLM: positions in a tensor, in rows and by default are the same; they may be far beyond the tables', async (t) => {
  const model = tiny().eval()
  const want = model.forward(IDS).logits
  const rows = [0, 1].map(() => [0, 1, 2, 3, 4])
  await close(t, model.forward(IDS, { positionIds: rows }).logits, want)
  await close(t, model.forward(IDS, { positionIds: idsTensor(rows) }).logits, want)
  const far = rows.map((row) => row.map((position) => 8 * position + 70_000))
  const spread = rows.map((row) => row.map((position) => 8 * position))
  // Of positions only their differences count; so far away the angles of f32 are a few thousandths off.
  const got = await numbers(model.forward(IDS, { positionIds: far }).logits)
  const near = await numbers(model.forward(IDS, { positionIds: spread }).logits)
  t.true(got.every((value, i) => Math.abs(value - near[i]!) < 0.02))
  t.false(got.every((value, i) => Math.abs(value - near[i]!) < 1e-9))
  t.throws(() => model.forward(IDS, { positionIds: rows.map((row) => row.map((p) => p - 1)) }), {
    message: /positionIds/,
  })
})

test('LlamaForCausalLM: generation with a cache chooses what a full forward chooses, for rows of different lengths', async (t) => {
  const model = tiny().eval()
  const prompts = [
    [1, 5, 2],
    [3, 3, 7, 0, 8, 2],
  ]
  const got = await model.generate(prompts, { maxNewTokens: 12, eosTokenId: null })
  for (const [b, prompt] of prompts.entries()) {
    const row = [...prompt]
    while (row.length < prompt.length + 12) {
      const scores = await numbers(lora.noGrad(() => model.forward([row], { logitsToKeep: 1 }).logits))
      row.push(scores.indexOf(Math.max(...scores)))
    }
    t.deepEqual(got[b], row)
  }
  const streamed: number[] = []
  for await (const { id } of model.stream(prompts[0]!, { maxNewTokens: 12, eosTokenId: null })) streamed.push(id)
  t.deepEqual([...prompts[0]!, ...streamed], got[0])
  await t.throwsAsync(() => model.generate([longRow(40)], { maxNewTokens: 9 }), { message: /longer than the model/ })
})

test('LlamaForCausalLM: hidden states are the embeddings, then each block, the last after the final norm', async (t) => {
  const model = tiny()
  const { hiddenStates, lastHiddenState } = model.forward(IDS, { outputHiddenStates: true })
  t.is(hiddenStates!.length, 3)
  await same(t, hiddenStates![0]!, model.model.embed_tokens.forward(idsTensor(IDS)))
  await same(t, hiddenStates![2]!, lastHiddenState)
})

for (const dtype of ['f32', 'bf16', 'f16'] as const) {
  test(`LlamaForCausalLM: LoRA on all linear layers trains, and only its factors get gradients (base ${dtype})`, async (t) => {
    const model = tiny({ tie_word_embeddings: true }, { dtype })
    const paths = lora.injectLora(model, { targets: LINEARS, r: 2, loraAlpha: 4 })
    t.is(paths.length, 14)
    lora.markOnlyLoraAsTrainable(model)
    const factors = [...model.namedParameters()].filter(([name]) => name.includes('lora_'))
    t.is(factors.length, 28)
    t.true(factors.every(([, tensor]) => tensor.dtype === 'f32'))
    t.is(model.model.embed_tokens.weight.dtype, dtype)
    const optimizer = new lora.optim.AdamW(
      model.parameters().filter((p) => p.requiresGrad),
      { lr: 0.02 },
    )
    const losses: number[] = []
    for (let step = 0; step < 4; step++) {
      const { loss } = model.forward(IDS, { labels: IDS })
      losses.push((await loss!.item()) as number)
      optimizer.zeroGrad()
      await loss!.backward()
      for (const [name, parameter] of model.namedParameters())
        t.is(parameter.grad !== null, name.includes('lora_'), name)
      await optimizer.step()
    }
    losses.slice(1).forEach((loss, i) => t.true(loss < losses[i]!, losses.join()))
    const unmerged = await numbers(model.forward(IDS).logits)
    await close(t, model.eval().forward(IDS).logits, unmerged, dtype === 'bf16' ? 'bf16' : 'f16')
  })
}

test('LlamaForCausalLM: checkpointed blocks give the same loss and gradients, given positions and padding included', async (t) => {
  const run = async (checkpointed: boolean) => {
    const model = tiny({ attention_dropout: 0.2 })
    lora.manualSeed(5)
    lora.injectLora(model, { targets: LINEARS, r: 2, loraDropout: 0.1 })
    for (const [name, parameter] of model.namedParameters()) {
      if (name.endsWith('lora_B')) lora.noGrad(() => parameter.copy_(grid(parameter.shape)))
    }
    lora.markOnlyLoraAsTrainable(model)
    if (checkpointed) model.gradientCheckpointingEnable()
    const attentionMask = idsTensor([
      [0, 1, 1, 1, 1],
      [1, 1, 1, 1, 1],
    ])
    const positionIds = idsTensor([
      [0, 0, 1, 2, 3],
      [0, 1, 2, 3, 4],
    ])
    const { loss } = model.forward(IDS, { labels: IDS, attentionMask, positionIds })
    const other = model.forward([longRow(300)], { labels: [longRow(300)] }) // needs longer tables
    await loss!.add(other.loss!).backward()
    const grads = model.parameters().filter((p) => p.requiresGrad)
    return [await loss!.item(), ...(await Promise.all(grads.map((p) => numbers(p.grad!)))).flat()] as number[]
  }
  const want = await run(false)
  t.true(want.filter((value) => value !== 0).length > 100)
  t.deepEqual(await run(true), want)
})

test('LlamaForCausalLM: the row of pad_token_id starts at 0 and gets no gradient through the table', async (t) => {
  const model = tiny({ pad_token_id: 2 })
  const weight = model.model.embed_tokens.weight
  t.true((await numbers(weight)).slice(24, 36).every((value) => value === 0))
  await model.forward(IDS, { labels: IDS }).loss!.backward()
  const grad = await numbers(weight.grad!)
  t.true(grad.slice(24, 36).every((value) => value === 0))
  t.true(grad.slice(12, 24).some((value) => value !== 0))
})

test('LlamaForCausalLM: savePretrained and fromPretrained give the same model (f32, bf16)', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'llama-'))
  const scaling = { rope_type: 'linear', factor: 2 }
  const model = tiny({
    tie_word_embeddings: true,
    attention_bias: true,
    rope_scaling: scaling,
    of_somebody_else: 7,
  }).eval()
  stir(model)
  await model.savePretrained(dir)
  const file = join(dir, 'model.safetensors')
  const tensors = { ...(await lora.load(file, { mapped: false })) }
  t.false('lm_head.weight' in tensors)
  const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))
  t.deepEqual(config.rope_scaling, scaling)
  t.is(config.of_somebody_else, 7)
  // As files of old releases: without the prefix, with the frequencies.
  const old = Object.entries(tensors).map(([name, tensor]) => [name.replace(/^model\./, ''), tensor] as const)
  await lora.save({ ...Object.fromEntries(old), 'layers.0.self_attn.rotary_emb.inv_freq': lora.ones([2]) }, file)
  const read = await models.LlamaForCausalLM.fromPretrained(dir)
  t.false(read.training)
  await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
  await model.savePretrained(dir, { dtype: 'bf16' })
  const half = await models.AutoModelForCausalLM.fromPretrained(dir)
  t.true(half instanceof models.LlamaForCausalLM)
  const dtypes = [...half.namedParameters()].map(([, tensor]) => `${tensor.ndim} ${tensor.dtype}`)
  t.deepEqual([...new Set(dtypes)].sort(), ['1 f32', '2 bf16'])
  await close(t, half.forward(IDS).logits, model.forward(IDS).logits, 'bf16')
  removeFolder(dir)
})

test('LlamaForCausalLM: a configuration that cannot be computed is an error that names the field', (t) => {
  const option = (extra: object, message: RegExp) =>
    t.throws(() => tiny(extra), { instanceOf: lora.OptionError, message })
  option({ num_key_value_heads: 4 }, /num_key_value_heads[\s\S]*divisor of num_attention_heads = 6/)
  option({ head_dim: 3 }, /head_dim[\s\S]*even/)
  option({ head_dim: null, hidden_size: 13 }, /num_attention_heads[\s\S]*divisor of hidden_size = 13/)
  option({ hidden_size: 0 }, /hidden_size/)
  option({ rms_norm_eps: -1 }, /rms_norm_eps/)
  option({ hidden_act: 'swiglu' }, /hidden_act/)
  option({ pad_token_id: 17 }, /pad_token_id[\s\S]*from 0 to 16/)
  option({ attention_bias: 'yes' }, /attention_bias/)
  option({ rope_theta: 0 }, /rope_theta/)
  option({ rope_scaling: { rope_type: 'linear' } }, /factor/)
  option({ rope_scaling: { rope_type: 'llama3', ...SCALED, high_freq_factor: 1 } }, /high_freq_factor/)
  option({ rope_scaling: { rope_type: 'llama3', factor: 8 } }, /low_freq_factor/)
  option({ rope_scaling: { rope_type: 'lama3', ...SCALED } }, /write 'llama3'/)
  const unsupported = (extra: object, message: RegExp) =>
    t.throws(() => tiny(extra), { instanceOf: lora.UnsupportedError, message })
  unsupported(
    { rope_scaling: { rope_type: 'proportional', factor: 4 } },
    /rope_type default, linear, dynamic, yarn, llama3, longrope[\s\S]*'proportional'/,
  )
  unsupported(
    { rope_parameters: { rope_type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
    /partial_rotary_factor 0.5/,
  )
  unsupported({ quantization_config: { quant_method: 'gptq' } }, /gptq/)
})
