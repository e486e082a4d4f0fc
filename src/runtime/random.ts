import { nameClass } from './check-options.js'
import { OptionError } from '../errors.js'
import { dropGenerator, generatorState, newGenerator, setGenerator, setGeneratorState } from '../native/random.js'
import { noteUse } from './uses.js'

/** Low and high half of a 64-bit seed. */
export function splitSeed(seed: number | bigint): [low: number, high: number] {
  const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed)
  if (!whole || BigInt(seed) < 0n || BigInt(seed) >= 1n << 64n) {
    throw new OptionError({
      what: 'a seed is not usable',
      expected: 'an integer from 0 to 2^64 - 1',
      received: String(seed),
      fix: 'pass a number, or a BigInt above 2^53',
    })
  }
  const value = BigInt(seed)
  return [Number(value & 0xffffffffn), Number(value >> 32n)]
}

/**
 * A generator of random numbers: counter based (Philox), so that the same seed gives the same numbers for any number of threads.
 * Without one, operations draw from the generator of the current stream, which {@link manualSeed} sets.
 */
export class Generator {
  /** Its number in the engine. */
  readonly number: number

  constructor(seed: number | bigint = 0) {
    const [low, high] = splitSeed(seed)
    this.number = newGenerator(low, high)
    unreachable.register(this, this.number, this)
  }

  /** Frees what the engine keeps for it; it cannot be used afterwards. One that nothing can reach any more is freed by itself. */
  dispose(): void {
    unreachable.unregister(this)
    dropGenerator(this.number)
  }

  /** What `using` calls at the end of its block: as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Restarts from a seed. Returns the generator. */
  manualSeed(seed: number | bigint): this {
    setState(this.number, [...splitSeed(seed), 0, 0])
    return this
  }

  /** Seed and position, for a checkpoint. */
  getState(): number[] {
    return generatorState(this.number)
  }

  /** Restores a state of {@link getState}. */
  setState(state: readonly number[]): void {
    setState(this.number, state)
  }
}

nameClass('Generator', Generator)

/** The engine keeps a seed and a counter for each, until nothing can reach it. */
const unreachable = new FinalizationRegistry<number>(dropGenerator)

function setState(number: number, state: readonly number[]): void {
  if (state.length !== 4) {
    throw new OptionError({
      what: 'a generator state is not usable',
      expected: 'the four numbers of getState() or getRngState()',
      received: JSON.stringify(state),
      fix: 'store the whole result of getState() or getRngState()',
    })
  }
  setGeneratorState(number, state)
}

/** Seeds the generator of the current stream. Same seed, same machine, same kernel path: same bits. */
export function manualSeed(seed: number | bigint): void {
  setState(0, [...splitSeed(seed), 0, 0])
}

/** Seed and position of the current stream's generator. */
export function getRngState(): number[] {
  return generatorState(0)
}

/** Restores a state of {@link getRngState}. */
export function setRngState(state: readonly number[]): void {
  setState(0, state)
}

/** Runs `fn`; its random operations draw from `generator`. */
export function withGenerator<T>(generator: Generator | undefined, fn: () => T): T {
  if (generator === undefined) return fn()
  noteUse(generator)
  const before = setGenerator(generator.number)
  try {
    return fn()
  } finally {
    setGenerator(before)
  }
}
