// The user's words as token ids: what is learnt, what is held back to measure on, and batches without end.
import { Problem } from './problems.mjs'

/** Labels with this value are not learnt. */
const IGNORED = -100
const SEPARATOR = '\n'
/** Longer windows take longer than they teach within a minute. */
const LONGEST_WINDOW = 128
const FEWEST_TOKENS = 100
const FEWEST_ROWS = 4
/** What is held back, of what, and at most how much: a tenth of enough. */
const HELD_BACK = { share: 0.1, from: { tokens: 2000, rows: 40 }, most: { windows: 8, rows: 16 } }

/**
 * @typedef {{ ids: number[], labels: number[] }} Lesson
 * @typedef {{
 *   kind: 'text' | 'rows', tokens: number, items: number, heldBack: Lesson[], begins: string,
 *   next: (random: () => number) => Lesson,
 * }} Lessons `begins` is a prompt to try; `next` gives one to learn from
 */

/**
 * @param {import('./texts.mjs').Words} words
 * @param {{ tokenizer: import('loralib').tokenizers.Tokenizer, model: import('loralib').models.CausalLM }} base
 * @returns {Promise<Lessons>}
 */
export async function makeLessons(words, { tokenizer, model }) {
  const end = [model.config.eos_token_id].flat().slice(0, 1).filter(Number.isInteger)
  // Special tokens in somebody's text are letters like any others.
  const encode = (texts) => tokenizer.encodeBatch(texts, { specialAsText: true })
  if (words.kind === 'rows')
    return rowLessons(words.rows, await encodeRows(words.rows, encode, end, model.maxPositions))
  const ids = (await encode(words.texts)).flatMap((each) => [...each, ...end])
  return textLessons(words.texts, ids, Math.min(model.maxPositions, LONGEST_WINDOW))
}

/** Windows that begin anywhere: a short text has more of them than pages. */
function textLessons(texts, ids, length) {
  if (ids.length < FEWEST_TOKENS) {
    throw new Problem('This text is too short to learn from', {
      why: `it has ${ids.length} tokens, pieces of words; at least ${FEWEST_TOKENS} are needed, and some thousand are good`,
      fix: 'Add more of your text: a few pages at least.',
    })
  }
  const windows = ids.length < HELD_BACK.from.tokens ? 0 : Math.floor((HELD_BACK.share * ids.length) / length)
  const kept = Math.min(windows, HELD_BACK.most.windows)
  // The end of the text, so that no window to learn from overlaps it.
  const learnt = ids.slice(0, ids.length - kept * length)
  const lesson = (from, all) => {
    const window = all.slice(from, from + length)
    return { ids: window, labels: window }
  }
  return {
    kind: 'text',
    tokens: ids.length,
    items: texts.length,
    heldBack: Array.from({ length: kept }, (_, i) => lesson(learnt.length + i * length, ids)),
    begins: firstWords(texts[0]),
    next: (random) => lesson(Math.floor(random() * Math.max(1, learnt.length - length + 1)), learnt),
  }
}

function rowLessons(rows, lessons) {
  if (rows.length < FEWEST_ROWS) {
    throw new Problem('These are too few examples to learn from', {
      why: `there are ${rows.length}; at least ${FEWEST_ROWS} are needed, and some hundred are good`,
      fix: 'Add more examples.',
    })
  }
  const every = Math.round(1 / HELD_BACK.share)
  const isHeldBack = (i) => rows.length >= HELD_BACK.from.rows && i % every === every - 1
  const learnt = lessons.filter((_, i) => !isHeldBack(i))
  const heldBack = lessons.filter((_, i) => isHeldBack(i)).slice(0, HELD_BACK.most.rows)
  return {
    kind: 'rows',
    tokens: lessons.reduce((sum, { ids }) => sum + ids.length, 0),
    items: rows.length,
    heldBack,
    begins: rows[rows.length - 1].prompt,
    next: (random) => learnt[Math.floor(random() * learnt.length)],
  }
}

/** Prompt, separator, completion, end; what is too long loses the start of its prompt. */
async function encodeRows(rows, encode, end, longest) {
  const prompts = await encode(rows.map(({ prompt }) => asPrompt(prompt, 'rows')))
  const completions = await encode(rows.map(({ completion }) => ` ${completion}`))
  return rows.map((_, i) => {
    const completion = [...completions[i], ...end].slice(0, longest - 1)
    const prompt = [...prompts[i]].slice(-(longest - completion.length))
    return { ids: [...prompt, ...completion], labels: [...prompt.map(() => IGNORED), ...completion] }
  })
}

/** A prompt as the model has learnt to read it. */
export function asPrompt(text, kind) {
  return kind === 'rows' ? text + SEPARATOR : text
}

function firstWords(text) {
  return text.trimStart().slice(0, 100).split(/\s+/).slice(0, 4).join(' ')
}

/** Batches without end, the same ones for the same seed. */
export function* batches(lessons, { size, seed }) {
  const random = randomNumbers(seed)
  for (;;) yield collate(Array.from({ length: size }, () => lessons.next(random)))
}

/** Pads lessons on the right; padding has no label and is not looked at. */
export function collate(lessons) {
  const width = Math.max(...lessons.map(({ ids }) => ids.length))
  const pad = (list, filler) => [...list, ...Array.from({ length: width - list.length }, () => filler)]
  return {
    ids: lessons.map(({ ids }) => pad(ids, 0)),
    labels: lessons.map(({ labels }) => pad(labels, IGNORED)),
    attentionMask: lessons.map(({ ids }) => pad(Array(ids.length).fill(1), 0)),
    tokens: lessons.reduce((sum, { ids }) => sum + ids.length, 0),
    predicted: lessons.reduce((sum, { labels }) => sum + labels.slice(1).filter((id) => id !== IGNORED).length, 0),
  }
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
