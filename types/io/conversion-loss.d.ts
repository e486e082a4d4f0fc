// Generated from src/io/conversion-loss.ts by `npm run api`. Do not edit.

/** A part that the target of a conversion holds with other numbers. */
export interface ConversionLoss {
  /** What was done. */
  what: string
  /** The layers or tensors, by their paths. */
  layers: string[]
  /** The largest difference of an element, as a share of the largest element of its tensor. */
  maxRelativeError: number
}
