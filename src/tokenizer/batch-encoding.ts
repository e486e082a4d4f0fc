// Rows of one batch: checks the options for the engine, and turns its flat lists into rows.
import { OptionError } from '../errors.js'
import type { RowOptions } from '../native/tokenizer.js'
import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { bad, checkChoice } from '../runtime/options.js'
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
  const { padding = false, truncation = false, padToMultipleOf = 1 } = options
  const pad = padding === true ? 'longest' : padding === false ? 'do_not_pad' : padding
  const cut = truncation === true ? 'longest_first' : truncation === false ? 'do_not_truncate' : truncation
  if (cut === 'only_second' && options.textPair === undefined)
    throw bad(OWNER, 'truncation', "other than 'only_second' without textPair", cut)
  const isCut = cut !== 'do_not_truncate'
  const isFixed = pad === 'max_length'
  const maxLength = isCut || isFixed ? lengthOf(options, defaults) : undefined
  if (maxLength === undefined && options.maxLength !== undefined)
    throw bad(OWNER, 'maxLength', "left out, or with truncation: true or padding: 'max_length'", options.maxLength)
  return {
    addSpecialTokens: options.addSpecialTokens ?? true,
    specialAsText: options.specialAsText ?? false,
    truncation: cut,
    truncateLeft: sideOf(options, defaults, 'truncationSide', 'truncation_side') === 'left',
    padToMultipleOf: padToMultipleOf,
    padLeft: sideOf(options, defaults, 'paddingSide', 'padding_side') === 'left',
    ...(isCut && { maxLength: maxLength! }),
    ...(isFixed && { padLength: maxLength! }),
    ...(pad !== 'do_not_pad' && { padId: padId(options, defaults) }),
  }
}

/** The flat lists of the engine as rows. */
export function batchEncoding(lists: readonly Uint32Array[], options: BatchOptions): BatchEncoding {
  const [lengths, ids, types, attention, special, offsets] = lists
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
  }
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
