// Generated from src/lora/blocks.ts by `npm run api`. Do not edit.

/** Which blocks of outputs a fused dense layer has, and which of them get an update. */
export interface BlockOptions {
  /**
   * Which blocks of outputs get an update of their own, e.g. `[true, false, true]` for q and v of q, k, v. @minItems 1
   * @default none: a plain layer
   * @expected a list of true and false, one for each block of outputs
   */
  enableLora?: readonly boolean[]
  /**
   * Sizes of the blocks, e.g. `[2048, 512, 512]` for grouped-query attention; they add up to `outFeatures`. @integer @minimum 1
   * @default equal blocks, one for each entry of `enableLora`
   * @expected a list of positive integers, the sizes of the blocks of outputs
   */
  blocks?: readonly number[]
}
