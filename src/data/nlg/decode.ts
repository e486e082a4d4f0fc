// From the ids that beam search wrote to the text files that evaluation scripts read: what gpt2_decode.py of microsoft/LoRA does.
import { join } from 'node:path'
import { OptionError } from '../../errors.js'
import { readLines } from '../../io/lines.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, checkInteger } from '../../runtime/options.js'
import { eachItem } from '../../runtime/pace.js'
import { schemas } from '../../runtime/tables.js'
import { squeeze, strip } from '../../runtime/text.js'
import { writeText } from '../../io/write-text.js'
import { linesOf, parseJson, readTextFile } from '../../io/text-file.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { objectAt, wrongAt } from './fields.js'
import { rowOf } from './jsonl.js'
import type { NlgRow } from './jsonl.js'

/** The text that a model wrote for a row. */
export interface NlgPrediction {
  /** Index of the row. */
  id: number
  text: string
}

/** Options of {@link collectPredictions}. */
export interface CollectOptions {
  /** Which rows count: all, or those whose `cate` is true (seen) or false (unseen). @default 'all' */
  filter?: 'all' | 'seen' | 'unseen'
  /** Puts spaces around everything that is not a letter, digit or underscore. @default false */
  tokenize?: boolean
  /** Writes everything in lower case. @default false */
  lower?: boolean
  /** The name of the entry of each row. @default its context */
  uniqueKeys?: readonly string[]
}

/** Rows that belong together, with the one prediction for them. */
export interface NlgEntry {
  /** The context of the first of them. */
  context: string
  /** The references, in the order of the rows. */
  references: string[]
  prediction: string
}

/** Options of {@link decodeNlg}: the flags of gpt2_decode.py. */
export interface DecodeNlgOptions extends Omit<CollectOptions, 'uniqueKeys'> {
  /** JSON lines `{"id": …, "predict": [ids]}`: `--sample_file`. */
  predictions: string
  /** JSON lines of {@link NlgRow}: `--input_file`. */
  formatted: string
  /** The tokenizer of the ids: `--vocab`. */
  tokenizer: Tokenizer
  /** The file (e2e) or folder (webnlg, dart) for references: `--output_ref_file`. */
  outputReferences: string
  /** The file for predictions: `--output_pred_file`. */
  outputPredictions: string
  /** How references are laid out: `--ref_type`. @default 'e2e' */
  refType?: 'e2e' | 'webnlg' | 'dart'
  /** How many reference files webnlg and dart get: `--ref_num`. @integer @minimum 1 @default 4 */
  refNum?: number
  /** A file with the entry's name for each row, one a line: `--ref_unique_file`. @default rows of the same context are one entry */
  refUniqueFile?: string
  /** Stops with an `AbortedError`. @default none */
  signal?: AbortSignal
}

const END = '<|endoftext|>'

/** The text before the end token and before the first blank line, without white space around it. */
export function cutPrediction(text: string): string {
  return strip(text.split(END)[0]!.split('\n\n')[0]!)
}

/**
 * Gathers the references of rows with the same context, in the order in which they first appear, with the prediction for one of these
 * rows: the last one, if there are several. Predictions are cut (see {@link cutPrediction}).
 * @throws {OptionError} `ERR_LORA_OPTION` when an option is not usable, a prediction's id is not a row, or an entry has no prediction.
 * @see microsoft/LoRA, examples/NLG/src/gpt2_decode.py
 */
export function collectPredictions(
  rows: readonly NlgRow[],
  predictions: readonly NlgPrediction[],
  options: CollectOptions = {},
): NlgEntry[] {
  const owner = 'data.collectPredictions'
  checkOptions(owner, options, schemas.CollectOptions)
  const { filter = 'all' } = options
  const tidy = tidier(options)
  const { uniqueKeys } = options
  if (uniqueKeys !== undefined && uniqueKeys.length !== rows.length) {
    throw bad(owner, 'uniqueKeys', `a name for each of ${rows.length} rows`, `${uniqueKeys.length} names`)
  }
  const keyOf = (i: number) => uniqueKeys?.[i] ?? rows[i]!.context
  const entries = new Map<string, { context: string; references: string[]; prediction?: string }>()
  for (const [i, { context, completion, cate }] of rows.entries()) {
    if (filter !== 'all' && (cate === true) !== (filter === 'seen')) continue
    const entry = entries.get(keyOf(i)) ?? { context, references: [] }
    entry.references.push(tidy(completion))
    entries.set(keyOf(i), entry)
  }
  for (const { id, text } of predictions) {
    if (!Number.isInteger(id) || id < 0 || id >= rows.length) {
      throw bad(owner, 'predictions', `ids from 0 to ${rows.length - 1}, one of a row each`, id)
    }
    const entry = entries.get(keyOf(id))
    if (entry !== undefined) entry.prediction = tidy(cutPrediction(text))
  }
  const without = [...entries.values()].filter(({ prediction }) => prediction === undefined)
  if (without.length === 0) return [...entries.values()] as NlgEntry[]
  throw new OptionError({
    what: `${owner}: ${without.length} of ${entries.size} entries have no prediction`,
    expected: 'a prediction for at least one row of each context',
    received: `none for ${JSON.stringify(without[0]!.context)}`,
    fix: 'generate for all rows, or pass the rows that were generated for',
  })
}

