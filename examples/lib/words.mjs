// The restaurant sentences of data/e2e as a guessing game: which word stands between these six?
import { readFileSync } from 'node:fs'
import * as lora from 'loralib'

const FILE = new URL('../data/e2e/train.jsonl', import.meta.url)
const OFFSETS = [-3, -2, -1, 1, 2, 3]
const SEEN_AT_LEAST = 10
const HELD_OUT_EVERY = 5
const STRIDE = 7919 // a prime: steps of this size visit all gaps in a mixed order

/** How many words stand round a gap. */
export const CONTEXT = OFFSETS.length

/** @typedef {{ context: number[], answer: number }} Gap ids of the words round a gap, and of the word that belongs there */

/**
 * Splits the sentences by whether they hold a new word. Answers are old words only; the vocabulary is the old words, then the new ones.
 * Every fifth sentence is for testing only.
 * @param {string[]} newWords
 */
export function readGaps(newWords) {
  const lines = readFileSync(FILE, 'utf8').trim().split('\n')
  const sentences = lines.map((line) =>
    JSON.parse(line)
      .completion.toLowerCase()
      .match(/[a-z]+|\d+/g),
  )
  const isNew = (word) => newWords.includes(word)
  const fresh = sentences.filter((sentence) => sentence.some(isNew))
  const old = sentences.filter((sentence) => !sentence.some(isNew))
  const oldWords = ['', ...frequent(old.flat())] // '' is a rare word, or what lies beyond the ends of a sentence
  const ids = new Map([...oldWords, ...newWords].map((word, id) => [word, id]))
  const isAnswer = ({ answer }) => answer > 0 && answer < oldWords.length
  const nearNew = ({ context }) => context.some((id) => id >= oldWords.length)
  const gapsOf = (list) => list.flatMap((sentence) => gaps(sentence, ids)).filter(isAnswer)
  const [oldTrain, oldTest] = split(old).map(gapsOf)
  const [newTrain, newTest] = split(fresh).map((list) => gapsOf(list).filter(nearNew))
  const sentencesWith = (word) => fresh.filter((sentence) => sentence.includes(word)).length
  return { oldWords, oldTrain, oldTest, newTrain, newTest, sentencesWith }
}

function frequent(words) {
  const counts = new Map()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts.keys()].filter((word) => counts.get(word) >= SEEN_AT_LEAST)
}

function gaps(sentence, ids) {
  const idOf = (word) => ids.get(word) ?? 0
  return sentence.map((word, i) => ({ context: OFFSETS.map((by) => idOf(sentence[i + by])), answer: idOf(word) }))
}

function split(sentences) {
  const held = (i) => i % HELD_OUT_EVERY === 0
  return [sentences.filter((_, i) => !held(i)), sentences.filter((_, i) => held(i))]
}

/** Gaps as tensors: contexts (N, CONTEXT) and answers (N). */
export function asTensors(list) {
  const context = Int32Array.from(list.flatMap((gap) => gap.context))
  const answer = Int32Array.from(list, (gap) => gap.answer)
  return { context: lora.tensor(context, { shape: [list.length, CONTEXT] }), answer: lora.tensor(answer) }
}

/** `steps` batches of gaps. */
export function* gapBatches(list, { steps, size }) {
  for (let step = 0; step < steps; step++) {
    yield asTensors(Array.from({ length: size }, (_, i) => list[((step * size + i) * STRIDE) % list.length]))
  }
}
