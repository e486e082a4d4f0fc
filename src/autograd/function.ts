import { attachBlock } from '../tensor/backward.js'
import type { BlockBackward } from '../tensor/backward.js'
import { DtypeError, GradError, OptionError, ShapeError } from '../errors.js'
import { zeros } from '../tensor/make.js'
import { detach } from '../native/tensor.js'
import { isGradEnabled, keepIn, nextEnd, popFrame, pushFrame, tensorsIn, wasMadeIn, withGrad } from '../tensor/scope.js'
import type { Frame } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'
import type { Dtype } from '../tensor/tensor.js'

/** What `backward` returns: a gradient for each argument of `forward`, null for one that gets none; alone when there is one argument. */
export type Gradients = Tensor | null | undefined | readonly (Tensor | null | undefined)[]

/** What `apply` needs of a class: its two static methods. */
interface FunctionClass {
  readonly name: string
  forward(ctx: FunctionContext, ...inputs: never[]): unknown
  backward(ctx: FunctionContext, ...gradOutputs: never[]): Gradients
}

type InputsOf<F extends FunctionClass> = F['forward'] extends (ctx: never, ...inputs: infer I) => unknown ? I : never

/**
 * What `forward` leaves for `backward`. Fields of your own may hold numbers, flags and shapes; tensors go through {@link saveForBackward}, so
 * that a change in place is noticed and nothing is kept alive in a circle.
 */
export class FunctionContext {
  /** For each argument of `forward`, whether it is a tensor that requires a gradient. */
  readonly needsInputGrad: readonly boolean[]
  #toSave: readonly (Tensor | null)[] = []
  #saved: readonly number[] | null = null
  readonly #nonDifferentiable = new Set<Tensor>()
  #materialize = true;
  [field: string]: unknown

  /** @internal */
  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad
  }

  /** Keeps inputs, outputs or what lies between for `backward`. Called once, in `forward`; null keeps a place empty. */
  saveForBackward(...tensors: (Tensor | null)[]): void {
    this.#toSave = tensors
  }

  /** What was saved, in its order, without a graph. In `backward` only. */
  get savedTensors(): Tensor[] {
    if (this.#saved === null) {
      throw new GradError({
        what: 'savedTensors: nothing can be read here',
        expected: 'a read in backward',
        received: 'a read in forward, or after backward ended',
        fix: 'in forward use the tensors themselves',
      })
    }
    let next = 0
    const saved = this.#saved
    // A place left empty reads as null; the type says what nearly everybody has.
    return this.#toSave.map((t) => (t === null ? null : detach(saved[next++]!))) as Tensor[]
  }

  /** Says that these outputs have no gradient. Integers have none anyway. */
  markNonDifferentiable(...outputs: Tensor[]): void {
    for (const output of outputs) this.#nonDifferentiable.add(output)
  }

  /** With false, `backward` gets null in place of zeros for an output that nothing depends on. */
  setMaterializeGrads(on: boolean): void {
    this.#materialize = on
  }

  /** @internal Ends forward: what was saved, and what has no gradient. */
  static close(ctx: FunctionContext): { saved: Tensor[]; plain: ReadonlySet<Tensor>; materialize: boolean } {
    const saved = ctx.#toSave.filter((t) => t !== null)
    const plain = new Set(ctx.#nonDifferentiable)
    // From here on only the positions count: a wrapper kept here would keep its own graph alive.
    ctx.#toSave = ctx.#toSave.map((t) => (t === null ? null : EMPTY))
    ctx.#nonDifferentiable.clear()
    return { saved, plain, materialize: ctx.#materialize }
  }

  /** @internal Runs backward with what was saved. */
  static open<T>(ctx: FunctionContext, saved: readonly number[], run: () => T): T {
    ctx.#saved = saved
    try {
      return run()
    } finally {
      ctx.#saved = null
    }
  }
}

const EMPTY = Object.create(null) as Tensor

/**
 * An operation with a gradient of your own. Both methods work on tensors and record nothing for backward; what they make is freed when they
 * end, but for results, what `ctx` saves or holds, and `lora.keep(t)`.
 *
 * @example
 * class Cube extends lora.Function {
 *   static override forward(ctx: lora.FunctionContext, x: lora.Tensor) {
 *     ctx.saveForBackward(x)
 *     return x.mul(x).mul(x)
 *   }
 *   static override backward(ctx: lora.FunctionContext, grad: lora.Tensor) {
 *     const [x] = ctx.savedTensors
 *     return grad.mul(x!.square().mul(3))
 *   }
 * }
 * const y = Cube.apply(x)
 *
 * @see torch.autograd.Function; `lora.gradcheck` tests one against numbers.
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the two methods of a subclass belong together, as in PyTorch
export abstract class Function {
  /** Computes the result, a tensor or an array with tensors, from any arguments; those that are tensors themselves can get gradients. */
  static forward(_ctx: FunctionContext, ..._inputs: never[]): unknown {
    throw missing(this.name, 'forward')
  }

  /**
   * The gradients of the arguments from those of the outputs: of each argument's shape and dtype (f32 for half types), null for none. An output
   * that nothing depends on has a gradient of zeros.
   */
  static backward(_ctx: FunctionContext, ..._gradOutputs: never[]): Gradients {
    throw missing(this.name, 'backward')
  }

  /**
   * Runs `forward`, and lets backward go through `backward` when an input requires a gradient.
   * @throws {GradError} when `forward` changes an input in place; at backward, when the number of gradients is wrong.
   * @throws {ShapeError} {@link DtypeError} at backward, for a gradient that does not fit its input.
   */
  static apply<F extends FunctionClass>(this: F, ...inputs: InputsOf<F>): ReturnType<F['forward']> {
    const args = inputs as readonly unknown[]
    checkNested(this.name, args)
    const ctx = new FunctionContext(args.map((x) => x instanceof Tensor && x.requiresGrad))
    const versions = args.map((x) => (x instanceof Tensor ? x.version : 0))
    const frame = pushFrame()
    const end = nextEnd()
    try {
      let result = withGrad(false, () => this.forward(ctx, ...(args as never[])), `${this.name}.forward`)
      if (isGradEnabled() && ctx.needsInputGrad.includes(true)) {
        checkVersions(this.name, args, versions)
        result = attach(this, ctx, args, result, frame)
      }
      keepIn(result, end)
      keepIn(ctx, end)
      return result as ReturnType<F['forward']>
    } finally {
      popFrame(frame, end, `${this.name}.apply`)
    }
  }
}

