// Generated from src/nn/functional/activations.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** `x · Φ(x)`; `'tanh'` is the approximation that GPT-2 calls `gelu_new`. */
export declare function gelu(x: Tensor, approximate?: 'none' | 'tanh'): Tensor
/** `x · σ(x)`. */
export declare function silu(x: Tensor): Tensor
/** `max(x, 0)`. */
export declare function relu(x: Tensor): Tensor
/** `tanh(x)`. */
export declare function tanh(x: Tensor): Tensor
/** `1 / (1 + e⁻ˣ)`. */
export declare function sigmoid(x: Tensor): Tensor
/** `eˣ / Σ eˣ` along `dim`. */
export declare function softmax(x: Tensor, dim: number): Tensor
/** `x − log Σ eˣ` along `dim`. */
export declare function logSoftmax(x: Tensor, dim: number): Tensor
/** `x` where it is positive, else `negativeSlope · x`. */
export declare function leakyRelu(x: Tensor, negativeSlope?: number): Tensor
/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
export declare function elu(x: Tensor, alpha?: number): Tensor
/** `log(1 + e^(beta·x)) / beta`, a smooth ReLU; `x` itself where `beta · x` is above `threshold`. */
export declare function softplus(x: Tensor, beta?: number, threshold?: number): Tensor
/** `log(1 / (1 + e⁻ˣ))`. */
export declare function logSigmoid(x: Tensor): Tensor
/**
 * `silu(gate) · up`, the gate of Llama's feed-forward (SwiGLU), in one pass: silu(gate) is neither written to memory nor saved for backward.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export declare function siluMul(gate: Tensor, up: Tensor): Tensor
/** `x · tanh(softplus(x))` (Misra 2019). */
export declare function mish(x: Tensor): Tensor
/** `x` clamped to [minVal, maxVal]; unlike with `clamp`, the gradient is 0 at the bounds themselves. */
export declare function hardtanh(x: Tensor, minVal?: number, maxVal?: number): Tensor
/** `min(max(x, 0), 6)`. */
export declare function relu6(x: Tensor): Tensor
/** `x · relu6(x + 3) / 6` (Howard et al. 2019), close to `silu` without its exponential; as in PyTorch, the gradient is 0 at −3 and 1 at 3. */
export declare function hardswish(x: Tensor): Tensor
/**
 * `x` where it is positive, else `weight · x`: one slope for all, or one for each channel (the second dimension).
 * @throws {ShapeError} when the number of slopes is neither 1 nor C.
 */
export declare function prelu(x: Tensor, weight: Tensor): Tensor
/** The first half of a dimension times σ of the second (Dauphin et al. 2017). @throws {ShapeError} for a dimension of odd size. */
export declare function glu(x: Tensor, dim?: number): Tensor
