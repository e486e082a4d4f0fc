// Generated from src/tensor/scope.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
/** Whether operations are recorded for backward. */
export declare function isGradEnabled(): boolean
/**
 * Runs a function without recording for backward.
 * @throws {AsyncError} for an async function: the setting would apply to other code that runs while it waits.
 */
export declare function noGrad<T>(fn: () => T): T
/** Runs a function with gradients on, even inside {@link noGrad}. */
export declare function enableGrad<T>(fn: () => T): T
/**
 * Runs a function and frees all tensors made in it, except those in its result (arrays and objects of any depth) and those kept with
 * {@link keep}. A training loop does not need it: the forward of a module frees its intermediate results by itself.
 * @throws {AsyncError} for an async function.
 */
export declare function scope<T>(fn: () => T): T
/** Makes a tensor outlive the scope or forward in which it was made. Returns the tensor. */
export declare function keep<T extends Tensor>(tensor: T): T
export {}
