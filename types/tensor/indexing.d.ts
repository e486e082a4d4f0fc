// Generated from src/tensor/indexing.ts by `npm run api`. Do not edit.

/** One index of Python's `x[…]`: a number, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
export type Index = number | readonly [start: number | null, stop?: number | null, step?: number] | null | '...'
