// Rows of one batch: checks the options for the engine, and turns its flat lists into rows.
import { OptionError } from '../errors.js'
import type { RowOptions } from '../native/tokenizer.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkChoice } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { BatchEncoding, BatchOptions } from './batch.js'

/** Defaults of a tokenizer. */
export interface BatchDefaults {
  config: Readonly<Record<string, unknown>>
  padToken: string | undefined
  tokenToId: (token: string) => number | undefined
}

const OWNER = 'Tokenizer.batchEncodePlus'
/** transformers writes a length far above this for "no limit". */
const NO_LIMIT = 1e9

/** Checks the options and fills in the defaults. @throws {OptionError} */
export function rowOptions(options: BatchOptions, defaults: BatchDefaults): RowOptions {
  checkOptions(OWNER, options, schemas.BatchOptions)
  const { padding = false, padToMultipleOf = 1, returnOverflowingTokens = false, stride = 0 } = options
  const pad = padding === true ? 'longest' : padding === false ? 'do_not_pad' : padding
  const cut = truncationOf(options)
  if (cut === 'only_second' && options.textPair === undefined)
    throw bad(OWNER, 'truncation', "other than 'only_second' without textPair", cut)
  const isCut = cut !== 'do_not_truncate'
  const isFixed = pad === 'max_length'
  const maxLength = isCut || isFixed ? lengthOf(options, defaults) : undefined
  if (maxLength === undefined && options.maxLength !== undefined) warnUnused()
  if (stride > 0 && !(returnOverflowingTokens && isCut))
    throw bad(OWNER, 'stride', '0 without returnOverflowingTokens: true and truncation: true', stride)
  return {
    addSpecialTokens: options.addSpecialTokens ?? true,
    specialAsText: options.specialAsText ?? false,
    truncation: cut,
    truncateLeft: sideOf(options, defaults, 'truncationSide', 'truncation_side') === 'left',
    padToMultipleOf: padToMultipleOf,
    padLeft: sideOf(options, defaults, 'paddingSide', 'padding_side') === 'left',
    ...(isCut && { maxLength: maxLength! }),
    ...(returnOverflowingTokens && { stride }),
    ...(isFixed && { padLength: maxLength! }),
    ...(pad !== 'do_not_pad' && { padId: padId(options, defaults) }),
  }
}

/** The flat lists of the engine as rows. */
export function batchEncoding(lists: readonly Uint32Array[], options: BatchOptions): BatchEncoding {
  const [lengths, ids, types, attention, special, offsets, samples] = lists
  const rows = (list: Uint32Array) => {
    let at = 0
    return Array.from(lengths!, (length) => Array.from(list.subarray(at, (at += length))))
  }
  const offsetRows = () => {
    let at = 0
    return Array.from(lengths!, (length) =>
      Array.from({ length }, (): [number, number] => [offsets![at++]!, offsets![at++]!]),
    )
  }
  return {
    inputIds: rows(ids!),
    attentionMask: rows(attention!),
    tokenTypeIds: rows(types!),
    ...(options.returnOffsetsMapping && { offsetMapping: offsetRows() }),
    ...(options.returnSpecialTokensMask && { specialTokensMask: rows(special!) }),
    ...(options.returnOverflowingTokens && { overflowToSampleMapping: [...samples!] }),
  }
}

/** As in transformers, `maxLength` alone asks for truncation. */
function truncationOf({
  truncation,
  padding,
  maxLength,
}: BatchOptions): Exclude<BatchOptions['truncation'], boolean | undefined> {
  if (truncation === undefined && maxLength !== undefined && (padding === undefined || padding === false))
    return 'longest_first'
  if (truncation === undefined || truncation === false) return 'do_not_truncate'
  return truncation === true ? 'longest_first' : truncation
}

let isWarned = false

function warnUnused(): void {
  if (isWarned) return
  isWarned = true
  const text = `${OWNER}: maxLength has no effect without truncation: true or padding: 'max_length'`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_MAX_LENGTH_UNUSED' })
}

function lengthOf(options: BatchOptions, { config }: BatchDefaults): number {
  if (options.maxLength !== undefined) return options.maxLength
  const own = config['model_max_length']
  if (typeof own === 'number' && own >= 1 && own < NO_LIMIT) return Math.floor(own)
  throw bad(OWNER, 'maxLength', 'a number of tokens: this tokenizer names none', undefined)
}

function sideOf(
  options: BatchOptions,
  { config }: BatchDefaults,
  name: 'paddingSide' | 'truncationSide',
  field: string,
): 'left' | 'right' {
  return checkChoice(OWNER, name, options[name] ?? config[field] ?? 'right', ['left', 'right'])
}

function padId(options: BatchOptions, { padToken, tokenToId }: BatchDefaults): number {
  const token = options.padToken ?? padToken
  const id = typeof token === 'string' ? tokenToId(token) : undefined
  if (id !== undefined) return id
  throw new OptionError({
    what: `${OWNER}: there is no padding token`,
    expected: 'padToken: a token of the vocabulary',
    received: token === undefined ? 'none: this tokenizer names none' : String(token),
    fix: 'pass padToken, often the end token; the attention mask hides it',
  })
}
