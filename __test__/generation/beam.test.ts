// Beam search against slow and obvious twins: all sequences one by one, and a search without a cache.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'

const { processors } = lora.generation

type Model = lora.models.GPT2LMHeadModel
type Options = lora.generation.GenerateOptions

// A wide init, so that scores differ enough for choices to be stable.
const tiny = (vocabulary: number, seed = 8, extra: object = {}): Model =>
  lora.models.GPT2LMHeadModel.fromConfig(
    {
      ...{ vocab_size: vocabulary, n_positions: 64, n_embd: 16, n_layer: 2, n_head: 2, eos_token_id: null },
      ...{ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0, initializer_range: 0.4, ...extra },
    },
    { generator: new lora.Generator(seed) },
  ).eval()

const search = (model: Model, prompt: lora.generation.Prompt, options: Options) =>
  model.generate(prompt, { ...options, returnDictInGenerate: true as const })

/** log p of every token after each position of each row, computed whole: rows of one length → [row][position][token]. */
async function logProbabilities(model: Model, rows: readonly (readonly number[])[]): Promise<number[][][]> {
  const logits = lora.noGrad(() => model.forward(rows).logits)
  const [B, T, V] = logits.shape as [number, number, number]
  const flat = await numbers(lora.nn.functional.logSoftmax(logits, -1))
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: T }, (_, t) => flat.slice((b * T + t) * V, (b * T + t + 1) * V)),
  )
}

interface Found {
  ids: number[]
  score: number
}

const best = <T extends { score: number }>(items: T[]) => [...items].sort((a, b) => b.score - a.score)

/** Every sequence of up to `count` new tokens, ended by the stop token or by its length, with its score. */
async function everySequence(model: Model, prompt: number[], count: number, eos: number, lengthPenalty: number) {
  const V = model.config.vocab_size
  const all = Array.from({ length: V ** count }, (_, n) =>
    Array.from({ length: count }, (_, i) => Math.floor(n / V ** i) % V),
  )
  const tables = await logProbabilities(model, all.map((fresh) => [...prompt, ...fresh])) // prettier-ignore
  const found = new Map<string, Found>()
  all.forEach((whole, n) => {
    const end = whole.indexOf(eos)
    const fresh = end < 0 ? whole : whole.slice(0, end + 1)
    const sum = fresh.reduce((total, id, i) => total + tables[n]![prompt.length - 1 + i]![id]!, 0)
    found.set(String(fresh), { ids: [...prompt, ...fresh], score: sum / fresh.length ** lengthPenalty })
  })
  return best([...found.values()])
}

for (const lengthPenalty of [0, 1, -1.5, 3]) {
  test(`beam search: as wide as there are sequences, it finds the best of all (lengthPenalty ${lengthPenalty})`, async (t) => {
    const model = tiny(5)
    const options = { maxNewTokens: 4, eosTokenId: 2, numBeams: 125, lengthPenalty, numReturnSequences: 3 }
    const { sequences, sequencesScores } = await search(model, [1, 4], options)
    const wanted = (await everySequence(model, [1, 4], 4, 2, lengthPenalty)).slice(0, 3)
    t.deepEqual(
      sequences,
      wanted.map(({ ids }) => ids),
    )
    wanted.forEach(({ score }, i) => t.true(Math.abs(score - sequencesScores![i]!) < 1e-4))
  })
}

