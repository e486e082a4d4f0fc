// Generated from src/nn/functional/activations.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** `x` where it is positive, else `negativeSlope · x`. */
export declare function leakyRelu(x: Tensor, negativeSlope?: number): Tensor
/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
export declare function elu(x: Tensor, alpha?: number): Tensor
/** `log(1 + e^(beta·x)) / beta`, a smooth ReLU; `x` itself where `beta · x` is above `threshold`. */
export declare function softplus(x: Tensor, beta?: number, threshold?: number): Tensor
/** `log(1 / (1 + e⁻ˣ))`. */
export declare function logSigmoid(x: Tensor): Tensor
/**
 * `silu(gate) · up`, the gate of Llama's feed-forward (SwiGLU), in one pass: the silu is neither written nor kept for backward.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export declare function siluMul(gate: Tensor, up: Tensor): Tensor
/** `x · tanh(softplus(x))` (Misra 2019). */
export declare function mish(x: Tensor): Tensor
/** `x` held between two bounds; unlike `clamp`, no gradient passes at the bounds themselves. */
export declare function hardtanh(x: Tensor, minVal?: number, maxVal?: number): Tensor
/** `min(max(x, 0), 6)`. */
export declare function relu6(x: Tensor): Tensor
/**
 * `x` where it is positive, else `weight · x`: one slope for all, or one for each channel (the second dimension).
 * @throws {ShapeError} when there are other than 1 or C slopes.
 */
export declare function prelu(x: Tensor, weight: Tensor): Tensor
/** The first half of a dimension times σ of the second (Dauphin et al. 2017). @throws {ShapeError} for an odd dimension. */
export declare function glu(x: Tensor, dim?: number): Tensor
/** As {@link dropout}, whole channels of `(N, C, L)` or `(C, L)` at a time. */
export declare function dropout1d(x: Tensor, p?: number, training?: boolean): Tensor
/** As {@link dropout}, whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)` at a time. */
export declare function dropout2d(x: Tensor, p?: number, training?: boolean): Tensor
/** As {@link dropout}, whole channels of `(N, C, D, H, W)` or `(C, D, H, W)` at a time. */
export declare function dropout3d(x: Tensor, p?: number, training?: boolean): Tensor
