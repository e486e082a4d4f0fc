// Generated from src/data/loader/philox.ts by `npm run api`. Do not edit.

/** Whole numbers below a bound, each equally likely, from a seed and the number of an epoch. */
export declare class Draws {
  #private
  constructor(key: readonly [number, number], epoch: number)
  /** A whole number from 0 to `bound - 1`. Numbers that would make some results likelier than others are rejected. */
  below(bound: number): number
  /** The numbers 0 to `length - 1` in a random order (Fisher and Yates). */
  permutation(length: number): number[]
}
