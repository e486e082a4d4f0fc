// Generated from src/data/tables/encode-texts.ts by `npm run api`. Do not edit.

import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { TextExample } from './text-task.js'
/** A row of ids. */
export interface EncodedText {
  inputIds: number[]
  /** 0 for the first text, 1 for the second one. */
  tokenTypeIds: number[]
  /** Number of the class, or the number to predict; null where nobody knows it. */
  label: number | null
}
/** Options of {@link encodeTexts}. */
export interface EncodeTextsOptions {
  /** Tokens in a row at most, special ones included; what is longer is cut at its end, of a pair the longer text first. @default 128 */
  maxLength?: number
  /** Stops the work. */
  signal?: AbortSignal | undefined
}
/**
 * Ids of texts, in the template that the tokenizer has for one text or for two. Texts are encoded off the main thread, and cut as transformers does with
 * `truncation=True`: the longer text of a pair to the length of the other one, then both alike.
 * @throws {OptionError} when the tokenizer puts no special tokens around a text, or when `maxLength` leaves no room beside them.
 */
export declare function encodeTexts(
  tokenizer: Tokenizer,
  examples: readonly TextExample[],
  options?: EncodeTextsOptions,
): Promise<EncodedText[]>
