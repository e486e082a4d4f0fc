import { checkOptions } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
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
export function padTexts(rows: readonly EncodedText[], options: PadOptions): TextBatch {
  checkOptions('data.padTexts', options, schemas.PadOptions)
  const { padTokenId, tokenTypes = false, padTo = 0 } = options
  if (rows.length === 0) throw bad('data.padTexts', 'rows', 'at least one row', 'none')
  const length = Math.max(padTo, ...rows.map(({ inputIds }) => inputIds.length))
  const filled = (values: readonly number[], filler: number) => [
    ...values,
    ...new Array<number>(length - values.length).fill(filler),
  ]
  const labels = rows.map(({ label }) => label)
  return {
    inputIds: rows.map(({ inputIds }) => filled(inputIds, padTokenId)),
    attentionMask: rows.map(({ inputIds }) =>
      filled(
        inputIds.map(() => 1),
        0,
      ),
    ),
    tokenTypeIds: tokenTypes ? rows.map(({ tokenTypeIds }) => filled(tokenTypeIds, 0)) : null,
    labels: labels.includes(null) ? null : (labels as number[]),
  }
}
