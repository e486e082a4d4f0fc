// The kinds of rotary positions, each against its formula written out; how long a sequence is decides some of them.
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers } from '../support/close.js'
import { decoderLogits } from '../support/decoder-reference.js'
import { stir, weightsOf } from '../support/models.js'

const { models } = lora

const SIZES = {
  ...{ vocab_size: 17, hidden_size: 16, intermediate_size: 20, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ num_key_value_heads: 2, head_dim: 8, max_position_embeddings: 64, initializer_range: 0.4, rms_norm_eps: 1e-5 },
  ...{ bos_token_id: 1, eos_token_id: 16, pad_token_id: null, rope_theta: 1e4 },
}
const V = SIZES.vocab_size
const D = SIZES.head_dim

const longRow = (length: number) => Array.from({ length }, (_, i) => (i * 7 + (i >> 3)) % 16)
const powers = (theta: number) => Array.from({ length: D / 2 }, (_, i) => theta ** ((-2 * i) / D))

type Class = { fromConfig(config: object, options: object): lora.models.CausalLM }
const make = (Model: Class, extra: object, options: object = { dtype: 'f64' }) => {
  const model = Model.fromConfig({ ...SIZES, ...extra }, { generator: new lora.Generator(3), ...options })
  stir(model, 1)
  return model.eval()
}

/** The logits of the last position for each length, from a forward of the whole row by frequencies that the length decides. */
async function formula(model: lora.models.CausalLM, row: number[], frequencies: number[], rotaryScale = 1) {
  return decoderLogits(await weightsOf(model), SIZES, row, { frequencies, rotaryScale }).flat()
}

for (const [factor, length] of [
  [2, 64],
  [2, 65],
  [4, 90],
] as const) {
  test(`dynamic: the base grows with the length beyond max_position_embeddings (factor ${factor}, ${length} tokens)`, async (t) => {
    const model = make(models.LlamaForCausalLM, { rope_scaling: { rope_type: 'dynamic', factor } })
    const row = longRow(length)
    // Peng and Quesnelle 2023: theta · (factor · length / longest − (factor − 1))^(D / (D − 2)).
    const growth = length <= 64 ? 1 : ((factor * length) / 64 - (factor - 1)) ** (D / (D - 2))
    const want = await formula(model, row, powers(1e4 * growth))
    await close(t, model.forward([row]).logits, want, 'f32')
    // Whole, by labels of the first tokens alone, and by given positions.
    const labels = row.map((id, at) => (at < 20 ? id : -100))
    const whole = lora.noGrad(() => model.forward([row], { labels: [labels] }).loss!)
    await close(t, model.forward([row], { labels: [labels] }).loss!, await numbers(whole))
    await close(t, model.forward([row], { positionIds: [row.map((_, at) => at)] }).logits, want, 'f32')
  })
}

test('dynamic: a token turns by the length at which it was computed, as in transformers', async (t) => {
  const model = make(models.LlamaForCausalLM, {
    max_position_embeddings: 8,
    rope_scaling: { type: 'dynamic', factor: 2 },
  })
  const row = longRow(12)
  const cache = new models.KvCache()
  const step = (ids: number[]) => lora.noGrad(() => model.forward([ids], { pastKeyValues: cache }).logits)
  const first = await numbers(step(row.slice(0, 9)))
  await close(t, first, await numbers(lora.noGrad(() => model.forward([row.slice(0, 9)]).logits)))
  // Both by hand, with the keys as they were cached and the new token by the angles of 10 tokens, and anew, which differs.
  const continued = await numbers(step([row[9]!]))
  const anew = (await numbers(lora.noGrad(() => model.forward([row.slice(0, 10)]).logits))).slice(-V)
  t.true(continued.some((value, i) => Math.abs(value - anew[i]!) > 1e-4))
  cache.dispose()
  // Generation goes beyond max_position_embeddings, each token by the length that the longest row has then.
  const prompts = [longRow(6), [3, 9]]
  const generated = await model.generate(prompts, { maxNewTokens: 7, eosTokenId: null })
  for (const [b, prompt] of prompts.entries()) {
    const own = new models.KvCache()
    let ids = prompt
    const want = [...prompt]
    for (let at = 0; at < 7; at++) {
      const options = { pastKeyValues: own, sequenceLength: 6 + at, logitsToKeep: 1 }
      const logits = await numbers(lora.noGrad(() => model.forward([ids], options).logits))
      ids = [logits.indexOf(Math.max(...logits))]
      want.push(ids[0]!)
    }
    own.dispose()
    t.deepEqual(generated[b], want)
  }
})

