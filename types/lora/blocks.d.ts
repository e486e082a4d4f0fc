// Generated from src/lora/blocks.ts by `npm run api`. Do not edit.

/** The output blocks of a fused dense layer, and which of them get an update. */
export interface BlockOptions {
  /**
   * Which output blocks get a low-rank update, e.g. `[true, false, true]` for q and v of q, k, v. @minItems 1
   * @default none: a plain layer
   * @expected a list of true and false, one for each block of outputs
   */
  enableLora?: readonly boolean[]
  /**
   * Sizes of the blocks, e.g. `[2048, 512, 512]` for grouped-query attention; they must add up to `outFeatures`. @integer @minimum 1
   * @default equal blocks, one for each entry of `enableLora`
   * @expected a list of positive integers, the sizes of the blocks of outputs
   */
  blocks?: readonly number[]
}
