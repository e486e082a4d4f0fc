// Plain twins of the layers, on nested arrays, one loop per sum.

export type Matrix = number[][]

/** Splits numbers into rows. */
export function rows(values: readonly number[], width: number): Matrix {
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width))
}

/** `a b`. */
export function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)))
}

export function transposed(a: Matrix): Matrix {
  return a[0]!.map((_, j) => a.map((row) => row[j]!))
}

export function plus(a: Matrix, b: Matrix, scale = 1): Matrix {
  return a.map((row, i) => row.map((x, j) => x + scale * b[i]![j]!))
}

/** `x Wᵀ + bias + scaling · x Aᵀ Bᵀ`. */
export function loraLinear(x: Matrix, w: Matrix, bias: number[], a: Matrix, b: Matrix, scaling: number): Matrix {
  const base = product(x, transposed(w)).map((row) => row.map((y, j) => y + bias[j]!))
  return plus(base, product(product(x, transposed(a)), transposed(b)), scaling)
}
