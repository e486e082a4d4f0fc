// Numbers repeated, turned around, and picked by where they lie in a matrix; the methods of Tensor say what each function computes.
import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { dimList } from '../native/arguments.js'
import { dimension, distinct } from './dims.js'
import { integers, upTo } from './host.js'
import type { Tensor } from './tensor.js'

export function repeat(x: Tensor, times: readonly number[]): Tensor {
  if (times.length < x.ndim || !times.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError({
      what: 'repeat: the counts do not fit',
      expected: `${x.ndim} or more whole numbers of 0 or more, one for each dimension`,
      received: `[${times.join(', ')}] for shape (${x.shape.join(', ')})`,
      fix: 'tile() takes fewer counts than dimensions',
    })
  }
  const shape = [...new Array<number>(times.length - x.ndim).fill(1), ...x.shape]
  return x
    .reshape(shape.flatMap((d) => [1, d]))
    .expand(shape.flatMap((d, i) => [times[i]!, d]))
    .reshape(shape.map((d, i) => d * times[i]!))
}

export function tile(x: Tensor, times: readonly number[]): Tensor {
  return repeat(x, [...new Array<number>(Math.max(0, x.ndim - times.length)).fill(1), ...times])
}

export function repeatInterleave(x: Tensor, repeats: number | readonly number[], dim: number | undefined): Tensor {
  if (dim === undefined) return repeatInterleave(x.reshape(-1), repeats, 0)
  const [at, whole] = [dimension(x, dim), (n: number) => Number.isInteger(n) && n >= 0]
  const size = x.shape[at] ?? 1
  const counts = typeof repeats === 'number' ? new Array<number>(size).fill(repeats) : repeats
  if (counts.length !== size || !counts.every(whole)) {
    throw new OptionError({
      what: 'repeatInterleave: the counts do not fit',
      expected: `a whole number of 0 or more, or ${size} of them`,
      received: String(repeats),
      fix: 'give one count for all, or one for each index of the dimension',
    })
  }
  return ops.indexSelect(x, integers(counts.flatMap((n, i) => new Array<number>(n).fill(i))), at)
}

export function flip(x: Tensor, dims: readonly number[]): Tensor {
  return distinct('flip', x, dims).reduce(
    (y, dim) => ops.indexSelect(y, integers(upTo(y.shape[dim]!).toReversed()), dim),
    x,
  )
}

export function roll(
  x: Tensor,
  shifts: number | readonly number[],
  dims: number | readonly number[] | undefined,
): Tensor {
  if (dims === undefined) return roll(x.reshape(-1), shifts, 0).reshape(x.shape)
  const [by, along] = [dimList(shifts), dimList(dims)]
  if (by.length !== along.length || by.length === 0 || !by.every(Number.isInteger)) {
    throw new OptionError({
      what: 'roll: the shifts do not fit the dimensions',
      expected: 'one whole number for each dimension',
      received: `shifts [${by.join(', ')}], dims [${along.join(', ')}]`,
      fix: 'give as many shifts as dims, e.g. roll([1, 2], [0, 1])',
    })
  }
  return along.reduce((y, dim, i) => rolled(y, dimension(x, dim), by[i]!), x)
}

function rolled(x: Tensor, dim: number, shift: number): Tensor {
  const size = x.shape[dim] ?? 1
  const by = size === 0 ? 0 : ((shift % size) + size) % size
  if (by === 0) return x
  return ops.cat([x.narrow(dim, size - by, by), x.narrow(dim, 0, size - by)], dim)
}

export function triu(x: Tensor, diagonal: number): Tensor {
  return triangle('triu', x, diagonal, (offset) => offset.lt(diagonal))
}

export function tril(x: Tensor, diagonal: number): Tensor {
  return triangle('tril', x, diagonal, (offset) => offset.gt(diagonal))
}

/** `x` with 0 where `zero` holds of an element's distance from the main diagonal, positive above it. */
function triangle(op: string, x: Tensor, diagonal: number, zero: (offset: Tensor) => Tensor): Tensor {
  checkWhole(op, 'diagonal', diagonal)
  if (x.ndim < 2) {
    throw new ShapeError({
      what: `${op}: only matrices have triangles`,
      expected: 'at least 2 dimensions',
      received: `shape (${x.shape.join(', ')})`,
      fix: 'reshape it to (…, rows, columns)',
    })
  }
  const [rows, columns] = x.shape.slice(-2) as [number, number]
  const offset = integers(upTo(columns))
    .unsqueeze(0)
    .sub(integers(upTo(rows)).unsqueeze(1))
  return ops.maskedFill(x, zero(offset), 0)
}

export function diagonal(x: Tensor, offset: number, dim1: number, dim2: number): Tensor {
  const [a, b] = distinct('diagonal', x, [dim1, dim2]) as [number, number]
  checkWhole('diagonal', 'offset', offset)
  const rest = upTo(x.ndim).filter((dim) => dim !== a && dim !== b)
  const [rows, columns] = [x.shape[a]!, x.shape[b]!]
  const length = Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)))
  const indices = upTo(length).map((i) => (i - Math.min(offset, 0)) * columns + i + Math.max(offset, 0))
  const kept = rest.map((dim) => x.shape[dim]!)
  const lines = ops.permute(x, [...rest, a, b]).reshape([...kept, rows * columns])
  return ops.indexSelect(lines, integers(indices), rest.length)
}

export function diag(x: Tensor, offset: number): Tensor {
  if (x.ndim === 2) return diagonal(x, offset, 0, 1)
  checkWhole('diag', 'offset', offset)
  if (x.ndim !== 1) {
    throw new ShapeError({
      what: 'diag: only vectors and matrices have one',
      expected: '1 or 2 dimensions',
      received: `shape (${x.shape.join(', ')})`,
      fix: 'use diagonal(offset, dim1, dim2)',
    })
  }
  const [length, size] = [x.shape[0]!, x.shape[0]! + Math.abs(offset)]
  const rows = upTo(length).map((i) => i - Math.min(offset, 0))
  const placed = ops.scatter(ops.full([size], 0, x.dtype), integers(rows), x, 0)
  const columns = integers(upTo(size).map((i) => i - offset))
  const here = columns.unsqueeze(0).eq(integers(upTo(size)).unsqueeze(1))
  return ops.maskedFill(placed.unsqueeze(1).expand(size, size), here.logicalNot(), 0)
}

function checkWhole(op: string, name: string, value: number): void {
  if (Number.isInteger(value)) return
  throw new OptionError({
    what: `${op}: ${name} is not usable`,
    expected: 'a whole number',
    received: String(value),
    fix: 'pass a whole number',
  })
}