/** What backward must know of an argument or an output. */
interface TensorPosition {
  readonly index: number
  readonly shape: readonly number[]
  readonly dtype: Dtype
}

/** Ties the outputs to the inputs through the function's backward. */
function attach(fn: FunctionClass, ctx: FunctionContext, args: readonly unknown[], result: unknown, frame: Frame) {
  const outputs: unknown[] = Array.isArray(result) ? [...(result as unknown[])] : [result]
  const { saved, plain, materialize } = FunctionContext.close(ctx)
  const tied: Tensor[] = []
  outputs.forEach((output, i) => {
    if (!(output instanceof Tensor)) return
    if (!isFloat(output.dtype) || plain.has(output)) {
      if (output.requiresGrad) outputs[i] = output.detach()
      return
    }
    // One that is an input, or was there before, must not lose the graph that it has.
    const own = wasMadeIn(frame, output) && !output.requiresGrad && !tied.includes(output)
    outputs[i] = own ? output : output.detach()
    tied.push(outputs[i] as Tensor)
  })
  if (!outputs.some((x) => x instanceof Tensor)) throw noOutput(fn.name, result)
  if (tied.length > 0) {
    const inputs = positionsOf(args).filter(({ index }) => isFloat((args[index] as Tensor).dtype))
    const outs = positionsOf(outputs)
    const slots = outputs.map((x) => tied.indexOf(x as Tensor))
    const run = { fn, ctx, inputs, outs, slots, count: args.length, materialize }
    const sources = inputs.map(({ index }) => args[index] as Tensor)
    attachBlock(sources, tied, answering(run), { saved, name: `${fn.name}.backward` })
  }
  return Array.isArray(result) ? outputs : outputs[0]
}

interface Run {
  readonly fn: FunctionClass
  readonly ctx: FunctionContext
  readonly inputs: readonly TensorPosition[]
  readonly outs: readonly TensorPosition[]
  /** For each output, its index among the gradients that come; -1 for one that has none. */
  readonly slots: readonly number[]
  readonly count: number
  readonly materialize: boolean
}

/** The block's backward, made where no tensor is in reach: one that it kept would keep its own graph alive. */
function answering(run: Run): BlockBackward {
  return (grads, saved) => backwardOf(run, grads, saved)
}

