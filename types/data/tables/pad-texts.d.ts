// Generated from src/data/tables/pad-texts.ts by `npm run api`. Do not edit.

import type { EncodedText } from './encode-texts.js'
/** Rows of one length. */
export interface TextBatch {
  /** (B, T) */
  inputIds: number[][]
  /** 1 for tokens, 0 for padding, (B, T). */
  attentionMask: number[][]
  /** (B, T); null for models without kinds of tokens. */
  tokenTypeIds: number[][] | null
  /** (B); null where a row has none. */
  labels: number[] | null
}
/** Options of {@link padTexts}. */
export interface PadOptions {
  /** The token that fills short rows: `pad_token_id` of the model. */
  padTokenId: number
  /** Pass the kinds of tokens on: for models that were trained with them, as BERT. @default false */
  tokenTypes?: boolean
  /**
   * Fill rows up to this length, and not only to that of the longest one. Results are the same, and padding is not computed; it is there for those who
   * compare with the original. @default 0: the longest row
   */
  padTo?: number
}
/** Joins rows to a batch, padded behind. */
export declare function padTexts(rows: readonly EncodedText[], options: PadOptions): TextBatch
