// Generated from src/runtime/random.ts by `npm run api`. Do not edit.

/**
 * A source of random numbers of its own: counter based (Philox), so that the same seed gives the same numbers for any number of threads.
 * Without one, operations draw from the generator of the current stream, which {@link manualSeed} sets.
 */
export declare class Generator {
  /** Number in the engine. */
  readonly number: number
  constructor(seed?: number | bigint)
  /** Begins again from a seed. Returns the generator. */
  manualSeed(seed: number | bigint): this
  /** Seed and position, for a checkpoint. */
  getState(): number[]
  /** Goes back to a state. */
  setState(state: readonly number[]): void
}
/** Seeds the generator of the current stream. Same seed, same machine, same kernel path: same bits. */
export declare function manualSeed(seed: number | bigint): void
/** Seed and position of the current stream's generator. */
export declare function getRngState(): number[]
/** Sets what {@link getRngState} gave. */
export declare function setRngState(state: readonly number[]): void
