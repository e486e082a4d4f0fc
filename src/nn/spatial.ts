// What layers over spatial dimensions share: sizes as one number or one a dimension, and inputs without a batch.
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bad, show } from './options.js'

/** One size for all spatial dimensions, or a list with one for each. */
export type Sizes = number | readonly number[]

/** Sizes as a list with one for each spatial dimension, each a whole number of at least `min`. */
export function checkSizes(
  owner: string,
  name: string,
  value: unknown,
  spatial: number,
  min: number,
): readonly number[] {
  const list: unknown = typeof value === 'number' ? new Array<number>(spatial).fill(value) : value
  const fits = (n: unknown): n is number => typeof n === 'number' && Number.isInteger(n) && n >= min
  if (Array.isArray(list) && list.length === spatial && list.every(fits)) return Object.freeze([...list])
  const many = spatial === 1 ? '' : `, or a list of ${spatial}`
  throw bad(owner, name, `an integer, ${min} or more${many}`, value)
}

const PLACES = ['L', 'H, W', 'D, H, W'] as const

/** `x` as (N, C, *spatial), and what takes a batch of one away again from a result. An `x` (C, *spatial) has no batch. */
export function toBatch(owner: string, x: Tensor, spatial: number): [x: Tensor, undo: (y: Tensor) => Tensor] {
  if (x.ndim === spatial + 2) return [x, (y) => y]
  if (x.ndim === spatial + 1) return [x.unsqueeze(0), (y) => y.squeeze(0)]
  const places = PLACES[spatial - 1]!
  throw new ShapeError({
    what: `${owner}: x has the wrong number of dimensions`,
    expected: `x (N, C, ${places}) or (C, ${places})`,
    received: `x ${show(x)}`,
    fix: `use the layer for ${x.ndim > spatial + 2 ? 'more' : 'fewer'} dimensions, or reshape x`,
  })
}

/** One number a channel, shaped to broadcast against `x` (N, C, ...). */
export function perChannel(values: Tensor, x: Tensor): Tensor {
  return values.reshape([values.numel, ...new Array<number>(x.ndim - 2).fill(1)])
}
