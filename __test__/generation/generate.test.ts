import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'

const CONFIG = { vocab_size: 31, n_positions: 64, n_embd: 16, n_layer: 2, n_head: 2, eos_token_id: null }
const DROPOUTS = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }
// A wide init, so that the scores differ enough for a greedy choice to be stable.
const tiny = (extra: object = {}) =>
  lora.models.GPT2LMHeadModel.fromConfig(
    { ...CONFIG, ...DROPOUTS, initializer_range: 0.4, ...extra },
    { generator: new lora.Generator(8) },
  ).eval()

/** The best token at each step, with the whole sequence computed anew. */
async function slowly(model: ReturnType<typeof tiny>, prompt: number[], count: number): Promise<number[]> {
  const row = [...prompt]
  for (let i = 0; i < count; i++) {
    const logits = await numbers(lora.noGrad(() => model.forward([row]).logits))
    const last = logits.slice(-31)
    row.push(last.indexOf(Math.max(...last)))
  }
  return row
}

test('generate: greedy with a cache chooses what a full forward chooses', async (t) => {
  const model = tiny()
  t.deepEqual(await model.generate([3, 1, 4], { maxNewTokens: 12 }), [await slowly(model, [3, 1, 4], 12)])
})

test('generate: where processors choose other tokens than the scores, forwards of the best ones are in vain, rare, and change nothing', async (t) => {
  const model = tiny()
  const [prompts, steps] = [[[3, 1, 4, 1, 5], [9]], 24]
  let forwards = 0
  const counted = new Proxy(model, {
    get: (target, key) => {
      const value = Reflect.get(target, key) as unknown
      if (key === 'forward') forwards++
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const options = { maxNewTokens: steps, repetitionPenalty: 4, noRepeatNgramSize: 2 }
  // A draw from one token is the best one, and draws expect nothing.
  const drawn = await model.generate(prompts, { ...options, doSample: true, topK: 1, seed: 1 })
  t.deepEqual(await lora.generation.generate(counted, prompts, options), drawn)
  t.true(forwards > steps && forwards <= steps + 2, `${forwards} forwards`)
  forwards = 0
  await lora.generation.generate(counted, prompts, { maxNewTokens: steps })
  t.is(forwards, steps)
})

test('generate: rows of different lengths come out as each alone', async (t) => {
  const model = tiny()
  const prompts = [[3, 1, 4, 1, 5], [9], [2, 6]]
  const alone = await Promise.all(prompts.map(async (row) => (await model.generate(row, { maxNewTokens: 8 }))[0]))
  t.deepEqual(await model.generate(prompts, { maxNewTokens: 8 }), alone as number[][])
})

test('generate: rows stop at a stop token, a stop sequence, a callback; minNewTokens holds it back', async (t) => {
  const model = tiny()
  const [row] = (await model.generate([3, 1, 4], { maxNewTokens: 10 })) as [number[]]
  const eos = row[5]!
  const first = row.indexOf(eos, 3)
  t.deepEqual(await model.generate([3, 1, 4], { maxNewTokens: 10, eosTokenId: [eos] }), [row.slice(0, first + 1)])
  const pair = row.slice(4, 6)
  const end = row.findIndex((id, i) => i >= 4 && row[i - 1] === pair[0] && id === pair[1])
  t.deepEqual(await model.generate([3, 1, 4], { maxNewTokens: 10, stopSequences: [pair] }), [row.slice(0, end + 1)])
  t.deepEqual(await model.generate([3, 1, 4], { maxNewTokens: 10, stop: (ids) => ids.length === 7 }), [row.slice(0, 7)])
  const [held] = await model.generate([3, 1, 4], { maxNewTokens: 10, eosTokenId: eos, minNewTokens: 6 })
  t.true(held!.length >= 9 && !held!.slice(3, 9).includes(eos))
})

test('generate: sampling depends on the seed only, and topK 1 is greedy', async (t) => {
  const model = tiny()
  const options = { maxNewTokens: 16, doSample: true, temperature: 1.5, topP: 0.95 }
  const first = await model.generate([1, 2], { ...options, seed: 4 })
  lora.rand([5])
  t.deepEqual(await model.generate([1, 2], { ...options, seed: 4 }), first)
  t.notDeepEqual(await model.generate([1, 2], { ...options, seed: 5 }), first)
  const greedy = await model.generate([1, 2], { maxNewTokens: 16 })
  t.deepEqual(await model.generate([1, 2], { ...options, topK: 1, seed: 5 }), greedy)
})

test('stream and onToken: tokens one by one, with the reason at the end', async (t) => {
  const model = tiny()
  const [row] = await model.generate([7], { maxNewTokens: 4 })
  const seen: lora.generation.GeneratedToken[] = []
  for await (const token of model.stream([7], { maxNewTokens: 4 })) seen.push(token)
  t.deepEqual(
    seen.map(({ id }) => id),
    row!.slice(1),
  )
  t.deepEqual(
    seen.map(({ finish }) => finish),
    [null, null, null, 'length'],
  )
  const called: number[] = []
  await model.generate([7], { maxNewTokens: 4, onToken: ({ id }) => void called.push(id) })
  t.deepEqual(called, row!.slice(1))
})

test('generate: an abort rejects with the reason and frees the cache', async (t) => {
  const model = tiny()
  await lora.settle()
  const before = lora.memory()
  const abort = new AbortController()
  const run = model.generate([7], {
    maxNewTokens: 50,
    signal: abort.signal,
    onToken: () => abort.abort(new Error('enough')),
  })
  const error = await t.throwsAsync(run, { instanceOf: lora.AbortedError, message: /enough/ })
  t.is((error!.cause as Error).message, 'enough')
  await lora.settle()
  t.true(lora.memory().total.tensors <= before.total.tensors)
})

test('generate: bad options, long prompts and active dropout are errors', async (t) => {
  const model = tiny()
  const refused = async (options: object, message: RegExp, prompt: number[] = [1]) => {
    await t.throwsAsync(() => model.generate(prompt, options), { instanceOf: lora.OptionError, message })
  }
  await refused({ max_new_tokens: 5 }, /write maxNewTokens/)
  await refused({ temperature: 0, doSample: true }, /temperature/)
  await refused({ topP: 2 }, /topP/)
  await refused({ maxNewTokens: 64 }, /63 or less/)
  const long = Array.from({ length: 70 }, () => 1)
  await refused({ maxNewTokens: 5 }, /at most 63 tokens/, long)
  await refused({ maxNewTokens: 5 }, /at most 63 tokens/, long.slice(0, 64))
  await refused({}, /at least one token/, [])
  await refused({ seed: 1, generator: new lora.Generator(1) }, /seed/)
  const noisy = tiny({ resid_pdrop: 0.1 }).train()
  await t.throwsAsync(() => noisy.generate([1]), { message: /model\.eval\(\)/ })
})

test('generate: rows that are done leave the batch, and the others do not notice', async (t) => {
  const model = tiny()
  const prompts = [[3, 1, 4, 1, 5], [9], [2, 6], [5, 3], [8]]
  const options = { maxNewTokens: 20, eosTokenId: [7, 12, 20] }
  const alone = await Promise.all(prompts.map(async (row) => (await model.generate(row, options))[0]!))
  t.true(
    new Set(alone.map((row, i) => row.length - prompts[i]!.length)).size > 2,
    'all end together: the test shows nothing',
  )
  t.deepEqual(await model.generate(prompts, options), alone)
  const sampled = { ...options, doSample: true, topP: 0.9, seed: 3 }
  const [first] = await model.generate(prompts, sampled)
  t.deepEqual((await model.generate(prompts, { ...sampled, eosTokenId: null }))[0]!.slice(0, first!.length), first)
})

test('generate: several draws of a prompt, each as if the prompt had been given that often', async (t) => {
  const model = tiny()
  const options = { maxNewTokens: 9, doSample: true, temperature: 1.3, seed: 6 }
  const rows = await model.generate([[3, 1], [4, 1, 5]], { ...options, numReturnSequences: 3 }) // prettier-ignore
  t.deepEqual(rows, await model.generate([[3, 1], [3, 1], [3, 1], [4, 1, 5], [4, 1, 5], [4, 1, 5]], options)) // prettier-ignore
  t.true(new Set(rows.map(String)).size > 2)
})

test('generate: topK draws from the best scores what it draws from all of them, ties included', async (t) => {
  const wide = (init: number) =>
    lora.models.GPT2LMHeadModel.fromConfig(
      { ...CONFIG, ...DROPOUTS, vocab_size: 331, initializer_range: init },
      { generator: new lora.Generator(8) },
    ).eval()
  const nothing = () => {} // says not what it touches, so that all scores cross
  for (const model of [wide(0.4), wide(0)]) {
    const options = {
      maxNewTokens: 24,
      doSample: true,
      temperature: 1.7,
      topK: 9,
      topP: 0.95,
      seed: 2,
      repetitionPenalty: 1.2,
    }
    const row = await model.generate([1, 2], options)
    t.deepEqual(await model.generate([1, 2], { ...options, logitsProcessor: nothing }), row)
  }
})

test("generate: minLength counts the prompt, and a processor of one's own sees every step", async (t) => {
  const model = tiny()
  const [free] = await model.generate([3, 1, 4], { maxNewTokens: 10 })
  const eosTokenId = free![4]!
  const [held] = await model.generate([3, 1, 4], { maxNewTokens: 10, eosTokenId, minLength: 9 })
  t.true(held!.length >= 10 && !held!.slice(3, 9).includes(eosTokenId))
  // As in transformers, minNewTokens takes the place of minLength, also where it asks for less.
  for (const minNewTokens of [0, 1]) {
    const [alone] = await model.generate([3, 1, 4], { maxNewTokens: 10, eosTokenId, minNewTokens })
    const [row] = await model.generate([3, 1, 4], { maxNewTokens: 10, eosTokenId, minLength: 9, minNewTokens })
    t.deepEqual(row, alone)
    t.true(row!.length < 9)
  }
  const lengths: number[] = []
  const odd: lora.generation.LogitsProcessor = (scores, ids) => {
    lengths.push(ids.length)
    for (let id = 0; id < scores.length; id += 2) scores[id] = -Infinity
  }
  const [row] = await model.generate([3, 1, 4], { maxNewTokens: 5, logitsProcessor: odd })
  t.true(row!.slice(3).every((id) => id % 2 === 1))
  t.deepEqual(lengths, [3, 4, 5, 6, 7])
})

test('generate: topP draws from the best scores what it draws from all of them, where these are flat, too', async (t) => {
  const wide = (init: number) =>
    lora.models.GPT2LMHeadModel.fromConfig(
      { ...CONFIG, ...DROPOUTS, vocab_size: 8300, initializer_range: init },
      { generator: new lora.Generator(8) },
    ).eval()
  const nothing = () => {} // says not what it touches, so that all scores cross
  const prompts = [[1, 2, 1, 2, 1], [9, 3], [7]]
  const filters = [{}, { noRepeatNgramSize: 2 }, { repetitionPenalty: 3, suppressTokens: [5, 6] }]
  for (const model of [wide(1), wide(0.1), wide(0)]) {
    for (const filter of filters) {
      const options = { maxNewTokens: 12, doSample: true, temperature: 1.3, topP: 0.8, minP: 0.01, seed: 5, ...filter }
      const rows = await model.generate(prompts, options)
      t.deepEqual(await model.generate(prompts, { ...options, logitsProcessor: nothing }), rows)
    }
  }
})