/** YaRN (Peng et al. 2023) as its paper has it: a ramp over the features between two numbers of turns within the original length. */
function yarn(theta: number, original: number, factor: number, fast = 32, slow = 1, whole = true): number[] {
  const place = (turns: number) => (D * Math.log(original / (2 * Math.PI * turns))) / (2 * Math.log(theta))
  const [from, to] = whole ? [Math.floor(place(fast)), Math.ceil(place(slow))] : [place(fast), place(slow)]
  const [low, high] = [Math.max(from, 0), Math.min(to, D - 1)]
  return powers(theta).map((angle, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high === low ? 0.001 : high - low)))
    return (1 - ramp) * angle + (ramp * angle) / factor
  })
}

const YARN = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 48 }
const YARNS: [string, object, number[], number][] = [
  ['as in the paper', YARN, yarn(1e4, 48, 4), 1 + 0.1 * Math.log(4)],
  [
    'with bounds of its own',
    { ...YARN, beta_fast: 4, beta_slow: 0.5 },
    yarn(1e4, 48, 4, 4, 0.5),
    1 + 0.1 * Math.log(4),
  ],
  [
    'with bounds between features',
    { ...YARN, beta_fast: 4, truncate: false },
    yarn(1e4, 48, 4, 4, 1, false),
    1 + 0.1 * Math.log(4),
  ],
  ['with a factor of cosines', { ...YARN, attention_factor: 1.5 }, yarn(1e4, 48, 4), 1.5],
  [
    'with two scales',
    { ...YARN, mscale: 2, mscale_all_dim: 0.5 },
    yarn(1e4, 48, 4),
    (1 + 0.2 * Math.log(4)) / (1 + 0.05 * Math.log(4)),
  ],
  ['with the factor of the lengths', { ...YARN, factor: null }, yarn(1e4, 48, 64 / 48), 1 + 0.1 * Math.log(64 / 48)],
  ['without an original length', { rope_type: 'yarn', factor: 4 }, yarn(1e4, 64, 4), 1 + 0.1 * Math.log(4)],
]
for (const [subject, rope_scaling, frequencies, scale] of YARNS) {
  test(`yarn ${subject}: the logits are those of the formula`, async (t) => {
    const model = make(models.Qwen2ForCausalLM, { rope_scaling })
    const row = longRow(30)
    await close(t, model.forward([row]).logits, await formula(model, row, frequencies, scale))
  })
}

test('yarn, llama3, longrope: the original length of the configuration itself comes before that of the scaling', async (t) => {
  const row = longRow(30)
  const contradictory = { ...YARN, original_max_position_embeddings: 20 }
  const model = make(models.LlamaForCausalLM, { rope_scaling: contradictory, original_max_position_embeddings: 48 })
  await close(t, model.forward([row]).logits, await formula(model, row, yarn(1e4, 48, 4), 1 + 0.1 * Math.log(4)))
  const llama3 = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 }
  const logits = async (extra: object) => numbers(make(models.LlamaForCausalLM, extra).forward([row]).logits)
  const [given, both, other] = [
    await logits({ rope_scaling: { ...llama3, original_max_position_embeddings: 40 } }),
    await logits({
      rope_scaling: { ...llama3, original_max_position_embeddings: 7 },
      original_max_position_embeddings: 40,
    }),
    await logits({ rope_scaling: { ...llama3, original_max_position_embeddings: 7 } }),
  ]
  t.deepEqual(both, given)
  t.notDeepEqual(other, given)
  const long = { rope_type: 'longrope', short_factor: [1, 1, 1, 1], long_factor: [2, 3, 4, 5] }
  const [own, inner] = [
    await logits({
      rope_scaling: { ...long, original_max_position_embeddings: 10 },
      original_max_position_embeddings: 40,
    }),
    await logits({ rope_scaling: { ...long, original_max_position_embeddings: 40 } }),
  ]
  t.deepEqual(own, inner)
})

test('rotary positions: values that cannot be are errors', (t) => {
  const option = (rope_scaling: object, message: RegExp) =>
    t.throws(() => make(models.LlamaForCausalLM, { rope_scaling }), { instanceOf: lora.OptionError, message })
  option({ rope_type: 'dynamic' }, /factor/)
  option({ rope_type: 'yarn' }, /factor/)
  option({ ...YARN, factor: 0 }, /factor/)
  option({ ...YARN, beta_fast: -1 }, /beta_fast/)
  option({ ...YARN, attention_factor: 0 }, /attention_factor/)
  option({ ...YARN, original_max_position_embeddings: 0 }, /original_max_position_embeddings/)
  t.throws(() => make(models.LlamaForCausalLM, { head_dim: 2, rope_scaling: { rope_type: 'dynamic', factor: 2 } }), {
    instanceOf: lora.OptionError,
    message: /D − 2/,
  })
})