/** Beam search in its plainest form: every beam computed whole at every step, lists sorted, nothing shared. */
async function slowly(model: Model, prompt: number[], options: Options): Promise<Found[]> {
  const { numBeams = 1, lengthPenalty = 1, earlyStopping = false, maxNewTokens = 20 } = options
  const stops = [options.eosTokenId ?? []].flat()
  const chain = [options.logitsProcessor ?? []].flat()
  let running: Found[] = [{ ids: prompt, score: 0 }]
  let finished: Found[] = []
  for (let n = 1; n <= maxNewTokens; n++) {
    const candidates: Found[] = []
    const tables = await logProbabilities(model, running.map(({ ids }) => ids)) // prettier-ignore
    running.forEach(({ ids, score }, beam) => {
      const scores = Float32Array.from(tables[beam]!.at(-1)!)
      for (const process of chain) process(scores, ids)
      scores.forEach((p, id) => candidates.push({ ids: [...ids, id], score: score + p }))
    })
    const top = best(candidates).slice(0, Math.max(2, 1 + stops.length) * numBeams)
    const hasEnded = ({ ids }: Found) => n === maxNewTokens || stops.includes(ids.at(-1)!)
    const ended = top.slice(0, numBeams).filter(hasEnded)
    finished = best([...finished, ...ended.map(({ ids, score }) => ({ ids, score: score / n ** lengthPenalty }))])
    finished = finished.slice(0, numBeams)
    running = top.filter((beam) => !hasEnded(beam)).slice(0, numBeams)
    if (finished.length < numBeams) continue
    if (earlyStopping === true || running.length === 0) break
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : n
    if (running[0]!.score / length ** lengthPenalty <= finished.at(-1)!.score) break
  }
  return finished
}

for (const earlyStopping of [true, false, 'never'] as const) {
  for (const lengthPenalty of [0.6, 2]) {
    test(`beam search: what a search without cache finds (earlyStopping ${earlyStopping}, lengthPenalty ${lengthPenalty})`, async (t) => {
      for (const seed of [1, 2, 3, 4]) {
        const model = tiny(23, seed)
        const options = { maxNewTokens: 14, eosTokenId: [3, 17], numBeams: 4, lengthPenalty, earlyStopping }
        const wanted = await slowly(model, [5, 9, 2], options)
        const { sequences, sequencesScores } = await search(model, [5, 9, 2], { ...options, numReturnSequences: 4 })
        t.deepEqual(
          sequences,
          wanted.map(({ ids }) => ids),
        )
        wanted.forEach(({ score }, i) => t.true(Math.abs(score - sequencesScores![i]!) < 1e-4))
      }
    })
  }
}

test('beam search: the three ways to stop differ, and patience finds at least as good a sequence', async (t) => {
  let differs = false
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const model = tiny(23, seed)
    const options = { maxNewTokens: 20, eosTokenId: [3, 17, 20], numBeams: 2, lengthPenalty: 1.5 }
    const eager = await search(model, [5, 9], { ...options, earlyStopping: true })
    const patient = await search(model, [5, 9], { ...options, earlyStopping: 'never' })
    t.true(patient.sequencesScores![0]! >= eager.sequencesScores![0]!)
    differs ||= String(patient.sequences) !== String(eager.sequences)
  }
  t.true(differs)
})

test('beam search: one beam is greedy decoding', async (t) => {
  const model = tiny(31)
  const greedy = await model.generate([3, 1, 4], { maxNewTokens: 12 })
  const options = { maxNewTokens: 12, numBeams: 1, lengthPenalty: 2, earlyStopping: true }
  t.deepEqual(await model.generate([3, 1, 4], options), greedy)
  t.deepEqual(await search(model, [3, 1, 4], options), { sequences: greedy, sequencesScores: null })
})

test('beam search: prompts of different lengths give the same as each alone, whichever ends first', async (t) => {
  const model = tiny(31, 1)
  const prompts = [[3, 1, 4, 1, 5, 9, 2], [9], [2, 6, 5], [8, 8]]
  const options = { maxNewTokens: 24, numBeams: 3, eosTokenId: [12], lengthPenalty: 0.8, numReturnSequences: 2 }
  const alone = await Promise.all(prompts.map((prompt) => search(model, prompt, options)))
  const lengths = new Set(alone.map(({ sequences }, i) => sequences[0]!.length - prompts[i]!.length))
  t.true(lengths.size > 1, 'all end together: the test shows nothing')
  const { sequences, sequencesScores } = await search(model, prompts, options)
  t.deepEqual(
    sequences,
    alone.flatMap((one) => one.sequences),
  )
  alone
    .flatMap((one) => one.sequencesScores!)
    .forEach((score, i) => t.true(Math.abs(score - sequencesScores![i]!) < 1e-5))
  // The same as one padded batch with a mask; the padding comes back with the prompt.
  const width = 7
  const attentionMask = prompts.map((row) => [...Array<number>(width - row.length).fill(0), ...row.map(() => 1)])
  const padded = prompts.map((row) => [...Array<number>(width - row.length).fill(0), ...row])
  const rows = await model.generate(padded, { ...options, attentionMask, padTokenId: 30 })
  t.is(new Set(rows.map((row) => row.length)).size, 1)
  rows.forEach((row, i) => {
    const start = width - prompts[Math.floor(i / 2)]!.length
    t.deepEqual(row.slice(start, start + sequences[i]!.length), sequences[i])
    t.true(row.slice(start + sequences[i]!.length).every((id) => id === 30))
  })
})

