// How close results must be: all tolerances are defined here.
import type { ExecutionContext } from 'ava'
import type { Tensor } from 'loralib'

export type Values = Tensor | ArrayLike<number>

const TOLERANCE: Record<string, { atol: number; rtol: number }> = {
  f64: { atol: 1e-11, rtol: 1e-9 },
  f32: { atol: 1e-5, rtol: 1e-4 },
  bf16: { atol: 2e-2, rtol: 2e-2 },
  f16: { atol: 3e-3, rtol: 3e-3 },
}

/** The elements of a tensor, row by row, as numbers. */
export async function numbers(values: Values): Promise<number[]> {
  if (!('data' in values)) return Array.from(values)
  return Array.from((await values.data()) as ArrayLike<number | bigint>, Number)
}

/** Same length, and every element within the tolerance of the element type. */
export async function close(t: ExecutionContext, actual: Values, expected: Values, dtype = 'f32'): Promise<void> {
  const [got, want] = [await numbers(actual), await numbers(expected)]
  const { atol, rtol } = TOLERANCE[dtype]!
  t.is(got.length, want.length)
  const worst = got.findIndex((value, i) => !(Math.abs(value - want[i]!) <= atol + rtol * Math.abs(want[i]!)))
  t.is(worst, -1, `element ${worst}: ${got[worst]}, not ${want[worst]}`)
}

/** The same bits, as far as numbers show. */
export async function same(t: ExecutionContext, actual: Values, expected: Values): Promise<void> {
  t.deepEqual(await numbers(actual), await numbers(expected))
}

/** Numbers that seem random and are the same every time: sin of multiples of an odd step. */
export function wave(count: number, step = 0.7, scale = 1): number[] {
  return Array.from({ length: count }, (_, i) => scale * Math.sin(1 + i * step))
}
