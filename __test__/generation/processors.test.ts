// The filters on the scores. Numbers by hand; the transformers fixtures run with the conformance groups.
import test from 'ava'
import { generation } from 'loralib'

const { processors } = generation

const after = (processor: (scores: Float32Array, ids: number[]) => void, scores: number[], ids: number[] = []) => {
  const array = Float32Array.from(scores)
  processor(array, ids)
  return [...array]
}
const kept = (scores: number[]) => scores.flatMap((score, i) => (score === -Infinity ? [] : i))

// Probabilities 0.1, 0.4, 0.2, 0.3.
const SCORES = [0.1, 0.4, 0.2, 0.3].map(Math.log)

test('temperature divides the scores', (t) => {
  t.deepEqual(after(processors.temperature(0.5), [1, -2]), [2, -4])
})

test('topK of a long row is what sorting gives', (t) => {
  const scores = Array.from({ length: 3000 }, (_, i) => ((i * 7919) % 1009) - 500)
  for (const k of [1, 2, 40, 374, 376, 2999]) {
    const least = [...scores].sort((a, b) => b - a)[k - 1]!
    const want = scores.flatMap((score, i) => (score >= least ? [i] : []))
    t.deepEqual(kept(after(processors.topK(k), scores)), want, `k ${k}`)
  }
})

test('topK keeps ties with the k-th, and all when k exceeds the vocabulary', (t) => {
  t.deepEqual(kept(after(processors.topK(2), [1, 3, 3, 3])), [1, 2, 3])
  t.deepEqual(kept(after(processors.topK(9), [1, 3])), [0, 1])
})

test('topP keeps the smallest set that reaches p', (t) => {
  t.deepEqual(kept(after(processors.topP(0.6), SCORES)), [1, 3])
  t.deepEqual(kept(after(processors.topP(0.01), SCORES)), [1])
  t.deepEqual(kept(after(processors.topP(0.01, 2), SCORES)), [1, 3])
})

test('minP, epsilonCutoff and typicalP', (t) => {
  t.deepEqual(kept(after(processors.minP(0.6), SCORES)), [1, 3])
  t.deepEqual(kept(after(processors.epsilonCutoff(0.25), SCORES)), [1, 3])
  // entropy 1.28: surprises 2.30, 0.92, 1.61, 1.20; nearest are 3, 2, 1
  t.deepEqual(kept(after(processors.typicalP(0.4), SCORES)), [2, 3])
})

test('repetitionPenalty makes tokens of the row less likely, whatever the sign of their score', (t) => {
  t.deepEqual(after(processors.repetitionPenalty(2), [4, -4, 4], [0, 1, 0]), [2, -8, 4])
})

test('noRepeatNgram and badWords ban what would complete a sequence', (t) => {
  const flat = [0, 0, 0, 0]
  t.deepEqual(kept(after(processors.noRepeatNgram(2), flat, [1, 2, 3, 1])), [0, 1, 3])
  t.deepEqual(kept(after(processors.noRepeatNgram(3), flat, [1, 2])), [0, 1, 2, 3])
  t.deepEqual(kept(after(processors.badWords([[0], [1, 2]]), flat, [3, 1])), [1, 3])
})

test('minNewTokens bans stop tokens for a while', (t) => {
  t.deepEqual(kept(after(processors.minNewTokens(2, 2, [1]), [0, 0], [5, 5, 5])), [0])
  t.deepEqual(kept(after(processors.minNewTokens(2, 2, [1]), [0, 0], [5, 5, 5, 5])), [0, 1])
})

test('sequenceBias adds to the last token of a sequence where the rest precedes it', (t) => {
  const process = processors.sequenceBias([[[0], 1], [[3, 1, 2], 5], [[4, 1], 9]]) // prettier-ignore
  t.deepEqual(after(process, [0, 0, 0], [3, 1]), [1, 0, 5])
})

test('etaCutoff is epsilonCutoff with a lower limit where the row is flat', (t) => {
  // Entropy 1.28: √0.09 · e^(−1.28) = 0.083 is below 0.09.
  t.deepEqual(kept(after(processors.etaCutoff(0.09), [0.085, 0.4, 0.215, 0.3].map(Math.log))), [0, 1, 2, 3])
  t.deepEqual(kept(after(processors.epsilonCutoff(0.09), [0.085, 0.4, 0.215, 0.3].map(Math.log))), [1, 2, 3])
})

test('minLength, suppressTokens and beginSuppressTokens ban tokens for as long as they say', (t) => {
  t.deepEqual(kept(after(processors.minLength(3, [1]), [0, 0], [5, 5])), [0])
  t.deepEqual(kept(after(processors.minLength(2, [1]), [0, 0], [5, 5])), [0, 1])
  t.deepEqual(kept(after(processors.suppressTokens([0]), [0, 0], [5])), [1])
  t.deepEqual(kept(after(processors.beginSuppressTokens(1, [0]), [0, 0], [5])), [1])
  t.deepEqual(kept(after(processors.beginSuppressTokens(1, [0]), [0, 0], [5, 5])), [0, 1])
})

test('repetitionPenalty passes over the padding of a padded prompt', (t) => {
  t.deepEqual(after(processors.repetitionPenalty(2, 2), [4, 4], [0, 0, 1]), [4, 2])
})

test('topP, minP and typicalP of a long row are what sorting all of it gives', (t) => {
  const rows = [1, 3, 12].map((spread) =>
    Array.from({ length: 3000 }, (_, i) =>
      Math.fround(spread * Math.sin(1 + i * i * 0.7) + (i % 7 === 0 ? -Infinity : 0)),
    ),
  )
  rows.push(Array.from({ length: 3000 }, (_, i) => i % 5)) // ties
  for (const scores of rows) {
    const sum = scores.reduce((total, score) => total + Math.exp(score), 0)
    const p = scores.map((score) => Math.exp(score) / sum)
    const entropy = p.reduce((total, q) => (q > 0 ? total - q * Math.log(q) : total), 0)
    const far = p.map((q) => Math.abs(-Math.log(q) - entropy))
    const byMass = (order: number[], mass: number) => {
      let before = 0
      return order.filter((i) => {
        const isIn = before < mass && p[i]! > 0
        before += p[i]!
        return isIn
      })
    }
    const places = Array.from(p.keys())
    const likeliest = [...places].sort((a, b) => scores[b]! - scores[a]! || b - a)
    const typical = [...places].sort((a, b) => far[a]! - far[b]!)
    for (const mass of [0.013, 0.31, 0.77, 0.983]) {
      const wanted = byMass(likeliest, mass).sort((a, b) => a - b)
      t.deepEqual(kept(after(processors.topP(mass), scores)), wanted, `topP ${mass}`)
      const border = far[byMass(typical, mass).at(-1)!]!
      const near = places.filter((i) => p[i]! > 0 && far[i]! <= border + 1e-9)
      const got = kept(after(processors.typicalP(mass), scores))
      t.deepEqual(got, near, `typicalP ${mass}`)
      const likely = places.filter((i) => p[i]! >= mass * Math.max(...p) && p[i]! > 0)
      t.deepEqual(kept(after(processors.minP(mass), scores)), likely, `minP ${mass}`)
    }
  }
})
