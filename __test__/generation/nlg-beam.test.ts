// Beam search by the rules of the LoRA paper's NLG example, against a search in its plainest form: every beam computed whole at every step.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'

type Model = lora.models.GPT2LMHeadModel
type Options = lora.generation.GenerateOptions

// A wide init, so that scores differ enough for choices to be stable.
const tiny = (vocabulary: number, seed: number): Model =>
  lora.models.GPT2LMHeadModel.fromConfig(
    {
      ...{ vocab_size: vocabulary, n_positions: 64, n_embd: 16, n_layer: 2, n_head: 2, eos_token_id: null },
      ...{ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0, initializer_range: 0.4 },
    },
    { generator: new lora.Generator(seed) },
  ).eval()

const nlg = { beamRules: 'nlg' } as const

/** Scores over the next token of each row. */
async function lastLogits(model: Model, rows: readonly (readonly number[])[]): Promise<number[][]> {
  const logits = lora.noGrad(() => model.forward(rows).logits)
  const [, T, V] = logits.shape as [number, number, number]
  const flat = await numbers(logits)
  return rows.map((_, b) => flat.slice((b * T + T - 1) * V, (b + 1) * T * V))
}

function filtered(logits: number[], fresh: readonly number[], options: Options): number[] {
  const { repetitionPenalty = 1, noRepeatNgramSize: n = 0, minLength = 0 } = options
  const scores = logits.map((x, id) =>
    repetitionPenalty === 1 || !fresh.includes(id) ? x : x < 0 ? x * repetitionPenalty : x / repetitionPenalty,
  )
  if (fresh.length < minLength) for (const id of [options.eosTokenId ?? []].flat()) scores[id] = -Infinity
  const last = n > 0 ? fresh.length - n : -1
  for (let i = 0; i <= last; i++) {
    const tail = fresh.slice(fresh.length - n + 1)
    if (String(fresh.slice(i, i + n - 1)) === String(tail)) scores[fresh[i + n - 1]!] = -Infinity
  }
  const sum = scores.reduce((total, x) => total + Math.exp(x), 0)
  return scores.map((x) => x - Math.log(sum))
}

/** The example's search for one prompt. Ended beams stay with a score of −∞, as they do there. */
async function slowly(model: Model, prompt: number[], options: Options): Promise<{ ids: number[]; score: number }> {
  const { numBeams = 1, lengthPenalty = 1, maxNewTokens = 20 } = options
  const stops = [options.eosTokenId ?? []].flat()
  let beams: { fresh: number[]; score: number }[] = [{ fresh: [], score: 0 }]
  let best = { ids: [] as number[], score: -Infinity }
  for (let step = 1; step <= maxNewTokens; step++) {
    const all = await lastLogits(model, beams.map(({ fresh }) => [...prompt, ...fresh])) // prettier-ignore
    const next = beams.flatMap(({ fresh, score }, b) =>
      filtered(all[b]!, fresh, options).map((p, id) => ({ fresh: [...fresh, id], score: score + p })),
    )
    beams = next.sort((a, b) => b.score - a.score).slice(0, numBeams)
    for (const beam of beams) {
      if (!stops.includes(beam.fresh.at(-1)!) && step < maxNewTokens) continue
      const score = beam.score / step ** lengthPenalty
      if (score > best.score) best = { ids: [...prompt, ...beam.fresh], score }
      beam.score = -Infinity
    }
  }
  return best
}

const settings: [title: string, options: Options][] = [
  ['one beam', { numBeams: 1, eosTokenId: [3, 17] }],
  ['four beams', { numBeams: 4, eosTokenId: [3, 17], lengthPenalty: 0.8 }],
  ['a length penalty above 1', { numBeams: 3, eosTokenId: 3, lengthPenalty: 2 }],
  ['a length penalty below 0', { numBeams: 3, eosTokenId: 3, lengthPenalty: -1 }],
  ['no group of two twice, a least length', { numBeams: 4, eosTokenId: [3, 9], noRepeatNgramSize: 2, minLength: 6 }],
  ['a repetition penalty', { numBeams: 3, eosTokenId: [3, 9], repetitionPenalty: 1.4 }],
  ['more beams than tokens', { numBeams: 30, eosTokenId: 3, lengthPenalty: 0.9 }],
]

for (const [title, given] of settings) {
  test(`beamRules nlg: what the plain search finds, ${title}`, async (t) => {
    for (const seed of [1, 2, 3, 4]) {
      const model = tiny(23, seed)
      const options = { ...given, maxNewTokens: 12 } as Omit<Options, 'returnDictInGenerate'>
      const wanted = await slowly(model, [5, 9, 9, 2], options)
      const found = await model.generate([5, 9, 9, 2], { ...nlg, ...options, returnDictInGenerate: true as const })
      t.deepEqual(found.sequences, [wanted.ids], `seed ${seed}`)
      t.true(Math.abs(found.sequencesScores![0]! - wanted.score) < 1e-4)
    }
  })
}

test('beamRules nlg: prompts of different lengths, some of them equal, come out as each alone', async (t) => {
  const model = tiny(31, 1)
  const prompts = [[3, 1, 4, 1, 5, 9, 2], [9], [2, 6, 5], [9], [8, 8], [2, 6, 5]]
  const options = { ...nlg, maxNewTokens: 16, numBeams: 3, eosTokenId: [12], lengthPenalty: 0.8, noRepeatNgramSize: 3 }
  const alone = await Promise.all(prompts.map((prompt) => model.generate(prompt, options)))
  t.deepEqual(await model.generate(prompts, options), alone.flat())
})

test('beam search: equal prompts are computed once, unless a stop function may tell them apart', async (t) => {
  const model = tiny(31, 2)
  let most = 0
  model.registerForwardPreHook((_, args) => {
    most = Math.max(most, (args[0] as number[][]).length)
  })
  const prompts = [[4, 4], [4, 4], [7], [4, 4]]
  const run = (options: Omit<Options, 'returnDictInGenerate'>) => {
    most = 0
    return model.generate(prompts, { numBeams: 2, maxNewTokens: 5, ...options })
  }
  const once = await run({})
  t.is(most, 2)
  t.deepEqual([once[1], once[3]], [once[0], once[0]])
  t.deepEqual(await run({ stop: () => false }), once)
  t.is(most, 4)
})

test('beamRules nlg: several sequences are the best candidates', async (t) => {
  const model = tiny(23, 3)
  const options = { ...nlg, numBeams: 4, eosTokenId: [3, 17], maxNewTokens: 10 }
  const one = await model.generate([5, 9], { ...options, returnDictInGenerate: true })
  const three = await model.generate([5, 9], { ...options, numReturnSequences: 3, returnDictInGenerate: true })
  t.deepEqual(three.sequences[0], one.sequences[0])
  const scores = three.sequencesScores!
  t.true(scores[0]! >= scores[1]! && scores[1]! >= scores[2]!)
})

test('beamRules: what does not go together is an error', async (t) => {
  const model = tiny(23, 1)
  const refused: [Omit<Options, 'returnDictInGenerate'>, RegExp][] = [
    [{ beamRules: 'fairseq' as 'nlg' }, /beamRules/],
    [{ ...nlg, earlyStopping: true }, /earlyStopping/],
    [{ ...nlg, doSample: true }, /doSample/],
    [{ ...nlg, onToken: () => {} }, /onToken/],
  ]
  for (const [options, message] of refused) await t.throwsAsync(() => model.generate([1], options), { message })
  await t.throwsAsync(() => model.stream([1], nlg).next(), { message: /beamRules/ })
})
