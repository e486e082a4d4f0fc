// Generated from src/data/loader/sampler.ts by `npm run api`. Do not edit.

/** A sampler whose order changes from epoch to epoch. Its order must depend on the state that it has when an iteration begins, and on nothing else. */
export interface StatefulSampler extends Iterable<number> {
  /** What the next order depends on: plain values. */
  stateDict(): unknown
  loadStateDict(state: unknown): unknown
}
/** What a loader's state holds of its sampler. */
export interface SamplerState {
  /** The state from which the order of this epoch was drawn, or between two epochs will be drawn; absent when the sampler has none. */
  state?: unknown
  /** A check value of the order of the epoch under way; null between two epochs. */
  order: number | null
  /** Whether the sampler is neither a list nor has a state: if its order changes, a resumed run cannot know how. */
  isHidden: boolean
}
