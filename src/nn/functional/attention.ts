import { OptionError, ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { checkOptions } from '../../runtime/check-options.js'
import { show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import type { Tensor } from '../../tensor/tensor.js'

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /**
   * Which keys each query may attend to: bool (true = attend) or f32 (added to the scores), of any shape that broadcasts to (B, H, T, S).
   * @default everything
   */
  mask?: Tensor | null
  /**
   * Causal attention: query t attends to keys 0..t. `'bottom-right'` aligns the last query with the last key, for T new tokens after a KV cache.
   * May be combined with `mask`. @default false
   */
  isCausal?: boolean | 'top-left' | 'bottom-right'
  /** Dropout probability of the attention weights. Applied whenever given, as in PyTorch: pass 0 in evaluation. @minimum 0 @maximum 1 @default 0 */
  dropoutP?: number
  /** Factor on the scores q·k. @default 1/√D */
  scale?: number
  /** Grouped-query attention: k and v may have fewer heads than q (a divisor), each shared by a group of query heads. @default false */
  enableGqa?: boolean
  /** Number of valid keys in each batch item, (B) i64; later keys are ignored. @default all */
  lengths?: Tensor | null
  /**
   * Sliding window: a query attends to at most this many keys, up to its own position; earlier keys are hidden and cost no time. Without `isCausal`
   * the window extends to both sides: |s − t| < window. @integer @minimum 1 @default all
   */
  window?: number | null
  /** Caps the scaled scores s smoothly, before masking: `softcap · tanh(s / softcap)`, as in Gemma 2. @exclusiveMinimum 0 @default not */
  softcap?: number | null
  /** Order of the dimensions: `'BHTD'` as in PyTorch, or `'BTHD'`, the order that a projection outputs, which saves two copies. @default 'BHTD' */
  layout?: 'BHTD' | 'BTHD'
}

/**
 * `softmax(scale · q kᵀ + mask) v`, tiled per head: the T × S matrix is never materialized.
 *
 * Shapes: `q (B, H, T, D)`, `k` and `v (B, Hkv, S, D)` → `(B, H, T, D)`; with `layout: 'BTHD'` the middle two are swapped in all four.
 * @example
 * const y = nn.functional.scaledDotProductAttention(q, k, v, { isCausal: true })
 * @throws {ShapeError} when heads or head sizes do not match, or when k has fewer heads than q without `enableGqa`.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const owner = 'nn.functional.scaledDotProductAttention'
  checkOptions(owner, options, schemas.AttentionOptions)
  const layout = options.layout ?? 'BHTD'
  const heads = layout === 'BHTD' ? 1 : 2
  if (q.ndim !== 4 || k.ndim !== 4 || v.ndim !== 4) throw notFourDimensions(owner, layout, [q, k, v])
  if (q.shape[heads] !== k.shape[heads] && !options.enableGqa) throw groupedHeads(owner, q, k)
  const scale = options.scale ?? 1 / Math.sqrt(q.shape[3] || 1)
  const dropoutP = options.dropoutP ?? 0
  const causal = causalCode(options.isCausal ?? false)
  const window = options.window ?? 0
  const softcap = options.softcap ?? 0
  return ops.sdpa(
    q,
    k,
    v,
    options.mask ?? null,
    options.lengths ?? null,
    scale,
    causal,
    dropoutP,
    layout === 'BHTD' ? 0 : 1,
    window,
    softcap,
  )
}

function causalCode(isCausal: boolean | 'top-left' | 'bottom-right'): number {
  if (isCausal === false) return 0
  return isCausal === 'bottom-right' ? 2 : 1
}

function notFourDimensions(owner: string, layout: string, tensors: Tensor[]): ShapeError {
  return new ShapeError({
    what: `${owner}: q, k and v need four dimensions`,
    expected: `q, k, v (${layout.split('').join(', ')})`,
    received: tensors.map(show).join(', '),
    fix: 'split the channels into heads first: reshape([B, T, H, D])',
  })
}

function groupedHeads(owner: string, q: Tensor, k: Tensor): OptionError {
  return new OptionError({
    what: `${owner}: q and k have different numbers of heads`,
    expected: 'as many key heads as query heads, or enableGqa: true',
    received: `q ${show(q)}, k ${show(k)}`,
    fix: 'pass enableGqa: true when the key heads are shared by groups of query heads, and check the layout option',
  })
}