test('beam search: filters that name their tokens give what the same filters give on all scores', async (t) => {
  const model = tiny(211, 3)
  const prompt = [5, 9, 2, 9, 2, 7]
  const common = { maxNewTokens: 20, numBeams: 4, numReturnSequences: 4, eosTokenId: 6 }
  const named = {
    ...{ repetitionPenalty: 1.4, noRepeatNgramSize: 2, badWordsIds: [[100], [2, 7], [6]], suppressTokens: [1, 2] },
    ...{ minNewTokens: 9, sequenceBias: [[[50], 2] as const, [[9, 60], -3] as const], beginSuppressTokens: [150] },
  }
  const chain = [
    processors.sequenceBias(named.sequenceBias),
    processors.repetitionPenalty(1.4),
    processors.noRepeatNgram(2),
    processors.badWords([[100], [2, 7]]), // a stop token is no bad word
    processors.minNewTokens(prompt.length, 9, [6]),
    processors.suppressTokens([1, 2]),
    processors.beginSuppressTokens(prompt.length, [150]),
  ]
  const whole = chain.map((process) => (scores: Float32Array, ids: readonly number[]) => process(scores, ids))
  const a = await search(model, prompt, { ...common, ...named })
  const b = await search(model, prompt, { ...common, logitsProcessor: whole })
  t.deepEqual(a.sequences, b.sequences)
  a.sequencesScores!.forEach((score, i) => t.true(Math.abs(score - b.sequencesScores![i]!) < 1e-4))
  const slow = await slowly(model, prompt, { ...common, logitsProcessor: whole })
  t.deepEqual(
    a.sequences,
    slow.map(({ ids }) => ids),
  )
  t.true(a.sequences.every((ids) => ids.indexOf(6) === -1 || ids.indexOf(6) >= prompt.length + 9))
})

test('beam search: stop sequences and a stop callback end a sequence', async (t) => {
  const model = tiny(31, 5)
  const options = { maxNewTokens: 12, numBeams: 3 }
  const [free] = await model.generate([3, 1], options)
  const pair = free!.slice(5, 7)
  const rows = await model.generate([3, 1], {
    ...options,
    stopSequences: [pair],
    earlyStopping: true,
    numReturnSequences: 3,
  })
  t.true(rows.some((row) => row.length < free!.length && String(row.slice(-2)) === String(pair)))
  const seen: number[] = []
  const stop = (ids: readonly number[], row: number) => {
    seen.push(row)
    return ids.length === 6
  }
  t.deepEqual((await model.generate([[3, 1], [4]], { ...options, stop })).map((row) => row.length), [6, 6]) // prettier-ignore
  t.deepEqual([...new Set(seen)], [0, 1])
})

test('beam search: an abort in the middle rejects with the reason and frees the cache', async (t) => {
  const model = tiny(31)
  await model.generate([7], { maxNewTokens: 3, numBeams: 3 })
  await lora.settle()
  const before = lora.memory()
  const abort = new AbortController()
  let steps = 0
  const run = model.generate([7], {
    maxNewTokens: 50,
    numBeams: 3,
    signal: abort.signal,
    stop: (ids) => {
      steps = Math.max(steps, ids.length - 1)
      if (ids.length === 6) abort.abort(new Error('enough'))
      return false
    },
  })
  const error = await t.throwsAsync(run, { instanceOf: lora.AbortedError, message: /enough/ })
  t.is((error!.cause as Error).message, 'enough')
  t.is(steps, 5)
  await lora.settle()
  t.true(lora.memory().total.tensors <= before.total.tensors)
  t.true(lora.memory().total.bytes <= before.total.bytes)
})

