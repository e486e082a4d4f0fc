import { nameClass } from './check-options.js'
import { OptionError } from '../errors.js'
import { generatorState, newGenerator, setGenerator, setGeneratorState } from '../native/random.js'

/** Low and high half of a 64-bit seed. */
export function splitSeed(seed: number | bigint): [low: number, high: number] {
  const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed)
  if (!whole || BigInt(seed) < 0n || BigInt(seed) >= 1n << 64n) {
    throw new OptionError({
      what: 'a seed is not usable',
      expected: 'a whole number from 0 to 2^64 - 1',
      received: String(seed),
      fix: 'pass a number, or a BigInt above 2^53',
    })
  }
  const value = BigInt(seed)
  return [Number(value & 0xffffffffn), Number(value >> 32n)]
}

/**
 * A source of random numbers of its own: counter based (Philox), so that the same seed gives the same numbers for any number of threads.
 * Without one, operations draw from the generator of the current stream, which {@link manualSeed} sets.
 */
export class Generator {
  /** Number in the engine. */
  readonly number: number

  constructor(seed: number | bigint = 0) {
    const [low, high] = splitSeed(seed)
    this.number = newGenerator(low, high)
  }

  /** Begins again from a seed. Returns the generator. */
  manualSeed(seed: number | bigint): this {
    setState(this.number, [...splitSeed(seed), 0, 0])
    return this
  }

  /** Seed and position, for a checkpoint. */
  getState(): number[] {
    return generatorState(this.number)
  }

  /** Goes back to a state. */
  setState(state: readonly number[]): void {
    setState(this.number, state)
  }
}

nameClass('Generator', Generator)

function setState(number: number, state: readonly number[]): void {
  if (state.length !== 4) {
    throw new OptionError({
      what: 'a generator state is not usable',
      expected: 'what getState() gave',
      received: JSON.stringify(state),
      fix: 'store what getState() or getRngState() gave, all four numbers of it',
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

/** Sets what {@link getRngState} gave. */
export function setRngState(state: readonly number[]): void {
  setState(0, state)
}

/** Runs `fn` with random operations drawing from `generator`. */
export function withGenerator<T>(generator: Generator | undefined, fn: () => T): T {
  if (generator === undefined) return fn()
  const before = setGenerator(generator.number)
  try {
    return fn()
  } finally {
    setGenerator(before)
  }
}
