// Generated from src/nn/functional/dropout.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** Zeroes each element with probability `p` and divides the others by 1 − p. Returns `x` itself when not training. */
export declare function dropout(x: Tensor, p?: number, training?: boolean): Tensor
/** Like {@link dropout}, but zeroes whole channels of `(N, C, L)` or `(C, L)`. */
export declare function dropout1d(x: Tensor, p?: number, training?: boolean): Tensor
/** Like {@link dropout}, but zeroes whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)`. */
export declare function dropout2d(x: Tensor, p?: number, training?: boolean): Tensor
/** Like {@link dropout}, but zeroes whole channels of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare function dropout3d(x: Tensor, p?: number, training?: boolean): Tensor