/** The E2E layout: references one a line, a blank line after each entry. */
export function e2eReferences(entries: readonly NlgEntry[]): string {
  return entries.map(({ references }) => `${references.map(oneLine).join('\n')}\n\n`).join('')
}

/** The WebNLG and DART layout, a text for each of `count` files: line i is a reference of entry i, its first one where it has fewer. */
export function numberedReferences(entries: readonly NlgEntry[], count: number): string[] {
  checkInteger('data.numberedReferences', 'count', count, 1)
  return Array.from({ length: count }, (_, k) =>
    entries.map(({ references }) => `${oneLine(references[k] ?? references[0]!)}\n`).join(''),
  )
}

/** Predictions, one a line. */
export function predictionLines(entries: readonly NlgEntry[]): string {
  return entries.map(({ prediction }) => `${oneLine(prediction)}\n`).join('')
}

/**
 * Writes references and predictions of a generated data set as text, in the layout that the evaluation of E2E, WebNLG or DART reads. Line
 * breaks inside a text become spaces.
 * @returns how many entries there are
 * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` naming file, row and column when a file is malformed.
 * @throws {OptionError} `ERR_LORA_OPTION` when an option is not usable, or an entry has no prediction.
 */
export async function decodeNlg(options: DecodeNlgOptions): Promise<{ entries: number }> {
  const owner = 'data.decodeNlg'
  checkOptions(owner, options, schemas.DecodeNlgOptions)
  const { tokenizer, signal, outputReferences, outputPredictions, refUniqueFile, filter, tokenize, lower } = options
  const refType = options.refType ?? 'e2e'
  const refNum = options.refNum ?? 4
  const rows = await eachLine(options.formatted, signal, (file, at, line) => {
    const row = rowOf(file, at, line)
    if ((filter ?? 'all') === 'all' || row.cate !== undefined) return row
    throw wrongAt({ file, row: at, column: 'cate' }, `true or false, which filter '${filter}' goes by`, row.cate)
  })
  const predictions = await eachLine(options.predictions, signal, (file, at, line) => {
    const { id, ids } = predictionOf(file, at, line)
    return { id, text: tokenizer.decode(ids) }
  })
  const uniqueKeys = refUniqueFile === undefined ? undefined : (await readLines(refUniqueFile)).map(strip)
  const entries = collectPredictions(rows, predictions, {
    filter,
    tokenize,
    lower,
    uniqueKeys,
  })
  if (refType === 'e2e') await writeText(outputReferences, e2eReferences(entries))
  else {
    const texts = numberedReferences(entries, refNum)
    await Promise.all(texts.map((text, k) => writeText(join(outputReferences, `reference${k}`), text)))
  }
  await writeText(outputPredictions, predictionLines(entries))
  return { entries: entries.length }
}

/** How texts are written. */
function tidier({ lower = false, tokenize = false }: Pick<CollectOptions, 'lower' | 'tokenize'>) {
  return (text: string): string => {
    const line = lower ? text.toLowerCase() : text
    return tokenize ? squeeze(line.replace(/([^\p{L}\p{N}_])/gu, ' $1 ')) : line
  }
}

const oneLine = (text: string): string => text.replace(/\r\n|[\r\n]/g, ' ')

async function eachLine<R>(
  file: string,
  signal: AbortSignal | undefined,
  visit: (file: string, row: number, line: string) => R,
): Promise<R[]> {
  return eachItem(linesOf(file, await readTextFile(file)), { signal }, ({ row, line }) => visit(file, row, line))
}

function predictionOf(file: string, row: number, line: string): { id: number; ids: number[] } {
  const { id, predict } = objectAt({ file, row }, parseJson(file, line, row))
  if (!Number.isInteger(id)) throw wrongAt({ file, row, column: 'id' }, 'an integer', id)
  const isIds = Array.isArray(predict) && predict.every((value) => Number.isInteger(value) && value >= 0)
  if (!isIds) throw wrongAt({ file, row, column: 'predict' }, 'a list of token ids', predict)
  return { id: id as number, ids: predict as number[] }
}
