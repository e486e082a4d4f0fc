// Converts the masks of nn.MultiheadAttention, where true means ignore, to those of the engine, where true means attend.
import { ShapeError } from '../../errors.js'
import { arange, full, where } from '../../tensor/make.js'
import { noGrad } from '../../tensor/scope.js'
import type { Dtype, Tensor } from '../../tensor/tensor.js'
import { bad, show } from '../../runtime/options.js'

/** Sizes of the attention scores: batch, heads, queries, keys. */
export interface ScoreSizes {
  B: number
  H: number
  T: number
  S: number
}

/** A mask that broadcasts to (B, H, T, S): `allowed` is bool, true = attend; `added` is added to the scores. At most one of the two is set. */
export interface ScoreMask {
  allowed: Tensor | null
  added: Tensor | null
}

/** Combines padding, attention and causal mask. Masks are constants: no gradient flows to them. */
export function combineMasks(
  keyPaddingMask: Tensor | null,
  attnMask: Tensor | null,
  isCausal: boolean,
  sizes: ScoreSizes,
  dtype: Dtype,
): ScoreMask {
  return noGrad(() => {
    const masks: Tensor[] = []
    if (keyPaddingMask) masks.push(paddingMask(keyPaddingMask, sizes))
    if (attnMask) masks.push(pairMask(attnMask, sizes))
    if (isCausal) masks.push(causalMask(sizes))
    if (masks.length === 0) return { allowed: null, added: null }
    if (masks.every((mask) => mask.dtype === 'bool')) {
      return { allowed: masks.reduce((a, b) => a.logicalOr(b)).logicalNot(), added: null }
    }
    return { allowed: null, added: masks.map((mask) => toAdd(mask, dtype)).reduce((a, b) => a.add(b)) }
  })
}

function paddingMask(mask: Tensor, { B, S }: ScoreSizes): Tensor {
  const fits =
    mask.ndim === 2 ? mask.shape[0] === B && mask.shape[1] === S : mask.ndim === 1 && B === 1 && mask.shape[0] === S
  checkMask('keyPaddingMask', mask, fits, `(B, S) = (${B}, ${S})`)
  return mask.reshape([B, 1, 1, S])
}

function pairMask(mask: Tensor, { B, H, T, S }: ScoreSizes): Tensor {
  const [rows, columns] = mask.shape.slice(-2)
  const lead = mask.ndim === 2 || (mask.ndim === 3 && mask.shape[0] === B * H)
  checkMask(
    'attnMask',
    mask,
    lead && rows === T && columns === S,
    `(T, S) = (${T}, ${S}) or (B·H, T, S) = (${B * H}, ${T}, ${S})`,
  )
  return mask.ndim === 2 ? mask.reshape([1, 1, T, S]) : mask.reshape([B, H, T, S])
}

function causalMask({ T, S }: ScoreSizes): Tensor {
  const [query, key] = [arange(0, T, 1, { dtype: 'i64' }), arange(0, S, 1, { dtype: 'i64' })]
  return key.reshape([1, 1, 1, S]).gt(query.reshape([1, 1, T, 1]))
}

function toAdd(mask: Tensor, dtype: Dtype): Tensor {
  if (mask.dtype !== 'bool') return mask.detach().to(dtype)
  const wide = { dtype: dtype === 'f64' ? 'f64' : 'f32' } as const
  return where(mask, full([], -Infinity, wide), full([], 0, wide))
}

function checkMask(name: string, mask: Tensor, fits: boolean, expected: string): void {
  if (mask.dtype === 'i64' || mask.dtype === 'u8') {
    throw bad(
      'nn.MultiheadAttention.forward',
      name,
      'bool, true = ignore, or floating',
      mask,
      `convert it with ${name}.to('bool')`,
    )
  }
  if (fits) return
  throw new ShapeError({
    what: `nn.MultiheadAttention: ${name} does not match the scores`,
    expected: `${name} ${expected}`,
    received: show(mask),
    fix: 'give one entry for each key; in attnMask, one for each pair of query and key',
  })
}
