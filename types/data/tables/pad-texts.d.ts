// Generated from src/data/tables/pad-texts.ts by `npm run api`. Do not edit.

import type { EncodedText } from './encode-texts.js'
/** Rows of one length. */
export interface TextBatch {
  /** (B, T) */
  inputIds: number[][]
  /** 1 for tokens, 0 for padding, (B, T). */
  attentionMask: number[][]
  /** (B, T); null for models without token types. */
  tokenTypeIds: number[][] | null
  /** (B); null where a row has none. */
  labels: number[] | null
}
/** Options of {@link padTexts}. */
export interface PadOptions {
  /** The token that pads short rows: `pad_token_id` of the model. @integer @minimum 0 */
  padTokenId: number
  /** Return token types, for models that were trained with them, as BERT. @default false */
  tokenTypes?: boolean
  /**
   * Pad rows at least to this length. Results stay the same and padding is not computed; it is useful to compare with the original.
   * Rows are never cut. @integer @minimum 0 @default 0
   */
  padTo?: number
}
/** Joins rows into a batch, padded on the right. */
export declare function padTexts(rows: readonly EncodedText[], options: PadOptions): TextBatch
