import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { integers, upTo } from './host.js'
import { flat, list } from './operand.js'
import { Shapes } from './shapes.js'

/** Numbers repeated, turned around, and picked by their place in a matrix. */
export abstract class Rearrangement extends Shapes {
  /** The whole tensor side by side with itself, so often along each dimension; more sizes than dimensions add dimensions in front. */
  repeat(...sizes: number[] | [readonly number[]]): Tensor {
    const times = flat(sizes)
    if (times.length < this.ndim || !times.every((n) => Number.isInteger(n) && n >= 0)) {
      throw new ShapeError({
        what: 'repeat: the counts do not fit',
        expected: `${this.ndim} or more whole numbers of 0 or more, one for each dimension`,
        received: `[${times.join(', ')}] for shape (${this.shape.join(', ')})`,
        fix: 'tile() takes fewer counts than dimensions',
      })
    }
    const shape = [...new Array<number>(times.length - this.ndim).fill(1), ...this.shape]
    return this.reshape(shape.flatMap((d) => [1, d]))
      .expand(shape.flatMap((d, i) => [times[i]!, d]))
      .reshape(shape.map((d, i) => d * times[i]!))
  }

  /** As {@link repeat}; missing counts in front are 1. */
  tile(...sizes: number[] | [readonly number[]]): Tensor {
    const times = flat(sizes)
    return this.repeat([...new Array<number>(Math.max(0, this.ndim - times.length)).fill(1), ...times])
  }

  /** Each element so often in a row along a dimension, or in the flattened tensor; a list gives each its own count. */
  repeatInterleave(repeats: number | readonly number[], dim?: number): Tensor {
    if (dim === undefined) return this.reshape(-1).repeatInterleave(repeats, 0)
    const [at, whole] = [this.dimension(dim), (n: number) => Number.isInteger(n) && n >= 0]
    const size = this.shape[at] ?? 1
    const counts = typeof repeats === 'number' ? new Array<number>(size).fill(repeats) : repeats
    if (counts.length !== size || !counts.every(whole)) {
      throw new OptionError({
        what: 'repeatInterleave: the counts do not fit',
        expected: `a whole number of 0 or more, or ${size} of them`,
        received: String(repeats),
        fix: 'give one count for all, or one for each place of the dimension',
      })
    }
    return ops.indexSelect(this, integers(counts.flatMap((n, i) => new Array<number>(n).fill(i))), at)
  }

  /** Back to front along the given dimensions. */
  flip(...dims: number[] | [readonly number[]]): Tensor {
    return this.distinct('flip', flat(dims)).reduce(
      (x, dim) => ops.indexSelect(x, integers(upTo(x.shape[dim]!).toReversed()), dim),
      this.self(),
    )
  }

  /** Moved on by so many places along each given dimension, or in the flattened tensor; what leaves one end comes in at the other. */
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
    if (dims === undefined) {
      return this.reshape(-1)
        .roll(shifts, 0)
        .reshape([...this.shape])
    }
    const [by, along] = [list(shifts), list(dims)]
    if (by.length !== along.length || by.length === 0 || !by.every(Number.isInteger)) {
      throw new OptionError({
        what: 'roll: the shifts do not fit the dimensions',
        expected: 'one whole number for each dimension',
        received: `shifts [${by.join(', ')}], dims [${along.join(', ')}]`,
        fix: 'give as many shifts as dims, e.g. roll([1, 2], [0, 1])',
      })
    }
    return along.reduce((x, dim, i) => rolled(x, this.dimension(dim), by[i]!), this.self())
  }

  /** The numbers on and above a diagonal of the last two dimensions, others 0; a positive `diagonal` lies above the main one. */
  triu(diagonal = 0): Tensor {
    return this.triangle('triu', diagonal, (offset) => offset.lt(diagonal))
  }

  /** The numbers on and below a diagonal of the last two dimensions, others 0. */
  tril(diagonal = 0): Tensor {
    return this.triangle('tril', diagonal, (offset) => offset.gt(diagonal))
  }

  /** The diagonal of two dimensions, as the last one; a positive `offset` lies above the main diagonal. */
  diagonal(offset = 0, dim1 = 0, dim2 = 1): Tensor {
    const [a, b] = this.distinct('diagonal', [dim1, dim2]) as [number, number]
    checkWhole('diagonal', 'offset', offset)
    const rest = upTo(this.ndim).filter((dim) => dim !== a && dim !== b)
    const [rows, columns] = [this.shape[a]!, this.shape[b]!]
    const length = Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)))
    const places = upTo(length).map((i) => (i - Math.min(offset, 0)) * columns + i + Math.max(offset, 0))
    const kept = rest.map((dim) => this.shape[dim]!)
    const lines = ops.permute(this, [...rest, a, b]).reshape([...kept, rows * columns])
    return ops.indexSelect(lines, integers(places), rest.length)
  }

  /** Of a vector: the matrix with it as its diagonal. Of a matrix: its diagonal. */
  diag(offset = 0): Tensor {
    if (this.ndim === 2) return this.diagonal(offset)
    checkWhole('diag', 'offset', offset)
    if (this.ndim !== 1) {
      throw new ShapeError({
        what: 'diag: only vectors and matrices have one',
        expected: '1 or 2 dimensions',
        received: `shape (${this.shape.join(', ')})`,
        fix: 'use diagonal(offset, dim1, dim2)',
      })
    }
    const [length, size] = [this.shape[0]!, this.shape[0]! + Math.abs(offset)]
    const rows = upTo(length).map((i) => i - Math.min(offset, 0))
    const placed = ops.scatter(ops.full([size], 0, this.dtype), integers(rows), this, 0)
    const columns = integers(upTo(size).map((i) => i - offset))
    const here = columns.unsqueeze(0).eq(integers(upTo(size)).unsqueeze(1))
    return ops.maskedFill(placed.unsqueeze(1).expand(size, size), here.logicalNot(), 0)
  }

  /** Dimensions as places from the front, none twice. */
  private distinct(op: string, dims: readonly number[]): number[] {
    const places = dims.map((dim) => this.dimension(dim))
    if (this.ndim > 0 && new Set(places).size === places.length) return places
    throw new OptionError({
      what: `${op}: a dimension is named twice, or there is none`,
      expected: `different dimensions of (${this.shape.join(', ')})`,
      received: `[${dims.join(', ')}]`,
      fix: 'name each dimension once',
    })
  }

  private triangle(op: string, diagonal: number, zero: (offset: Tensor) => Tensor): Tensor {
    checkWhole(op, 'diagonal', diagonal)
    if (this.ndim < 2) {
      throw new ShapeError({
        what: `${op}: only matrices have triangles`,
        expected: 'at least 2 dimensions',
        received: `shape (${this.shape.join(', ')})`,
        fix: 'reshape it to (…, rows, columns)',
      })
    }
    const [rows, columns] = this.shape.slice(-2) as [number, number]
    const offset = integers(upTo(columns))
      .unsqueeze(0)
      .sub(integers(upTo(rows)).unsqueeze(1))
    return ops.maskedFill(this, zero(offset), 0)
  }
}

function rolled(x: Tensor, dim: number, shift: number): Tensor {
  const size = x.shape[dim] ?? 1
  const by = size === 0 ? 0 : ((shift % size) + size) % size
  if (by === 0) return x
  return ops.cat([x.narrow(dim, size - by, by), x.narrow(dim, 0, size - by)], dim)
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
