// The restaurant sentences of data/e2e, and one of the facts they tell as a question to a classifier.
import { readFileSync } from 'node:fs'
import * as lora from 'loralib'
import { parseSlots } from './slots.mjs'

/** Words per sentence: longer ones are cut, shorter ones padded. */
export const LENGTH = 40
const STRIDE = 7919 // a prime: steps of this size visit all sentences in a mixed order

const [trainRows, testRows] = ['train', 'heldout'].map((name) => {
  const file = readFileSync(new URL(`../data/e2e/${name}.jsonl`, import.meta.url), 'utf8')
  return file
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ prompt, completion }) => ({
      words: completion.toLowerCase().match(/[a-z]+|£|\d+/g),
      facts: parseSlots(prompt),
    }))
})
const ids = new Map(['', ...new Set(trainRows.flatMap((row) => row.words))].map((word, id) => [word, id]))

/** How many words there are; word 0 is padding, and any word that the training sentences lack. */
export const WORDS = ids.size

/** @typedef {{ ids: number[], label: number }} Question a sentence as word ids, and the number of the right answer */

/**
 * The sentences that tell one thing, such as `food`. Those for testing are about other restaurants than those for training.
 * @returns {{ answers: string[], train: Question[], test: Question[] }}
 */
export function readQuestions(about) {
  const answerOf = (row) => row.facts.find(({ slot }) => slot === about)?.value
  const answers = [...new Set(trainRows.map(answerOf))].filter((answer) => answer !== undefined).sort()
  const questions = (rows) =>
    rows.filter(answerOf).map((row) => ({
      ids: Array.from({ length: LENGTH }, (_, i) => ids.get(row.words[i]) ?? 0),
      label: answers.indexOf(answerOf(row)),
    }))
  return { answers, train: questions(trainRows), test: questions(testRows) }
}

/** Sentences as tensors: ids (N, LENGTH) and labels (N). */
export function asTensors(questions) {
  const flat = Int32Array.from(questions.flatMap((question) => question.ids))
  const labels = Int32Array.from(questions, (question) => question.label)
  return { ids: lora.tensor(flat, { shape: [questions.length, LENGTH] }), labels: lora.tensor(labels) }
}

/** `steps` batches of sentences. */
export function* questionBatches(questions, { steps, size }) {
  for (let step = 0; step < steps; step++) {
    const at = (i) => questions[((step * size + i) * STRIDE) % questions.length]
    yield asTensors(Array.from({ length: size }, (_, i) => at(i)))
  }
}

/** The loss of a model on a batch of sentences. */
export const lossOf = (model) => (batch) => lora.nn.functional.crossEntropy(model.forward(batch.ids), batch.labels)

/** The share of questions that the model answers right. */
export async function accuracy(model, questions) {
  const { ids, labels } = asTensors(questions)
  const logits = lora.noGrad(() => model.eval().forward(ids))
  return logits.argmax(1).eq(labels).to('f32').mean().item()
}
