// Generated from src/data/nlg/dataset.ts by `npm run api`. Do not edit.

import type { Dataset } from '../loader/dataset.js'
import type { NlgExample } from './encode.js'
/** What is learnt of a row: `clm` the completion, `jlm` context and completion. */
export type NlgObjective = 'clm' | 'jlm'
/** Options of {@link NlgDataset}. */
export interface NlgDatasetOptions {
  /** Longest row; what is more is cut off behind. @default 512 */
  seqLen?: number
  /** Room that a query leaves for what is generated: it is cut in front to `seqLen − evalLen` tokens. @default 0 */
  evalLen?: number
  /** @default 'clm' */
  objective?: NlgObjective
  /** Tokens before each context, such as those of a learnt prefix. Nothing is learnt where one of them is the target. @default none */
  prefixTokens?: readonly number[]
  /** Tokens between context and completion; likewise. @default none */
  infixTokens?: readonly number[]
}
/** A row without padding: as long as it is, at most `seqLen`. */
export interface NlgSample {
  /** Number of the row. */
  readonly id: number
  /** Context and completion. */
  readonly input: readonly number[]
  /** The token after each of the input; in the place of a prefix or infix token 0. In a row that was cut it goes one further. */
  readonly target: readonly number[]
  /** 1 where the target is learnt. */
  readonly mask: readonly number[]
  /** Prefix, context and infix: what is continued. */
  readonly query: readonly number[]
}
/**
 * Encoded rows as samples of the paper's NLG example. Rows longer than `seqLen` lose their end, with one warning that says how many and which is the
 * first.
 *
 * @example
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * const loader = new lora.DataLoader(dataset, { batchSize: 8, shuffle: true, seed: 110, dropLast: true, collate: data.collateNlg })
 * @throws {OptionError} for no rows, and for options out of range.
 * @see microsoft/LoRA `FT_Dataset`. Upstream fills the last batch with rows drawn again; here it is short, or dropped by the loader.
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