const LONG = {
  original_max_position_embeddings: 12,
  rope_scaling: { type: 'longrope', short_factor: [1.5, 2, 1, 3], long_factor: [3, 10, 2, 5] },
}
const phi3 = (extra: object = {}) => make(models.Phi3ForCausalLM, { ...LONG, ...extra })

test('longrope: the whole input chooses the factors, whichever tokens are computed', async (t) => {
  const model = phi3()
  const row = longRow(30)
  // Only the first tokens have labels, and the rest is left out where gradients are recorded.
  const labels = row.map((id, at) => (at < 8 ? id : -100))
  const { logits } = lora.noGrad(() => model.forward([row]))
  const want = lora.nn.functional.crossEntropy(
    logits.reshape([30, V]).narrow(0, 0, 7),
    lora.tensor(row.slice(1, 8), { dtype: 'i64' }),
  )
  for (const positionIds of [undefined, [row.map((_, at) => at)]])
    await close(
      t,
      model.forward([row], { labels: [labels], positionIds: positionIds ?? null }).loss!,
      await numbers(want),
      'f32',
    )
  // Padding counts, too, as it does in transformers.
  const short = longRow(9)
  const mask = [Array.from({ length: 30 }, (_, at) => (at < 9 ? 1 : 0))]
  const padded = [[...short, ...Array<number>(21).fill(0)]]
  const unknown = lora.tensor(mask, { dtype: 'i64' }).clone()
  const all = await numbers(lora.noGrad(() => model.forward(padded, { attentionMask: unknown }).logits))
  const packed = await numbers(lora.noGrad(() => model.forward(padded, { attentionMask: mask }).logits))
  await close(t, packed.slice(0, 9 * V), all.slice(0, 9 * V))
})

/** The best token at each step, with all rows computed anew. */
async function slowly(model: lora.models.CausalLM, prompts: number[][], count: number): Promise<number[][]> {
  const rows = prompts.map((row) => [...row])
  const widest = Math.max(...prompts.map((row) => row.length))
  for (let step = 0; step < count; step++) {
    for (const [b, row] of rows.entries()) {
      const sequenceLength = widest + step
      const logits = await numbers(lora.noGrad(() => model.forward([row], { sequenceLength, logitsToKeep: 1 }).logits))
      rows[b] = [...row, logits.indexOf(Math.max(...logits))]
    }
  }
  return rows
}

test('longrope: generation that crosses the original length computes the sequence anew', async (t) => {
  const model = phi3()
  for (const prompts of [[longRow(9)], [longRow(10), [5, 3], [1, 2, 9, 9]], [longRow(14), [3]]]) {
    const got = await model.generate(prompts, { maxNewTokens: 8, eosTokenId: null })
    t.deepEqual(got, await slowly(model, prompts, 8))
  }
  // A row that ends early counts for the length all the same, and rows without it go on.
  const [first] = await slowly(model, [longRow(10)], 8)
  const stop = first![11]!
  const prompts = [longRow(10), [5, 3], [1, 2, 9, 9]]
  const ended = await model.generate(prompts, { maxNewTokens: 8, eosTokenId: stop })
  const whole = await slowly(model, prompts, 8)
  for (const [b, row] of whole.entries()) {
    const end = row.indexOf(stop, prompts[b]!.length)
    t.deepEqual(ended[b], end < 0 ? row : row.slice(0, end + 1))
  }
  // Samples and streams cross, too.
  const drawn = await model.generate([longRow(10)], {
    maxNewTokens: 6,
    eosTokenId: null,
    doSample: true,
    topK: 1,
    seed: 1,
  })
  t.deepEqual(drawn, await slowly(model, [longRow(10)], 6))
  const streamed: number[] = []
  for await (const { id } of model.stream([longRow(10)], { maxNewTokens: 6, eosTokenId: null })) streamed.push(id)
  t.deepEqual([[...longRow(10), ...streamed]], drawn)
})

for (const window of [null, 6]) {
  test(`longrope: beams that cross the original length have the scores of a forward of each (window ${window})`, async (t) => {
    const model = phi3({ sliding_window: window })
    const prompts = [longRow(9), [5, 3, 8]]
    const options = {
      maxNewTokens: 7,
      eosTokenId: null,
      numBeams: 4,
      numReturnSequences: 4,
      returnDictInGenerate: true as const,
    }
    const { sequences, sequencesScores } = await model.generate(prompts, options)
    for (const [n, row] of sequences.entries()) {
      const from = prompts[Math.floor(n / 4)]!.length
      let sum = 0
      for (let at = from; at < row.length; at++) {
        const sequenceLength = 9 + at - from
        const { logits } = lora.noGrad(() => model.forward([row.slice(0, at)], { sequenceLength, logitsToKeep: 1 }))
        const scores = await numbers(logits.reshape([-1]).logSoftmax(0))
        sum += scores[row[at]!]!
      }
      t.true(Math.abs(sum / 7 - sequencesScores![n]!) < 1e-4, `${sum / 7} for ${sequencesScores![n]}`)
    }
  })
}