test('beam search: wrong options are errors that name them', async (t) => {
  const model = tiny(31)
  const refused = async (options: object, message: RegExp) => {
    await t.throwsAsync(() => model.generate([1], options), { instanceOf: lora.OptionError, message })
  }
  await refused({ numBeams: 0 }, /numBeams/)
  await refused({ numBeams: 2.5 }, /numBeams/)
  await refused({ num_beams: 4 }, /write numBeams/)
  await refused({ numBeams: 2, lengthPenalty: NaN }, /lengthPenalty/)
  await refused({ numBeams: 2, earlyStopping: 'always' }, /'never'/)
  await refused({ numBeams: 2, numReturnSequences: 3 }, /at most numBeams, 2/)
  await refused({ numReturnSequences: 2 }, /numBeams/)
  await refused({ numBeams: 2, doSample: true }, /doSample/)
  await refused({ numBeams: 2, onToken: () => {} }, /onToken/)
  await refused({ numBeams: 2, suppressTokens: [31] }, /below 31/)
  await refused({ numBeams: 2, badWordsIds: [[]] }, /at least one token/)
  await refused({ numBeams: 2, logitsProcessor: 'none' }, /logitsProcessor/)
  await refused({ numBeams: 2, padTokenId: -1 }, /padTokenId/)
  await t.throwsAsync(() => model.stream([1], { numBeams: 2 }).next(), { message: /numBeams/ })
  // Two tokens are allowed: there are no three continuations by one token.
  const few = { maxNewTokens: 1, numBeams: 3, suppressTokens: Array.from({ length: 29 }, (_, i) => i) }
  t.is((await model.generate([1], { ...few, numReturnSequences: 2 })).length, 2)
  await refused({ ...few, numReturnSequences: 3 }, /fewer continuations/)
})

test('beam search: log probabilities near 0 keep their digits, however large the logits are', async (t) => {
  // One token is much likelier than the others: log p is about −Σ e^(−gap), far below the last digit of logits of 1,000.
  for (const [vocabulary, touches] of [
    [16, false],
    [512, false],
    [512, true],
  ] as const) {
    const gap = Array.from({ length: vocabulary }, (_, i) => (i === 3 ? 0 : 12 + (i % 5)))
    const row = Float32Array.from(gap, (below) => 1000 - below)
    class Sure extends lora.nn.Module {
      readonly config = { eos_token_id: null, vocab_size: vocabulary }
      readonly maxPositions = 64
      override forward(ids: lora.Tensor | readonly (readonly number[])[]) {
        const [B, T] = Array.isArray(ids) ? [ids.length, (ids[0] as number[]).length] : (ids as lora.Tensor).shape
        return { logits: lora.tensor(row).reshape([1, 1, vocabulary]).expand([B!, T!, vocabulary]) }
      }
    }
    const rest = gap.reduce((sum, below) => (below === 0 ? sum : sum + Math.exp(-below)), 0)
    const want = -Math.log1p(rest)
    const extra = touches ? { repetitionPenalty: 1.0000001, sequenceBias: [[[3], 0]] as [[number[], number]] } : {}
    const options = { maxNewTokens: 1, numBeams: 2, returnDictInGenerate: true as const }
    for (const beamRules of ['transformers', 'nlg'] as const) {
      const { sequences, sequencesScores } = await lora.generation.generate(new Sure(), [[1]], { ...options, ...extra, beamRules }) // prettier-ignore
      t.deepEqual(sequences, [[1, 3]])
      const error = Math.abs(sequencesScores![0]! / want - 1)
      // The sum is 1 + 3.5e-5 in f32, as in transformers: half of its last digit is 1.7e-3 of the rest.
      t.true(error < 2e-3, `${vocabulary} tokens, ${beamRules}: ${sequencesScores![0]} for ${want}`)
    }
  }
})
