// Products by pairs: about log2(n) operations on whole tensors, whose gradients are right where a factor is 0.
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'

/** The product along a dimension. */
export function productAlong(x: Tensor, dim: number, keepdim: boolean): Tensor {
  let factors = multipliable(x)
  if (x.ndim === 0) return factors
  const one = x.shape.map((d, i) => (i === dim ? 1 : d))
  if (x.shape[dim] === 0) factors = ops.full(one, 1, factors.dtype)
  for (let n = factors.shape[dim]!; n > 1; n = factors.shape[dim]!) {
    const half = n >> 1
    const pairs = factors.narrow(dim, 0, half).mul(factors.narrow(dim, half, half))
    factors = n % 2 === 0 ? pairs : ops.cat([pairs, factors.narrow(dim, n - 1, 1)], dim)
  }
  return keepdim ? factors : factors.squeeze(dim)
}

/** The running product: after step k, each element is the product of the last 2^k factors up to it (Hillis and Steele 1986). */
export function cumulativeProduct(x: Tensor, dim: number): Tensor {
  let y = multipliable(x)
  const n = x.shape[dim] ?? 1
  for (let step = 1; step < n; step *= 2) {
    const longer = y.narrow(dim, step, n - step).mul(y.narrow(dim, 0, n - step))
    y = ops.cat([y.narrow(dim, 0, step), longer], dim)
  }
  return y
}

function multipliable(x: Tensor): Tensor {
  return x.dtype === 'bool' || x.dtype === 'u8' ? x.to('i64') : x
}
