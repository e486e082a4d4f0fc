// The engine as a whole: device and kernel path, memory, precision, and failures that have not been reported yet.
import { call } from './call.js'
import { native } from './load.js'

export { explainCuda } from './load.js'

/** Device, kernel path and threads of the engine, as JSON. Starts the engine. */
export function backendJson(): string {
  return call(() => native.backend())
}

let device: string | null = null

/** The one device of this process. Starts the engine. */
export function deviceName(): string {
  device ??= (JSON.parse(backendJson()) as { device: string }).device
  return device
}

/** Counters; binding.d.ts lists their order. */
export function memoryCounters(): readonly number[] {
  return call(() => native.memory())
}

/** Sets whether layers with a bf16 weight round activations to bf16. */
export function setMediumPrecision(on: boolean): void {
  call(() => native.setMediumPrecision(on))
}

/** Whether layers with a bf16 weight round activations to bf16. */
export function mediumPrecision(): boolean {
  return call(() => native.mediumPrecision())
}

/** Turns anomaly mode on or off; returns the previous setting. */
export function setAnomaly(on: boolean): boolean {
  return call(() => native.setAnomaly(on))
}

/** Throws an error of the current stream that has not been reported yet. */
export function checkFailure(): void {
  call(() => native.checkFailure())
}

/** Ends a training step that is not awaited; it counts for the back-pressure. */
export function endStep(): void {
  call(() => native.endStep())
}

/** Optimizer updates that failed and changed nothing, by the numbers of the stacks that recorded them. */
export function takeFailedUpdates(): readonly number[] {
  return call(() => native.takeFailedUpdates())
}

/** Sends the recorded ops to the executor at once. */
export function flush(): void {
  native.flush()
}
