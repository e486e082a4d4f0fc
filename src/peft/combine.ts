// Sums of the updates of several adapters, as PEFT combines them: task arithmetic, TIES, DARE and pruning by size, and products of low rank by SVD.
import * as ops from '../generated/ops.js'
import { cat, rand, stack, tensor, where, zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'

/** How adapters are combined. The names are those of PEFT. */
export type CombinationType =
  | 'linear'
  | 'cat'
  | 'svd'
  | 'ties'
  | 'ties_svd'
  | 'dare_linear'
  | 'dare_ties'
  | 'dare_linear_svd'
  | 'dare_ties_svd'
  | 'magnitude_prune'
  | 'magnitude_prune_svd'

/** How the sign of a number is elected: by the sum of the values, or by how many are positive and negative. */
export type MajoritySignMethod = 'total' | 'frequency'

/** What of each tensor is kept, and whose sign wins. */
export interface Election {
  density: number
  majoritySignMethod: MajoritySignMethod
}

type Sum = 'linear' | 'ties' | 'dare_linear' | 'dare_ties' | 'magnitude_prune'

/** The weighted sum of tensors of one shape, after what its type leaves out of each. */
export function weightedSum(
  type: Sum,
  tensors: readonly Tensor[],
  weights: readonly number[],
  { density, majoritySignMethod }: Election,
): Tensor {
  const kept = tensors.map((each) => {
    if (type === 'linear') return each
    return type.startsWith('dare') ? prunedAtRandom(each, density) : prunedBySize(each, density)
  })
  const all = stack(kept)
  const factors = tensor([...weights], { dtype: all.dtype as 'f32' })
  const weighted = all.mul(factors.reshape([weights.length, ...tensors[0]!.shape.map(() => 1)]))
  if (!type.endsWith('ties')) return weighted.sum(0)
  const mask = majority(all, majoritySignMethod)
  const count = mask.sum(0)
  return weighted
    .mul(mask)
    .sum(0)
    .div(ops.clamp(count, 1, Infinity))
}

/** The largest values, a share of all; zeros for the others. */
function prunedBySize(x: Tensor, density: number): Tensor {
  const k = Math.floor(density * x.numel)
  if (k >= x.numel) return x
  const flat = x.flatten()
  if (k === 0) return flat.mul(0).reshape(x.shape)
  const [, places] = flat.abs().topk(k)
  return zeros([x.numel], { dtype: x.dtype as 'f32' })
    .scatter(0, places, flat.gather(0, places))
    .reshape(x.shape)
}

/** Each value with the probability `density`, scaled so that the mean stays. */
function prunedAtRandom(x: Tensor, density: number): Tensor {
  if (density >= 1) return x
  return x
    .mul(
      rand([...x.shape])
        .lt(density)
        .to(x.dtype),
    )
    .div(density)
}

/** 1 where a value has the sign that most have, else 0. A sum of 0 elects plus. */
function majority(all: Tensor, method: MajoritySignMethod): Tensor {
  const sign = all.sign()
  const total = (method === 'total' ? all : sign).sum(0)
  return sign.eq(where(total.ge(0), 1, -1).to(all.dtype)).to(all.dtype)
}

/** Factors of a low-rank product B A: `a (r, in)`, `b (out, r)`. */
export interface Product {
  readonly a: Tensor
  readonly b: Tensor
}

/** The best product of rank `r` for a matrix (out, in): B = U S, A = Vᵀ. `clamp` is a quantile of their values beyond which these are cut off. */
export function nearestProduct(matrix: Tensor, r: number, clamp: number | null): Product {
  const [u, s, v] = ops.svd(matrix)
  return clamped(u.narrow(1, 0, r).mul(s.narrow(0, 0, r)), v.narrow(1, 0, r).transpose(0, 1), clamp)
}

/** The same for Σ B A, from the factors: the decomposition is that of a small matrix. */
export function nearestOfProducts(products: readonly Product[], r: number, clamp: number | null): Product {
  const [a, b] = [
    cat(products.map((each) => each.a)),
    cat(
      products.map((each) => each.b),
      1,
    ),
  ]
  const [rows, columns] = [b.shape[0]!, a.shape[1]!]
  if (a.shape[0]! >= Math.min(rows, columns)) return nearestProduct(b.matmul(a), r, clamp)
  const [qb, rb] = ops.qr(b)
  const [qa, ra] = ops.qr(a.transpose(0, 1))
  const [u, s, v] = ops.svd(rb.matmul(ra.transpose(0, 1)))
  const known = Math.min(r, s.shape[0]!)
  const left = qb.matmul(u.narrow(1, 0, known).mul(s.narrow(0, 0, known)))
  const right = qa.matmul(v.narrow(1, 0, known)).transpose(0, 1)
  return clamped(padded(left, 1, r), padded(right, 0, r), clamp)
}

/** A tensor with zeros after its end along a dimension. */
export function padded(x: Tensor, dim: 0 | 1, size: number): Tensor {
  const missing = size - x.shape[dim]!
  if (missing === 0) return x
  const shape = x.shape.map((n, i) => (i === dim ? missing : n))
  return cat([x, zeros(shape, { dtype: x.dtype as 'f32' })], dim)
}

function clamped(b: Tensor, a: Tensor, clamp: number | null): Product {
  if (clamp === null) return { a, b }
  const [sorted] = cat([b.flatten(), a.flatten()]).sort(0)
  const place = clamp * (sorted.numel - 1)
  const [low, high] = [Math.floor(place), Math.ceil(place)].map((at) => sorted.narrow(0, at, 1).reshape([])) as [
    Tensor,
    Tensor,
  ]
  const bound = low.add(high.sub(low).mul(place - Math.floor(place)))
  const cut = (x: Tensor) => ops.maximum(ops.minimum(x, bound), bound.mul(-1))
  return { a: cut(a), b: cut(b) }
}
