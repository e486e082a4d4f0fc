// Generated from src/data/tables/encode-texts.ts by `npm run api`. Do not edit.

import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { TextExample } from './text-task.js'
/** A row of ids. */
export interface EncodedText {
  inputIds: number[]
  /** 0 for the first text, 1 for the second one. */
  tokenTypeIds: number[]
  /** Index of the class, or the number to predict; null where it is unknown. */
  label: number | null
}
/** Options of {@link encodeTexts}. */
export interface EncodeTextsOptions {
  /** Most tokens in a row, special ones included; longer rows are cut at the end, of a pair the longer text first. @integer @minimum 1 @default 128 */
  maxLength?: number
  /** Stops before the next texts; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
}
/**
 * Ids of texts, in the tokenizer's template for one text or for two. Texts are encoded off the main thread, and truncated as transformers does
 * with `truncation=True`: the longer text of a pair to the length of the other one, then both equally.
 * @throws {OptionError} when the tokenizer puts no special tokens around a text, or when `maxLength` is too small for them.
 */
export declare function encodeTexts(
  tokenizer: Tokenizer,
  examples: readonly TextExample[],
  options?: EncodeTextsOptions,
): Promise<EncodedText[]>
