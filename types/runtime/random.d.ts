/// <reference lib="esnext.disposable" />
// Generated from src/runtime/random.ts by `npm run api`. Do not edit.

/**
 * A generator of random numbers: counter based (Philox), so that the same seed gives the same numbers for any number of threads.
 * Without one, operations draw from the generator of the current stream, which {@link manualSeed} sets.
 */
export declare class Generator {
  /** Its number in the engine. */
  readonly number: number
  constructor(seed?: number | bigint)
  /** Frees what the engine keeps for it; it cannot be used afterwards. One that nothing can reach any more is freed by itself. */
  dispose(): void
  /** What `using` calls at the end of its block: as `dispose()`. */
  [Symbol.dispose](): void
  /** Restarts from a seed. Returns the generator. */
  manualSeed(seed: number | bigint): this
  /** Seed and position, for a checkpoint. */
  getState(): number[]
  /** Restores a state of {@link getState}. */
  setState(state: readonly number[]): void
}
/** Seeds the generator of the current stream. Same seed, same machine, same kernel path: same bits. */
export declare function manualSeed(seed: number | bigint): void
/** Seed and position of the current stream's generator. */
export declare function getRngState(): number[]
/** Restores a state of {@link getRngState}. */
export declare function setRngState(state: readonly number[]): void
