// Generated from src/lora/from-layer.ts by `npm run api`. Do not edit.

/** Options of every `fromLayer`. */
export interface FromLayerOptions {
  /** Rank of the update. 0 gives the plain layer. @default 0 */
  r?: number
  /** The update is multiplied by `loraAlpha / r`. @default 1 */
  loraAlpha?: number
  /** `eval()` merges the update into the weight. @default true */
  mergeWeights?: boolean
}
