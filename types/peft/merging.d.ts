// Generated from src/peft/merging.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** Options of {@link PeftModel.mergeAdapter}. */
export interface MergeOptions {
  /** The adapters to merge. @default the active ones */
  adapterNames?: string | readonly string[]
  /** Refuse merged weights with NaN or infinity, and then change nothing. @default true */
  safeMerge?: boolean
  /**
   * The first argument of a call of the model, such as rows of token ids. The model is called with it before and after merging, in evaluation mode.
   * @expected what `forward` takes first @default none: `maxLogitChange` is null
   */
  probe?: readonly (readonly number[])[] | Tensor
}
/** What {@link PeftModel.mergeAdapter} has measured. */
export interface MergeReport {
  /** Layers that were merged. */
  layers: number
  /** The largest difference of an output for the probe, merged and not; null without a probe. */
  maxLogitChange: number | null
  /** What was lost by rounding merged weights to the dtype of the base, blocks too; 0 for an f32 base. */
  rounding: {
    /** The largest error of a weight. */
    maxAbs: number
    /** The norm of all errors, as a share of that of all updates. 1: nothing of the update is left. */
    relative: number
  }
}
