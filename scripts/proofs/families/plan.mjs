// Which models a run makes.
import { fail } from '../../lib/run.mjs'

/** How often a class comes, by its task: a language model has more options, and more that is compared. */
const SHARE = { causal: 4, masked: 2, sequence: 2, token: 2, question: 2, bare: 1 }

/** `models` models, the classes in turns, each with a seed of its own. */
export function planned(kinds, { seed, models }) {
  const turns = []
  for (let turn = 0; turn < Math.max(...Object.values(SHARE)); turn++) {
    turns.push(...kinds.filter(({ task }) => turn < SHARE[task]))
  }
  return Array.from({ length: models }, (_, i) => ({ kind: turns[i % turns.length], seed: seed * 100_000 + i }))
}

/** The model of `CLASS:SEED`, alone. */
export function repeated(kinds, text) {
  const [name, seed] = text.split(':')
  const kind = kinds.find((one) => one.name === name)
  if (kind === undefined || !/^\d+$/.test(seed ?? '')) fail(`--repeat: CLASS:SEED as a run prints them, not ${text}`)
  return [{ kind, seed: Number(seed) }]
}
