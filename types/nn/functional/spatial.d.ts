// Generated from src/nn/functional/spatial.ts by `npm run api`. Do not edit.

/** One number for all spatial dimensions, or one for each. */
export type PerDimension = number | readonly number[]
