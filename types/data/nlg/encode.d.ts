// Generated from src/data/nlg/encode.ts by `npm run api`. Do not edit.

import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { NlgRow } from './jsonl.js'
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
/**
 * Encodes rows as the paper's NLG example does: the context, and the completion after a space, each with its end token. Text that looks like a special
 * token is encoded as plain text.
 * @throws {UnsupportedError} when an end token is wanted and the tokenizer has no `<|endoftext|>`.
 * @see microsoft/LoRA `gpt2_encode.py --add_bos --add_eos`
 */
export declare function encodeNlg(
  rows: readonly NlgRow[],
  tokenizer: Tokenizer,
  options?: NlgEncodeOptions,
): Promise<NlgExample[]>
/**
 * Reads encoded rows, `{"context": [ids], "completion": [ids]}` in each line.
 * @param vocabulary ids must be below it. @default any id
 * @throws {FormatError} naming file, row and column.
 */
export declare function readEncoded(file: string, vocabulary?: number): Promise<NlgExample[]>
/** Writes encoded rows, as {@link readEncoded} reads them. */
export declare function writeEncoded(file: string, examples: readonly NlgExample[]): Promise<void>
