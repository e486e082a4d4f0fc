// Rows of text as token ids.
import { UnsupportedError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { badContent, linesOf, parseJson, readTextFile } from '../../io/text-file.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { NlgRow } from './jsonl.js'
import { writeJsonl } from './jsonl.js'

/** A row as token ids. */
export interface NlgExample {
  context: readonly number[]
  completion: readonly number[]
}

/** Options of {@link encodeNlg}. */
export interface NlgEncodeOptions {
  /** End the context with `bosTokenId`, where the completion begins. @default true */
  addBos?: boolean
  /** End the completion with `eosTokenId`. @default true */
  addEos?: boolean
  /** The token that ends the context. @integer @minimum 0 @default the tokenizer's `<|endoftext|>` */
  bosTokenId?: number
  /** The token that ends the completion. @integer @minimum 0 @default the tokenizer's `<|endoftext|>` */
  eosTokenId?: number
}

const END_OF_TEXT = '<|endoftext|>'

/**
 * Encodes rows as the paper's NLG example does: the context, and the completion after a space, each with its end token. Text that looks like a special
 * token is encoded as plain text.
 * @throws {UnsupportedError} when an end token is wanted and the tokenizer has no `<|endoftext|>`.
 * @see microsoft/LoRA `gpt2_encode.py --add_bos --add_eos`
 */
export async function encodeNlg(
  rows: readonly NlgRow[],
  tokenizer: Tokenizer,
  options: NlgEncodeOptions = {},
): Promise<NlgExample[]> {
  const owner = 'data.encodeNlg'
  checkOptions(owner, options, schemas.NlgEncodeOptions)
  if (rows.length === 0) throw bad(owner, 'rows', 'at least one row', rows)
  const endOf = (flag: 'addBos' | 'addEos', key: 'bosTokenId' | 'eosTokenId'): number[] => {
    if (options[flag] === false) return []
    const given = options[key] ?? tokenizer.tokenToId(END_OF_TEXT)
    if (given === undefined) throw noEnd(owner, flag, key)
    return [given]
  }
  const [bos, eos] = [endOf('addBos', 'bosTokenId'), endOf('addEos', 'eosTokenId')]
  const plain = { addSpecialTokens: false, specialAsText: true }
  const contexts = await tokenizer.encodeBatch(rows.map(({ context }) => context), plain) // prettier-ignore
  const completions = await tokenizer.encodeBatch(rows.map(({ completion }) => ` ${completion}`), plain) // prettier-ignore
  return rows.map((_, i) => ({
    context: [...contexts[i]!, ...bos],
    completion: [...completions[i]!, ...eos],
  }))
}

/**
 * Reads encoded rows, `{"context": [ids], "completion": [ids]}` in each line.
 * @param vocabulary ids must be below it. @default any id
 * @throws {FormatError} naming file, row and column.
 */
export async function readEncoded(file: string, vocabulary = Infinity): Promise<NlgExample[]> {
  return linesOf(file, await readTextFile(file)).map(({ row, line }) => {
    const value = parseJson(file, line, row) as Record<string, unknown> | null
    const ids = (column: 'context' | 'completion'): number[] => {
      const list = value?.[column]
      const wrong = (what: string, expected: string, received: unknown) =>
        badContent(
          { file, row, column },
          { what, expected, received: String(received), fix: 'encode the rows with the tokenizer of the model' },
        )
      if (!Array.isArray(list) || list.length === 0) throw wrong('there are no ids', 'a list of token ids', list)
      const odd = list.find((id) => !Number.isSafeInteger(id) || id < 0)
      if (odd !== undefined) throw wrong('not all are token ids', 'whole numbers, 0 or more', odd)
      const large = list.find((id) => id >= vocabulary)
      if (large !== undefined)
        throw wrong('an id lies outside of the vocabulary', `ids from 0 to ${vocabulary - 1}`, large)
      return list as number[]
    }
    return { context: ids('context'), completion: ids('completion') }
  })
}

/** Writes encoded rows, as {@link readEncoded} reads them. */
export async function writeEncoded(file: string, examples: readonly NlgExample[]): Promise<void> {
  await writeJsonl(file, examples)
}

function noEnd(owner: string, flag: string, key: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: the tokenizer has no ${END_OF_TEXT} to mark ends with`,
    expected: `${END_OF_TEXT} in its vocabulary, or ${key}`,
    received: `${flag} without it`,
    fix: `pass ${key}, or ${flag}: false`,
  })
}
