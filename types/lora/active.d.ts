// Generated from src/lora/active.ts by `npm run api`. Do not edit.

/** An adapter for each row of a batch. */
export interface RowAdapters {
  /** The name for each row; null for the base alone. */
  readonly names: readonly (string | null)[]
  /** How many of the present tokens each row has, one after the other; null where a tensor has a place for each row first. */
  readonly counts: readonly number[] | null
}
