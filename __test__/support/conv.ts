// A plain twin of convolution in any number of dimensions: one product after the other.

/** Numbers with their shape, row by row. */
export interface Dense {
  values: readonly number[]
  shape: readonly number[]
}

/** One number for all dimensions, or one for each. */
export interface Geometry {
  stride?: number | readonly number[]
  padding?: number | readonly number[]
  dilation?: number | readonly number[]
  groups?: number
}

/** `x (N, C, …)`, `weight (O, C / groups, …)`, `bias (O)` → `(N, O, …)`; padding with zeros. */
export function convolution(x: Dense, weight: Dense, bias: readonly number[], options: Geometry = {}): Dense {
  const shape = outputShape(x.shape, weight.shape, options)
  const positions = size(shape.slice(2))
  const values = Array.from({ length: size(shape) }, (_, i) => bias[Math.floor(i / positions) % shape[1]!] ?? 0)
  eachProduct(x.shape, weight.shape, options, (ix, iw, iy) => {
    values[iy]! += x.values[ix]! * weight.values[iw]!
  })
  return { values, shape }
}

/** Calls `f` for every product with the flat indexes of its factors in x and in the weight, and of its sum in y. */
export function eachProduct(
  x: readonly number[],
  weight: readonly number[],
  options: Geometry,
  f: (x: number, weight: number, y: number) => void,
): void {
  const { stride, padding, dilation, groups = 1 } = options
  const [outputs = 0, inputs = 0, ...kernel] = weight
  const y = outputShape(x, weight, options)
  for (const [n = 0, o = 0, ...position] of indexes(y)) {
    const first = Math.floor(o / (outputs / groups)) * inputs
    for (const [c = 0, ...tap] of indexes([inputs, ...kernel])) {
      const from = position.map((p, d) => p * at(stride, d, 1) + tap[d]! * at(dilation, d, 1) - at(padding, d, 0))
      if (from.some((p, d) => p < 0 || p >= x[2 + d]!)) continue
      f(flat([n, first + c, ...from], x), flat([o, c, ...tap], weight), flat([n, o, ...position], y))
    }
  }
}

function outputShape(x: readonly number[], weight: readonly number[], options: Geometry): number[] {
  const [outputs = 0, , ...kernel] = weight
  const sizes = kernel.map((taps, d) => {
    const span = x[2 + d]! + 2 * at(options.padding, d, 0) - at(options.dilation, d, 1) * (taps - 1) - 1
    return Math.floor(span / at(options.stride, d, 1)) + 1
  })
  return [x[0]!, outputs, ...sizes]
}

/** The number of elements of a shape. */
export function size(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1)
}

function at(option: number | readonly number[] | undefined, d: number, unless: number): number {
  return typeof option === 'object' ? option[d]! : (option ?? unless)
}

function flat(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((offset, i, d) => offset * shape[d]! + i, 0)
}

/** Every index into a shape, in order. */
function* indexes(shape: readonly number[]): Iterable<number[]> {
  const [length, ...rest] = shape
  if (length === undefined) yield []
  else for (let i = 0; i < length; i++) for (const tail of indexes(rest)) yield [i, ...tail]
}
