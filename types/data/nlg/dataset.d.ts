// Generated from src/data/nlg/dataset.ts by `npm run api`. Do not edit.

import type { Dataset } from '../loader/dataset.js'
import type { NlgExample } from './encode.js'
/** Which targets of a row count: `clm` the completion, `jlm` context and completion. */
export type NlgObjective = 'clm' | 'jlm'
/** Options of {@link NlgDataset}. */
export interface NlgDatasetOptions {
  /** Longest row; longer ones are cut at the end. @integer @minimum 2 @default 512 */
  seqLen?: number
  /** Tokens that a query leaves free for generation: its beginning is cut off beyond `seqLen − evalLen` tokens. @integer @minimum 0 @default 0 */
  evalLen?: number
  /** Which targets count. @default 'clm' */
  objective?: NlgObjective
  /** Tokens before each context, such as those of a learnt prefix; they do not count as targets. @integer @minimum 0 @default none */
  prefixTokens?: readonly number[]
  /** Tokens between context and completion; they do not count as targets. @integer @minimum 0 @default none */
  infixTokens?: readonly number[]
}
/** A row without padding, of at most `seqLen` tokens. */
export interface NlgSample {
  /** Number of the row. */
  readonly id: number
  /** Context and completion. */
  readonly input: readonly number[]
  /** The token after each token of the input, 0 for a prefix or infix token. In a row that was cut it includes one token beyond the input. */
  readonly target: readonly number[]
  /** 1 where the target counts. */
  readonly mask: readonly number[]
  /** Prefix, context and infix: the prompt of generation. */
  readonly query: readonly number[]
}
/**
 * Encoded rows as samples of the paper's NLG example. Rows longer than `seqLen` are cut at the end, with one warning that gives their number and the
 * first of them.
 *
 * @example
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * const loader = new lora.DataLoader(dataset, { batchSize: 8, shuffle: true, seed: 110, dropLast: true, collate: data.collateNlg })
 * @throws {OptionError} for no rows, and for options out of range.
 * @see microsoft/LoRA `FT_Dataset`. Upstream fills the last batch with rows drawn once more; here it is short, or dropped by the loader.
 */
export declare class NlgDataset implements Dataset<NlgSample> {
  #private
  readonly seqLen: number
  readonly evalLen: number
  readonly objective: NlgObjective
  /** Rows that are longer than `seqLen`. */
  readonly cut: number
  constructor(examples: readonly NlgExample[], options?: NlgDatasetOptions)
  get length(): number
  /** The longest row, in tokens, before any is cut. */
  get longest(): number
  get(id: number): NlgSample
}
/**
 * Checks that rows fit a model: that it has all their ids, and as many positions as the longest has tokens (after cutting).
 * @throws {OptionError} naming the row and what does not fit.
 */
export declare function checkNlgFits(
  dataset: NlgDataset,
  model: {
    readonly maxPositions: number
    readonly config: object
  },
): void
