// A plain twin of convolution in any number of dimensions: loops over every place of the output and of the kernel.

/** Numbers with their shape, row by row. */
export interface Dense {
  values: readonly number[]
  shape: readonly number[]
}

/** One number for all dimensions. */
export interface Geometry {
  stride?: number
  padding?: number
  dilation?: number
  groups?: number
}

/** `x (N, C, …)`, `weight (O, C / groups, …)`, `bias (O)` → `(N, O, …)`; padding with zeros. */
export function convolution(x: Dense, weight: Dense, bias: readonly number[], options: Geometry = {}): Dense {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options
  const [count = 0, , ...size] = x.shape
  const [outputs = 0, inputs = 0, ...kernel] = weight.shape
  const outSize = size.map((s, d) => Math.floor((s + 2 * padding - dilation * (kernel[d]! - 1) - 1) / stride) + 1)
  const values: number[] = []
  for (let n = 0; n < count; n++) {
    for (let o = 0; o < outputs; o++) {
      const first = Math.floor(o / (outputs / groups)) * inputs
      for (const at of places(outSize)) {
        let sum = bias[o] ?? 0
        for (let c = 0; c < inputs; c++) {
          for (const k of places(kernel)) {
            const from = at.map((a, d) => a * stride + k[d]! * dilation - padding)
            if (from.some((p, d) => p < 0 || p >= size[d]!)) continue
            sum += pick(x, [n, first + c, ...from]) * pick(weight, [o, c, ...k])
          }
        }
        values.push(sum)
      }
    }
  }
  return { values, shape: [count, outputs, ...outSize] }
}

function pick({ values, shape }: Dense, index: readonly number[]): number {
  return values[index.reduce((offset, i, d) => offset * shape[d]! + i, 0)]!
}

/** Every index into a shape, in order. */
function* places(shape: readonly number[]): Iterable<number[]> {
  const [length, ...rest] = shape
  if (length === undefined) yield []
  else for (let i = 0; i < length; i++) for (const tail of places(rest)) yield [i, ...tail]
}
