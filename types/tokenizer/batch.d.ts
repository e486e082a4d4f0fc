// Generated from src/tokenizer/batch.ts by `npm run api`. Do not edit.

import type { EncodeOptions } from './tokenizer.js'
/** Options of {@link Tokenizer.batchEncodePlus}, with the names of transformers. */
export interface BatchOptions extends EncodeOptions {
  /** A second text for each text, such as the hypothesis for a premise. @default none @expected a list of texts */
  textPair?: Iterable<string>
  /** Pad rows to one length: that of the longest (true, `'longest'`), or `maxLength`. @default false */
  padding?: boolean | 'longest' | 'max_length' | 'do_not_pad'
  /**
   * Truncate rows to `maxLength`: of two texts the longer one, token by token (true, `'longest_first'`), or one of them.
   * @default false; true with `maxLength` and without `padding`, as in transformers
   */
  truncation?: boolean | 'longest_first' | 'only_first' | 'only_second' | 'do_not_truncate'
  /**
   * The most tokens of a row when truncating, and its least when padding to `'max_length'`; special tokens included. Elsewhere it has no effect, and a
   * warning says so. @integer @minimum 1 @default `model_max_length` of `tokenizer_config.json`
   */
  maxLength?: number
  /** Make a row of each window of a long text, not only of its first; for questions about long documents. @default false */
  returnOverflowingTokens?: boolean
  /** How many tokens two windows of a text share. @integer @minimum 0 @default 0 */
  stride?: number
  /** Round the padded length up to a multiple of this. @integer @minimum 1 @default 1 */
  padToMultipleOf?: number
  /** The side on which padding is added. @default `padding_side` of `tokenizer_config.json`, else 'right' */
  paddingSide?: 'left' | 'right'
  /** The side from which long texts are truncated. @default `truncation_side` of `tokenizer_config.json`, else 'right' */
  truncationSide?: 'left' | 'right'
  /** The token used for padding. @default the tokenizer's */
  padToken?: string
  /** Return `offsetMapping`. @default false */
  returnOffsetsMapping?: boolean
  /** Return `specialTokensMask`. @default false */
  returnSpecialTokensMask?: boolean
}
/** The rows of a batch, as models take them. With padding all have one length. */
export interface BatchEncoding {
  /** Token ids, (B, T). */
  inputIds: number[][]
  /** 1 for tokens, 0 for padding. */
  attentionMask: number[][]
  /** 0 for the first text and 1 for the second, if the tokenizer's template distinguishes them. */
  tokenTypeIds: number[][]
  /** The offsets of each token: it covers `text.slice(...offset)` of its text; [0, 0] for special tokens and padding. */
  offsetMapping?: [start: number, end: number][][]
  /** 1 for special tokens that the template added, and for padding. */
  specialTokensMask?: number[][]
  /** The text that each row comes from, by its index; with `returnOverflowingTokens`. */
  overflowToSampleMapping?: number[]
}
