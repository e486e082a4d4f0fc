import { IndexError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { tensor } from './make.js'
import type { Tensor } from './tensor.js'

/** One index of Python's `x[…]`: a number, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
export type Index = number | readonly [start: number | null, stop?: number | null, step?: number] | null | '...'

/** `x[index]` by Python's rules. */
export function indexed(x: Tensor, index: readonly Index[]): Tensor {
  const used = index.filter((i) => i !== null && i !== '...').length
  const dots = index.indexOf('...')
  if (used > x.ndim || index.lastIndexOf('...') !== dots) {
    throw new IndexError({
      what: 'at: more indexes than dimensions',
      expected: `at most ${x.ndim} and one '...'`,
      received: JSON.stringify(index),
      fix: 'leave some out; null adds a dimension and does not count',
    })
  }
  const all: Index[] = [...index]
  const fill = Array.from({ length: x.ndim - used }, (): Index => [null, null])
  if (dots >= 0) all.splice(dots, 1, ...fill)
  let result = x
  // Sizes of the result in order; a number drops its dimension, null adds one.
  const shape: number[] = []
  let dim = 0
  for (const item of all) {
    if (item === null) {
      shape.push(1)
    } else if (typeof item === 'number') {
      result = pick(result, dim, item)
      dim++
    } else if (!Array.isArray(item)) {
      throw new IndexError({
        what: 'at: this is not an index',
        expected: "a number, [start, stop, step?], null or '...'",
        received: String(item),
        fix: 'for a list of indexes use indexSelect(dim, lora.tensor([0n, 2n])), for a mask maskedSelect(mask)',
      })
    } else {
      result = cut(result, dim, item as readonly [number | null, (number | null)?, number?])
      shape.push(result.shape[dim]!)
      dim++
    }
  }
  shape.push(...result.shape.slice(dim))
  return ops.reshape(result, shape)
}

function pick(x: Tensor, dim: number, index: number): Tensor {
  const size = x.shape[dim]!
  const at = index < 0 ? index + size : index
  if (!Number.isInteger(at) || at < 0 || at >= size) {
    throw new IndexError({
      what: 'at: the index is out of range',
      expected: `an integer from ${-size} to ${size - 1} in dimension ${dim}`,
      received: String(index),
      fix: 'indexes count from 0, or from -1 at the end; check which dimension this index is for',
    })
  }
  return ops.slice(x, dim, at, at + 1, 1)
}

function cut(
  x: Tensor,
  dim: number,
  [start, stop, step = 1]: readonly [number | null, (number | null)?, number?],
): Tensor {
  const size = x.shape[dim]!
  if (step < 0 && Number.isInteger(step)) return backwards(x, dim, start, stop ?? null, step)
  const whole = (start ?? 0) === 0 && (stop ?? size) >= size && step === 1
  return whole ? x : ops.slice(x, dim, start ?? 0, stop ?? size, step)
}

/** Python's `x[start:stop:step]` with a negative step: from the end, or from `start`, down to the index after `stop`. */
function backwards(x: Tensor, dim: number, start: number | null, stop: number | null, step: number): Tensor {
  const size = x.shape[dim]!
  const inside = (i: number): number => Math.max(-1, Math.min(size - 1, i < 0 ? i + size : i))
  const from = start === null ? size - 1 : inside(start)
  const end = stop === null ? -1 : inside(stop)
  const count = Math.max(0, Math.ceil((end - from) / step))
  return ops.indexSelect(x, tensor(BigInt64Array.from({ length: count }, (_, i) => BigInt(from + i * step))), dim)
}
