// Generated from src/tensor/scope.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
/** Whether operations are recorded for backward. */
export declare function isGradEnabled(): boolean
/**
 * Runs a function whose results need no gradient.
 * @throws {AsyncError} for an async function: its state would leak into whatever runs while it waits.
 */
export declare function noGrad<T>(fn: () => T): T
/** Runs a function with gradients on, inside noGrad. */
export declare function enableGrad<T>(fn: () => T): T
/**
 * Runs a function and frees every tensor it made, but for those in its result (any depth of arrays and objects) and those kept with
 * {@link keep}. A training loop does not need it: the forward of a module frees what it made by itself.
 * @throws {AsyncError} for an async function.
 */
export declare function scope<T>(fn: () => T): T
/** Lets a tensor outlive the scope or forward that made it. Returns it. */
export declare function keep<T extends Tensor>(tensor: T): T
