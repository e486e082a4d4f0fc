// Generated from src/autograd/anomaly.ts by `npm run api`. Do not edit.

/**
 * Turns anomaly mode on or off; returns what it was before. While it is on, every result of what is recorded, forward and backward, is searched
 * for NaN and infinity, and the first one rejects the next await with {@link NonFiniteError}: operation, module path, shape and place. An
 * infinity that was put in on purpose (a mask filled with -∞) is no fault. Off, it costs nothing; on, one more pass over each result.
 */
export declare function setAnomalyMode(on: boolean): boolean
/**
 * Runs `fn` in anomaly mode. What it records is searched when it is computed, so await its values as usual.
 *
 * @example
 * const loss = lora.anomaly(() => {
 *   const loss = model.forward(ids).loss
 *   loss.backward()
 *   return loss
 * })
 * await loss.item()   // NonFiniteError: log made a NaN in forward (at blocks.2.norm)
 * @throws {AsyncError} for an async function: the mode would leak into whatever runs while it waits.
 */
export declare function anomaly<T>(fn: () => T): T
