// Generated from src/nn/functional/attention.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /**
   * What each query may look at: bool (true = attend) or f32 (added to the scores); any shape that broadcasts to (B, H, T, S).
   * @default everything
   */
  mask?: Tensor | null
  /**
   * Query t attends to keys 0..t. `'bottom-right'` aligns the last query with the last key: for T new tokens behind a cache.
   * May be combined with `mask`. @default false
   */
  isCausal?: boolean | 'top-left' | 'bottom-right'
  /** Probability of dropping a weight. Applied whenever given, as in PyTorch: pass 0 when not training. @minimum 0 @maximum 1 @default 0 */
  dropoutP?: number
  /** Factor on q·k. @default 1/√D */
  scale?: number
  /** Let k and v have fewer heads than q (a divisor): each is shared by a group of query heads. @default false */
  enableGqa?: boolean
  /** Number of keys that count in each row of the batch, (B) i64; keys behind it are ignored. @default all */
  lengths?: Tensor | null
  /**
   * How many keys a query sees at most, up to its own place: those in front of them are hidden, and cost nothing. Without `isCausal` it sees as many
   * behind its place, too: |s − t| < window. @integer @minimum 1 @default all
   */
  window?: number | null
  /** Bends the scaled scores s to `softcap · tanh(s / softcap)` before the masks, as Gemma 2 does. @exclusiveMinimum 0 @default not */
  softcap?: number | null
  /** Order of the dimensions: `'BHTD'` as PyTorch, or `'BTHD'`, the order a projection writes, which saves two copies. @default 'BHTD' */
  layout?: 'BHTD' | 'BTHD'
}
/**
 * `softmax(scale · q kᵀ + mask) v`, tiled per head: the T × S matrix never lies in memory.
 *
 * Shapes: `q (B, H, T, D)`, `k` and `v (B, Hkv, S, D)` → `(B, H, T, D)`; with `layout: 'BTHD'` the middle two are swapped in all four.
 * @example
 * const y = nn.functional.scaledDotProductAttention(q, k, v, { isCausal: true })
 * @throws {ShapeError} when heads or head sizes do not fit, or when k has fewer heads than q without `enableGqa`.
 */
export declare function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions): Tensor
