// Generated from src/autograd/anomaly.ts by `npm run api`. Do not edit.

/**
 * Turns anomaly mode on or off and returns the previous setting. While it is on, every result of the forward and backward pass is checked for NaN
 * and infinity, and the first one found rejects the next await with a {@link NonFiniteError} that names the operation, the module path, the shape
 * and the index. An infinity written on purpose (a mask filled with -∞) is not an error. What is refused has not happened: a step that makes a NaN
 * leaves parameters and moments as they were. Off, the mode costs nothing; on, it costs one more pass over each result, and a copy of what an operation
 * changes in place until that has been checked.
 */
export declare function setAnomalyMode(on: boolean): boolean
/**
 * Runs `fn` in anomaly mode. What it records is checked when it is computed, so await its values as usual.
 *
 * @example
 * const loss = lora.anomaly(() => {
 *   const loss = model.forward(ids).loss
 *   loss.backward()
 *   return loss
 * })
 * await loss.item()   // NonFiniteError: log made a NaN in forward (at blocks.2.norm)
 * @throws {AsyncError} for an async function: the mode would leak into whatever else runs while the function waits.
 */
export declare function anomaly<T>(fn: () => T): T
