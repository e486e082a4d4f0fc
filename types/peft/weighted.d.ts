// Generated from src/peft/weighted.ts by `npm run api`. Do not edit.

import type { CombinationType, MajoritySignMethod } from './combine.js'
/** Options of {@link PeftModel.addWeightedAdapter}. */
export interface WeightedAdapterOptions {
  /**
   * How the adapters are combined. `linear`, `ties`, `dare_linear`, `dare_ties` and `magnitude_prune` combine the factors, which must have one rank; `cat` puts them side by side, so
   * that the ranks add up and the sum is exact; the others combine the updates and keep the nearest of a rank.
   * @default 'svd', and 'linear' for one adapter
   */
  combinationType?: CombinationType
  /** The rank of the new adapter, for the forms with an SVD. @integer @minimum 1 @default the largest of the ranks */
  svdRank?: number
  /** A quantile of the values of the new factors, beyond which these are cut off, for the forms with an SVD. @minimum 0 @maximum 1 @default none */
  svdClamp?: number
  /** Read for PEFT's sake: the vectors that it adds are never used. @default true */
  svdFullMatrices?: boolean
  /** The share of the values that is kept, for `ties`, `dare_…` and `magnitude_prune` and their forms with an SVD, which need it. @minimum 0 @maximum 1 @default none */
  density?: number
  /** Whose sign wins in `ties`: that of the sum, or of most adapters. @default 'total' */
  majoritySignMethod?: MajoritySignMethod
}