test('longrope: other families go on from the cache in generation, as in transformers; a hand-made loop is told', async (t) => {
  const model = make(models.LlamaForCausalLM, LONG)
  const [row] = await model.generate([longRow(10)], { maxNewTokens: 6, eosTokenId: null })
  const cache = new models.KvCache()
  let ids = longRow(10)
  const want = [...ids]
  for (let step = 0; step < 6; step++) {
    const options = { pastKeyValues: cache, sequenceLength: 10 + step, logitsToKeep: 1 }
    const logits = await numbers(lora.noGrad(() => model.forward([ids], options).logits))
    want.push(logits.indexOf(Math.max(...logits)))
    ids = [want.at(-1)!]
  }
  t.deepEqual(row, want)
  const other = new models.KvCache()
  lora.noGrad(() => model.forward([longRow(12)], { pastKeyValues: other }))
  t.throws(() => lora.noGrad(() => model.forward([[1]], { pastKeyValues: other })), {
    instanceOf: lora.OptionError,
    message: /feed the whole sequence with a new cache/,
  })
  for (const each of [cache, other]) each.dispose()
})

test('Gemma 3: the cap of the attention scores is read and has no effect, as in transformers', async (t) => {
  const extra = { sliding_window: 5, query_pre_attn_scalar: 9, rope_theta: undefined }
  const logits = async (cap: number | null) =>
    numbers(make(models.Gemma3ForCausalLM, { ...extra, attn_logit_softcapping: cap }).forward([longRow(9)]).logits)
  t.deepEqual(await logits(0.1), await logits(null))
})

test.serial(
  'partial_rotary_factor: plain positions of families other than Phi-3 pass it over, as in transformers, with a warning',
  async (t) => {
    const warnings: string[] = []
    const listen = (warning: Error & { code?: string }) => warnings.push(`${warning.code} ${warning.message}`)
    process.on('warning', listen)
    const row = longRow(20)
    const logits = async (Model: Class, extra: object) => numbers(make(Model, extra).forward([row]).logits)
    for (const Model of [models.LlamaForCausalLM, models.GraniteForCausalLM]) {
      const want = await logits(Model, {})
      t.deepEqual(await logits(Model, { partial_rotary_factor: 0.5 }), want)
      t.deepEqual(await logits(Model, { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } }), want)
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)
    const own = warnings.filter((text) => text.startsWith('LORA_IGNORED_FIELD'))
    t.is(own.length, 2)
    for (const name of ['LlamaConfig', 'GraniteConfig'])
      t.is(own.filter((text) => text.includes(`${name}: partial_rotary_factor 0.5 has no effect`)).length, 1)
    // Phi-3 reads it; that of the rotary parameters comes first.
    const phi = async (extra: object) => logits(models.Phi3ForCausalLM, extra)
    const rope = (partial_rotary_factor?: number) => ({ rope_parameters: { rope_theta: 1e4, partial_rotary_factor } })
    const half = await phi({ partial_rotary_factor: 0.5 })
    t.notDeepEqual(half, await phi({}))
    t.deepEqual(await phi({ partial_rotary_factor: 1, ...rope(0.5) }), half)
    t.deepEqual(await phi({ partial_rotary_factor: 0.5, ...rope() }), half)
  },
)

test('Phi-3: what files of the first releases call yarn is longrope', async (t) => {
  const row = longRow(20)
  const named = (type: string) => numbers(phi3({ rope_scaling: { ...LONG.rope_scaling, type } }).forward([row]).logits)
  t.deepEqual(await named('yarn'), await named('longrope'))
})

test('llama3: the frequencies are those of transformers to the last bit', (t) => {
  const rope = { rope_type: 'llama3', rope_theta: 100, factor: 8, low_freq_factor: 1, high_freq_factor: 4 }
  const model = lora.models.MistralModel.fromConfig({
    ...{ vocab_size: 8, hidden_size: 12, intermediate_size: 8, num_hidden_layers: 1, num_attention_heads: 1 },
    ...{ num_key_value_heads: 1, head_dim: 6, max_position_embeddings: 64 },
    rope_parameters: { ...rope, original_max_position_embeddings: 16 },
  })
  const [rotary] = (model as unknown as { rotary: { turning: { frequencies: Float32Array } }[] }).rotary
  // _compute_llama3_parameters of transformers 5.24.
  t.deepEqual([...rotary!.turning.frequencies], [0.5760563611984253, 0.0269304309040308, 0.005801985505968332])
})
