// Rows of different lengths as batches with little padding.
import { IGNORED } from './tokens.mjs'

const SORTED_TOGETHER = 16

/**
 * Batches of `batch` rows without end, all rows in a new random order each pass. Rows that are about as long go together.
 * @returns {Generator<{ ids: number[][], labels: number[][], attentionMask: number[][], tokens: number }>}
 */
export function* batches(rows, { batch, seed }) {
  const random = randomNumbers(seed)
  for (;;) for (const group of onePass(rows, batch, random)) yield collate(group)
}

/** Pads rows on the right; padding has no label and is not looked at. */
export function collate(rows) {
  const width = Math.max(...rows.map((row) => row.ids.length))
  const pad = (items, filler) => [...items, ...Array.from({ length: width - items.length }, () => filler)]
  return {
    ids: rows.map((row) => pad(row.ids, 0)),
    labels: rows.map((row) => pad(row.labels, IGNORED)),
    attentionMask: rows.map((row) =>
      pad(
        row.ids.map(() => 1),
        0,
      ),
    ),
    tokens: rows.reduce((n, row) => n + row.ids.length, 0),
  }
}

/** Rows sorted by length and cut into batches. */
export function byLength(rows, batch) {
  const sorted = [...rows].sort((a, b) => a.ids.length - b.ids.length)
  return Array.from({ length: Math.ceil(sorted.length / batch) }, (_, i) => sorted.slice(i * batch, (i + 1) * batch))
}

function onePass(rows, batch, random) {
  const order = shuffle([...rows], random)
  const group = batch * SORTED_TOGETHER
  const pass = []
  for (let from = 0; from < order.length; from += group) pass.push(...byLength(order.slice(from, from + group), batch))
  return shuffle(pass, random)
}

function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j], items[i]]
  }
  return items
}

/** Source: mulberry32, Tommy Ettinger 2017, public domain. */
function randomNumbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
