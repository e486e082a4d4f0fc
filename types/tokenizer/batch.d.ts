// Generated from src/tokenizer/batch.ts by `npm run api`. Do not edit.

import type { EncodeOptions } from './tokenizer.js'
/** How texts become rows of a batch. The names are those of transformers. */
export interface BatchOptions extends EncodeOptions {
  /** A second text for each, such as the hypothesis of a premise. @default none @expected a list of texts */
  textPair?: Iterable<string>
  /** Fills rows to one length: that of the longest (true, `'longest'`), or `maxLength`. @default false */
  padding?: boolean | 'longest' | 'max_length' | 'do_not_pad'
  /** Cuts rows to `maxLength`: of two texts the longer one, token by token (true, `'longest_first'`), or one of them. @default false */
  truncation?: boolean | 'longest_first' | 'only_first' | 'only_second' | 'do_not_truncate'
  /** Most tokens of a row, the template's among them. @integer @minimum 1 @default `model_max_length` of `tokenizer_config.json` */
  maxLength?: number
  /** Rounds the padded length up to a multiple. @integer @minimum 1 @default 1 */
  padToMultipleOf?: number
  /** Where padding goes. @default `padding_side` of `tokenizer_config.json`, else 'right' */
  paddingSide?: 'left' | 'right'
  /** Which end of a long text is cut off. @default `truncation_side` of `tokenizer_config.json`, else 'right' */
  truncationSide?: 'left' | 'right'
  /** The token that fills rows. @default the tokenizer's */
  padToken?: string
  /** Return `offsetMapping`. @default false */
  returnOffsetsMapping?: boolean
  /** Return `specialTokensMask`. @default false */
  returnSpecialTokensMask?: boolean
}
/** Rows of a batch, as models take them. They have one length with padding. */
export interface BatchEncoding {
  /** Token ids, (B, T). */
  inputIds: number[][]
  /** 1 for tokens, 0 for padding. */
  attentionMask: number[][]
  /** 0 for the first text and 1 for the second, where the tokenizer's template tells them apart. */
  tokenTypeIds: number[][]
  /** Where each token comes from: `text.slice(...offset)` of its own text; [0, 0] for special tokens and padding. */
  offsetMapping?: [start: number, end: number][][]
  /** 1 for what the template added, and for padding. */
  specialTokensMask?: number[][]
}
