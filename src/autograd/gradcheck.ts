import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { GradError, OptionError } from '../errors.js'
import { noGrad, refuseAsync } from '../tensor/scope.js'
import { tensor } from '../tensor/make.js'
import { Tensor } from '../tensor/tensor.js'
import { grad } from './grad.js'

/** Options of {@link gradcheck}. */
export interface GradcheckOptions {
  /** Step of the central difference: the input is moved by ±eps. @exclusiveMinimum 0 @default 1e-6 */
  eps?: number
  /** Absolute tolerance. @minimum 0 @default 1e-5 */
  atol?: number
  /** Relative tolerance. @minimum 0 @default 1e-3 */
  rtol?: number
  /** Throw at the first difference; with false, the result is false instead. @default true */
  raiseException?: boolean
}

type Check = (...inputs: Tensor[]) => Tensor | readonly Tensor[]

/** A Jacobian: one row for each element of an output, one column for each element of an input. */
type Jacobian = number[][]

/**
 * Compares the gradients of `fn` with central differences, element by element, for every output and every input that requires a gradient. It also
 * runs backward twice and expects equal results. `fn` is called many times, so it must depend on its inputs alone.
 *
 * @param inputs Those that require a gradient must be f64: differences of f32 results are too inexact. Others are passed to `fn` unchanged.
 * @returns true, or false with `raiseException: false`.
 * @throws {GradError} naming the output, the input and the worst element.
 * @see torch.autograd.gradcheck: same defaults.
 */
export async function gradcheck(
  fn: Check,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<boolean> {
  checkOptions('gradcheck', options, schemas.GradcheckOptions)
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = options
  const checked = inputs.map((t, i) => (t.requiresGrad ? i : -1)).filter((i) => i >= 0)
  checkInputs(inputs, checked)
  const outputs = run(fn, inputs).filter((t) => t.requiresGrad)
  if (outputs.length === 0) {
    throw new GradError({
      what: 'gradcheck: no output requires a gradient',
      expected: 'a function that computes with its inputs',
      received: 'outputs without a graph',
      fix: 'check that the function neither detaches its inputs nor runs under noGrad',
    })
  }
  for (const i of checked) {
    const numerical = await numericalJacobians(fn, inputs, i, eps)
    for (const k of outputs.keys()) {
      const analytical = await analyticalJacobian(fn, inputs, i, k)
      const repeated = await analyticalJacobian(fn, inputs, i, k)
      const error =
        difference(
          analytical,
          repeated,
          k,
          i,
          { atol: 0, rtol: 0 },
          'backward is not deterministic: it gives other numbers the second time',
        ) ??
        difference(analytical, numerical[k]!, k, i, { atol, rtol }, 'the gradient differs from the central difference')
      if (!error) continue
      if (raiseException) throw error
      return false
    }
  }
  return true
}

function checkInputs(inputs: readonly Tensor[], checked: readonly number[]): void {
  const narrow = checked.find((i) => inputs[i]!.dtype !== 'f64')
  if (checked.length > 0 && narrow === undefined) return
  throw new OptionError({
    what:
      narrow === undefined
        ? 'gradcheck: no input requires a gradient'
        : `gradcheck: input ${narrow} is not an f64 tensor`,
    expected: 'f64 inputs with requiresGrad',
    received: narrow === undefined ? `${inputs.length} inputs without` : inputs[narrow]!.dtype,
    fix: "make them with { dtype: 'f64', requiresGrad: true }",
  })
}

/** The outputs of `fn` that have derivatives. */
function run(fn: Check, inputs: readonly Tensor[]): Tensor[] {
  const result = refuseAsync(fn(...inputs), 'gradcheck')
  const list = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]
  const wrong = list.find((t) => !(t instanceof Tensor))
  if (wrong !== undefined || list.length === 0) {
    throw new OptionError({ what: 'gradcheck: the function returned no tensor', expected: 'a tensor or an array of tensors', received: String(wrong), fix: 'return the computed tensors', }) // prettier-ignore
  }
  const single = list.find((t) => t.requiresGrad && t.dtype !== 'f64')
  if (single) {
    throw new OptionError({ what: 'gradcheck: an output is not an f64 tensor', expected: 'f64 from f64 inputs', received: single.dtype, fix: "compute in f64 throughout: a to('f32') inside loses the digits that the comparison needs", }) // prettier-ignore
  }
  return list.filter((t) => t.dtype === 'f64')
}

async function values(t: Tensor): Promise<number[]> {
  return Array.from((await t.data()) as Float64Array)
}

/** For each output, how it changes with each element of input `i`. */
async function numericalJacobians(fn: Check, inputs: readonly Tensor[], i: number, eps: number): Promise<Jacobian[]> {
  const start = await values(inputs[i]!)
  // Only outputs with a gradient are compared, as in the analytical Jacobian.
  const taped = run(fn, inputs).map((t) => t.requiresGrad)
  const jacobians: Jacobian[] = []
  for (const [j, value] of start.entries()) {
    const at = async (x: number): Promise<number[][]> => {
      const moved = tensor(Float64Array.from(start, (v, k) => (k === j ? x : v)), { shape: inputs[i]!.shape, dtype: 'f64' }) // prettier-ignore
      const outputs = noGrad(() => run(fn, inputs.map((t, k) => (k === i ? moved : t)))) // prettier-ignore
      return Promise.all(outputs.filter((_, k) => taped[k]).map(values))
    }
    const [high, low] = [await at(value + eps), await at(value - eps)]
    high.forEach((output, k) => {
      const rows = (jacobians[k] ??= output.map(() => []))
      output.forEach((y, row) => rows[row]!.push((y - low[k]![row]!) / (2 * eps)))
    })
  }
  return jacobians
}

/** The derivatives of output `k` with respect to input `i`: one backward for each element of the output. */
async function analyticalJacobian(fn: Check, inputs: readonly Tensor[], i: number, k: number): Promise<Jacobian> {
  const output = run(fn, inputs).filter((t) => t.requiresGrad)[k]!
  const rows = Array.from({ length: output.numel }, (_, row) => {
    const seed = Float64Array.from({ length: output.numel }, (__, j) => (j === row ? 1 : 0))
    const gradOutputs = tensor(seed, { shape: output.shape, dtype: 'f64' })
    return grad(output, [inputs[i]!], { gradOutputs, retainGraph: true, allowUnused: true })[0]
  })
  return Promise.all(rows.map((row) => (row ? values(row) : new Array<number>(inputs[i]!.numel).fill(0))))
}

/** An error that names the element furthest outside the tolerance; null when all are within it. */
function difference(
  got: Jacobian,
  want: Jacobian,
  output: number,
  input: number,
  { atol, rtol }: { atol: number; rtol: number },
  what: string,
): GradError | null {
  let worst = { excess: 0, row: 0, column: 0 }
  got.forEach((line, row) => {
    line.forEach((value, column) => {
      const other = want[row]![column]!
      const excess = Math.abs(value - other) - (atol + rtol * Math.abs(other))
      // The negated comparison also catches NaN, which counts as the worst.
      if (!(excess <= worst.excess)) worst = { excess: Number.isNaN(excess) ? Infinity : excess, row, column }
    })
  })
  if (worst.excess === 0) return null
  const { row, column } = worst
  return new GradError({
    what: `gradcheck: ${what}`,
    expected: `${want[row]![column]} for element ${row} of output ${output} with respect to element ${column} of input ${input}`,
    received: String(got[row]![column]),
    fix: 'check the backward of the operations that the function uses, or move the inputs away from kinks (relu, abs, max)',
  })
}
