// What concerns the engine as a whole: what it runs on, what it holds, how exactly it multiplies, and failures that nobody was told of.
import { call } from './call.js'
import { native } from './load.js'

/** What the engine runs on, as JSON. Starts it. */
export function backendJson(): string {
  return call(() => native.backend())
}

let device: string | null = null

/** The one device of this process. Starts the engine. */
export function deviceName(): string {
  device ??= (JSON.parse(backendJson()) as { device: string }).device
  return device
}

/** Counters; binding.d.ts says which number is what. */
export function memoryCounters(): readonly number[] {
  return call(() => native.memory())
}

/** Sets whether layers with a bf16 weight round activations to bf16. */
export function setMediumPrecision(on: boolean): void {
  call(() => native.setMediumPrecision(on))
}

/** Whether they do. */
export function mediumPrecision(): boolean {
  return call(() => native.mediumPrecision())
}

/** Turns anomaly mode on or off; returns what was before. */
export function setAnomaly(on: boolean): boolean {
  return call(() => native.setAnomaly(on))
}

/** Throws an error of the current stream that nobody was told. */
export function checkFailure(): void {
  call(() => native.checkFailure())
}

/** Ends a training step that nobody awaits; it counts for the back-pressure. */
export function endStep(): void {
  call(() => native.endStep())
}

/** Updates of optimizers that changed nothing, by the numbers of the stacks that recorded them. */
export function takeFailedUpdates(): readonly number[] {
  return call(() => native.takeFailedUpdates())
}

/** Sends what was recorded to the executor at once. */
export function flush(): void {
  native.flush()
}