function backwardOf(run: Run, grads: (Tensor | null)[], saved: readonly number[]): (Tensor | null)[] {
  const { fn, ctx } = run
  const gradOutputs = run.slots.map((slot) => grads[slot] ?? null)
  if (run.materialize) {
    for (const { index, shape, dtype } of run.outs) gradOutputs[index] ??= zeros(shape, { dtype: gradDtype(dtype) })
  }
  const compute = (): Gradients => fn.backward(ctx, ...(gradOutputs as never[]))
  const result = FunctionContext.open(ctx, saved, () => withGrad(false, compute, `${fn.name}.backward`))
  const list = Array.isArray(result) ? (result as readonly (Tensor | null | undefined)[]) : [result as Tensor | null]
  checkCount(run, list)
  return run.inputs.map((position) => checkGrad(run, position, list[position.index] ?? null))
}

function checkCount({ fn, inputs, count }: Run, list: readonly unknown[]): void {
  const extra = list.slice(count).some((grad) => grad !== null && grad !== undefined)
  if (list.length < count || extra) {
    throw new GradError({
      what: `${fn.name}.backward returned a wrong number of gradients`,
      expected: `${count}, one for each argument of forward`,
      received: `${list.length}`,
      fix: 'return null for an argument that gets no gradient',
    })
  }
  const positions = new Set(inputs.map(({ index }) => index))
  const stray = list.findIndex((grad, i) => grad !== null && grad !== undefined && !positions.has(i))
  if (stray < 0) return
  throw new GradError({
    what: `${fn.name}.backward returned a gradient for argument ${stray}, which can have none`,
    expected: 'null for arguments that are no floating-point tensors',
    received: `a gradient for argument ${stray}`,
    fix: 'return null in its place',
  })
}

function checkGrad({ fn, ctx }: Run, { index, shape, dtype }: TensorPosition, grad: Tensor | null): Tensor | null {
  if (grad === null || !ctx.needsInputGrad[index]) return null
  const what = `${fn.name}.backward: the gradient of argument ${index} does not fit it`
  if (!(grad instanceof Tensor))
    throw new OptionError({
      what,
      expected: 'a tensor or null',
      received: String(grad),
      fix: 'return the gradient as a tensor, or null for none',
    })
  if (grad.shape.join() !== shape.join()) {
    throw new ShapeError({
      what,
      expected: `shape (${shape.join(', ')})`,
      received: `shape (${grad.shape.join(', ')})`,
      fix: 'sum over the dimensions that broadcasting added',
    })
  }
  if (grad.dtype !== gradDtype(dtype)) {
    throw new DtypeError({ what, expected: gradDtype(dtype), received: grad.dtype, fix: 'convert it with to()' })
  }
  return grad
}

function isFloat(dtype: Dtype): boolean {
  return dtype === 'f32' || dtype === 'f64' || dtype === 'bf16' || dtype === 'f16'
}

/** Gradients of half types are f32. */
function gradDtype(dtype: Dtype): Dtype {
  return dtype === 'bf16' || dtype === 'f16' ? 'f32' : dtype
}

function positionsOf(values: readonly unknown[]): TensorPosition[] {
  return values.flatMap((x, index) => (x instanceof Tensor ? [{ index, shape: x.shape, dtype: x.dtype }] : []))
}

/** A trainable tensor inside an array or object would be cut off from the graph without a word. */
function checkNested(name: string, args: readonly unknown[]): void {
  args.forEach((arg, i) => {
    if (arg instanceof Tensor || typeof arg !== 'object' || arg === null) return
    if (![...tensorsIn(arg)].some((t) => !t.isDisposed && t.requiresGrad)) return
    throw new OptionError({
      what: `${name}.apply: a tensor that requires a gradient lies inside argument ${i}`,
      expected: 'such tensors as arguments of their own',
      received: 'an array or object that holds one',
      fix: 'pass it as an argument of its own, or detach() it',
    })
  })
}

function checkVersions(name: string, args: readonly unknown[], versions: readonly number[]): void {
  const changed = args.findIndex((x, i) => x instanceof Tensor && x.version !== versions[i])
  if (changed < 0) return
  throw new GradError({
    what: `${name}.forward changed argument ${changed} in place`,
    expected: 'inputs that stay as they are',
    received: 'a newer version of the input',
    fix: 'work on a clone()',
  })
}

function noOutput(name: string, result: unknown): OptionError {
  return new OptionError({
    what: `${name}.forward returned no tensor`,
    expected: 'a tensor, or an array with tensors',
    received: Array.isArray(result) ? 'an array without tensors' : typeof result,
    fix: 'return the result; what is no tensor belongs in a field of ctx',
  })
}

function missing(name: string, method: string): OptionError {
  return new OptionError({
    what: `${name || 'lora.Function'} has no ${method}`,
    expected: `static ${method}(ctx, …)`,
    fix: 'extend lora.Function with a static forward and a static backward',
    received: 'a class without it',
  })
}
