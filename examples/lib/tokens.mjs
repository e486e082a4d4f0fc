// Data as token ids, with labels on what the model shall learn to write.
import { extname } from 'node:path'
import { readExamples, splitByPrompt } from './data.mjs'
import { Problem, shortPath } from './problem.mjs'
import { isMeaning, slotShare } from './slots.mjs'

/** The model compares nothing with this label. */
export const IGNORED = -100
const SEPARATOR = '\n'
const TEXT_WINDOW = 256
const TEXT_PROMPT = 24
const NEW_TOKENS = 60

/**
 * @typedef {{ ids: number[], labels: number[] }} Encoded
 * @typedef {{ prompt: string, ids: number[] }} Sample what the model is asked to write about
 * @typedef {{
 *   train: Encoded[], measured: Encoded[], samples: Sample[], newTokens: number, about: string, cut: number, endOfText?: number,
 * }} Data
 */

/** @returns {Promise<Data>} */
export async function loadData(options, tokenizer, model) {
  checkVocabulary(options, tokenizer, model)
  const endOfText = [model.config.eos_token_id].flat()[0] ?? undefined
  const context = { tokenizer, endOfText, longest: model.maxPositions }
  const { rows, text } = await readExamples(options.data)
  return text === undefined ? rowData(options, rows, context) : textData(options, text, context)
}

async function rowData(options, rows, context) {
  const { train: all, heldout } = options.heldout
    ? { train: rows, heldout: (await readExamples(options.heldout)).rows }
    : splitByPrompt(options.data, rows)
  const train = options.completeOnly ? all.filter(isComplete) : all
  if (!heldout) {
    const received = `${extname(options.heldout) || 'no'} ending`
    throw new Problem(`${shortPath(options.heldout)}: rows are needed here`, { expected: 'a .jsonl file', received })
  }
  const known = new Set(all.map((row) => row.prompt))
  const fresh = heldout.filter((row) => !known.has(row.prompt))
  if (fresh.length === 0) {
    throw new Problem(`${shortPath(options.heldout)}: each of its prompts is in the training data, too`, {
      fix: 'hold out other prompts: a loss on known ones says nothing',
    })
  }
  const prompts = [...new Set(fresh.map((row) => row.prompt))]
  const encoded = await encodeRows(evenly(train, options.most.train), context)
  const measured = await encodeRows(evenly(onePerPrompt(fresh), options.most.measured), context)
  const longestPrompt = context.longest - NEW_TOKENS
  const samples = await promptIds(evenly(prompts, options.most.samples), context)
  return {
    train: encoded,
    measured,
    samples: samples.map((sample) => ({ ...sample, ids: sample.ids.slice(-longestPrompt) })),
    newTokens: Math.min(NEW_TOKENS, context.longest - 1),
    about: `${count(train.length)} rows to train on, ${count(fresh.length)} held out with ${count(prompts.length)} prompts`,
    cut: encoded.filter((row) => row.cut).length,
    endOfText: context.endOfText,
  }
}

/** Whether the completion states every fact of the prompt: a model that learns from others learns to leave facts out. */
function isComplete({ prompt, completion }) {
  return !isMeaning(prompt) || slotShare(prompt, completion).share === 1
}

/** Prompt, separator, completion, end; labels on completion and end only. What is too long loses the start of its prompt. */
async function encodeRows(rows, { tokenizer, endOfText, longest }) {
  const prompts = await tokenizer.encodeBatch(rows.map((row) => row.prompt + SEPARATOR))
  const texts = rows.map(({ completion }) => (/^\s/.test(completion) ? completion : ` ${completion}`))
  const completions = await tokenizer.encodeBatch(texts)
  return rows.map((_, i) => {
    const end = endOfText === undefined ? [] : [endOfText]
    const completion = [...completions[i], ...end].slice(0, longest - 1)
    const prompt = [...prompts[i]].slice(-(longest - completion.length))
    const cut = prompt.length + completion.length < prompts[i].length + completions[i].length + end.length
    return { ids: [...prompt, ...completion], labels: [...prompt.map(() => IGNORED), ...completion], cut }
  })
}

async function promptIds(prompts, { tokenizer }) {
  const ids = await tokenizer.encodeBatch(prompts.map((prompt) => prompt + SEPARATOR))
  return prompts.map((prompt, i) => ({ prompt, ids: [...ids[i]] }))
}

/** Windows of a text; every 15th is held out. All tokens are learnt. */
async function textData(options, text, { tokenizer, endOfText, longest }) {
  const ids = Array.from(await tokenizer.encodeAsync(text))
  const length = Math.min(longest, TEXT_WINDOW)
  const windows = []
  for (let from = 0; from + 1 < ids.length; from += length) windows.push(ids.slice(from, from + length))
  if (windows.length < 2) {
    throw new Problem(`${shortPath(options.data)} is too short`, {
      expected: `more than ${length} tokens`,
      received: `${ids.length} tokens`,
      fix: 'add text; rows of prompts and completions go into a file ending in .jsonl',
    })
  }
  const held = (i) => i % 15 === Math.min(7, windows.length - 1)
  const encoded = windows.map((window) => ({ ids: window, labels: window }))
  const heldout = encoded.filter((_, i) => held(i))
  const prompts = evenly(heldout, options.most.samples).map((row) =>
    row.ids.slice(0, Math.min(TEXT_PROMPT, length >> 1)),
  )
  return {
    train: evenly(
      encoded.filter((_, i) => !held(i)),
      options.most.train,
    ),
    measured: evenly(heldout, options.most.measured),
    samples: prompts.map((prompt) => ({ prompt: tokenizer.decode(prompt), ids: prompt })),
    newTokens: Math.min(NEW_TOKENS, longest - TEXT_PROMPT),
    about: `${count(ids.length)} tokens of text in ${count(windows.length)} windows, ${count(heldout.length)} of them held out`,
    cut: 0,
    endOfText,
  }
}

function checkVocabulary({ model: folder }, tokenizer, model) {
  if (tokenizer.vocabSize <= model.config.vocab_size) return
  throw new Problem(`${shortPath(folder)}: tokenizer and model do not belong together`, {
    expected: `at most ${model.config.vocab_size} tokens (vocab_size in config.json)`,
    received: `${tokenizer.vocabSize} tokens in the tokenizer`,
    fix: 'copy the tokenizer files of this very checkpoint into the folder',
  })
}

/** The first row of each prompt. */
function onePerPrompt(rows) {
  return [...new Map(rows.toReversed().map((row) => [row.prompt, row])).values()].toReversed()
}

/** At most `most` items, spread evenly. */
function evenly(items, most) {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / most)])
}

function count(n) {
  return n.toLocaleString('en')
}
