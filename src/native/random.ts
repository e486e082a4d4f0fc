// Generators of random numbers by their number; 0 is that of the current stream.
import { call } from './call.js'
import { native } from './load.js'

/** Makes a generator; returns its number. */
export function newGenerator(seedLow: number, seedHigh: number): number {
  return call(() => native.newGenerator(seedLow, seedHigh))
}

/** Forgets a generator that nothing can reach any more. */
export function dropGenerator(generator: number): void {
  call(() => native.dropGenerator(generator))
}

/** `[seed low, seed high, counter low, counter high]`. */
export function generatorState(generator: number): number[] {
  return call(() => native.generatorState(generator))
}

/** Restores a state of {@link generatorState}. */
export function setGeneratorState(generator: number, state: readonly number[]): void {
  call(() => native.setGeneratorState(generator, state[0]!, state[1]!, state[2]!, state[3]!))
}

/** Selects the generator that random ops draw from; returns the previous one. */
export function setGenerator(generator: number): number {
  return native.setGenerator(generator)
}
