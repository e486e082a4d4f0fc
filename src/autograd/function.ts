import { attachBlock } from '../tensor/backward.js'
import type { BlockBackward } from '../tensor/backward.js'
import { DtypeError, GradError, OptionError, ShapeError } from '../errors.js'
import { zeros } from '../tensor/make.js'
import { detach } from '../native/tensor.js'
import { isGradEnabled, keepIn, nextEnd, popFrame, pushFrame, tensorsIn, wasMadeIn, withGrad } from '../tensor/scope.js'
import type { Frame } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'
import { isFloat } from '../tensor/dtype.js'
import type { Dtype } from '../tensor/tensor.js'

/**
 * What `backward` returns: an array with a gradient for each argument of `forward`, null for an argument without one. With one argument, the gradient
 * itself may be returned.
 */
export type Gradients = Tensor | null | undefined | readonly (Tensor | null | undefined)[]

/** What `apply` needs from a class: its two static methods. */
interface FunctionClass {
  readonly name: string
  forward(ctx: FunctionContext, ...inputs: never[]): unknown
  backward(ctx: FunctionContext, ...gradOutputs: never[]): Gradients
}

type InputsOf<F extends FunctionClass> = F['forward'] extends (ctx: never, ...inputs: infer I) => unknown ? I : never

/**
 * What `forward` saves for `backward`. Fields of your own may hold numbers, flags and shapes. Save tensors with {@link saveForBackward}: it detects
 * changes in place and avoids reference cycles, which would keep the graph alive.
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

  /** Saves inputs, outputs or intermediate results for `backward`. Call it once, in `forward`. A null is saved as null. */
  saveForBackward(...tensors: (Tensor | null)[]): void {
    this.#toSave = tensors
  }

  /** The saved tensors in the order given, detached from the graph. Readable in `backward` only. */
  get savedTensors(): Tensor[] {
    if (this.#saved === null) {
      throw new GradError({
        what: 'savedTensors: the saved tensors cannot be read here',
        expected: 'a read in backward',
        received: 'a read in forward, or after backward ended',
        fix: 'in forward use the tensors themselves',
      })
    }
    let next = 0
    const saved = this.#saved
    // A saved null reads as null. The type leaves that case out, which is rare.
    return this.#toSave.map((t) => (t === null ? null : detach(saved[next++]!))) as Tensor[]
  }

  /** Marks outputs that have no gradient. Integer outputs never have one. */
  markNonDifferentiable(...outputs: Tensor[]): void {
    for (const output of outputs) this.#nonDifferentiable.add(output)
  }

  /** With false, `backward` gets null instead of zeros for an output that the loss does not depend on. */
  setMaterializeGrads(on: boolean): void {
    this.#materialize = on
  }

  /** @internal Ends forward: returns the saved tensors and the outputs without a gradient. */
  static close(ctx: FunctionContext): { saved: Tensor[]; plain: ReadonlySet<Tensor>; materialize: boolean } {
    const saved = ctx.#toSave.filter((t) => t !== null)
    const plain = new Set(ctx.#nonDifferentiable)
    // From now on only the positions matter: a tensor kept here would keep its own graph alive.
    ctx.#toSave = ctx.#toSave.map((t) => (t === null ? null : EMPTY))
    ctx.#nonDifferentiable.clear()
    return { saved, plain, materialize: ctx.#materialize }
  }

  /** @internal Runs `run` with the saved tensors readable. */
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
 * An operation with a custom gradient. Both methods compute with tensors, and nothing in them is recorded for backward. Tensors that they make are
 * released when they end, except results, what `ctx` saves or holds, and `lora.keep(t)`.
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
 * @see torch.autograd.Function; `lora.gradcheck` compares its gradient with finite differences.
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the two methods of a subclass belong together, as in PyTorch
export abstract class Function {
  /** Computes the result, a tensor or an array with tensors, from any arguments. Arguments that are tensors can get gradients. */
  static forward(_ctx: FunctionContext, ..._inputs: never[]): unknown {
    throw missing(this.name, 'forward')
  }

  /**
   * Computes the gradients of the arguments from those of the outputs: each has its argument's shape and dtype (f32 for half types); null means none.
   * An output that the loss does not depend on has a gradient of zeros.
   */
  static backward(_ctx: FunctionContext, ..._gradOutputs: never[]): Gradients {
    throw missing(this.name, 'backward')
  }

  /**
   * Runs `forward`. When an input requires a gradient, the backward pass calls `backward`.
   * @throws {GradError} when `forward` changes an input in place; at backward, when the number of gradients is wrong.
   * @throws {ShapeError} or {@link DtypeError} at backward, for a gradient whose shape or dtype does not match its input.
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

/** What backward must know about a tensor among the arguments or outputs. */
interface TensorPosition {
  readonly index: number
  readonly shape: readonly number[]
  readonly dtype: Dtype
}

/** Connects the outputs to the inputs in the graph, through the function's backward. */
function attach(fn: FunctionClass, ctx: FunctionContext, args: readonly unknown[], result: unknown, frame: Frame) {
  const outputs: unknown[] = Array.isArray(result) ? [...(result as unknown[])] : [result]
  const { saved, plain, materialize } = FunctionContext.close(ctx)
  const attached: Tensor[] = []
  outputs.forEach((output, i) => {
    if (!(output instanceof Tensor)) return
    if (!isFloat(output.dtype) || plain.has(output)) {
      if (output.requiresGrad) outputs[i] = output.detach()
      return
    }
    // An output that is an input, or was made before this call, must keep the graph that it has.
    const own = wasMadeIn(frame, output) && !output.requiresGrad && !attached.includes(output)
    outputs[i] = own ? output : output.detach()
    attached.push(outputs[i] as Tensor)
  })
  if (!outputs.some((x) => x instanceof Tensor)) throw noOutput(fn.name, result)
  if (attached.length > 0) {
    const inputs = positionsOf(args).filter(({ index }) => isFloat((args[index] as Tensor).dtype))
    const outs = positionsOf(outputs)
    const slots = outputs.map((x) => attached.indexOf(x as Tensor))
    const run = { fn, ctx, inputs, outs, slots, count: args.length, materialize }
    const sources = inputs.map(({ index }) => args[index] as Tensor)
    attachBlock(sources, attached, backwardBlock(run), { saved, name: `${fn.name}.backward` })
  }
  return Array.isArray(result) ? outputs : outputs[0]
}

interface Run {
  readonly fn: FunctionClass
  readonly ctx: FunctionContext
  readonly inputs: readonly TensorPosition[]
  readonly outs: readonly TensorPosition[]
  /** For each output, its index among the gradients passed to backward; -1 when it has none. */
  readonly slots: readonly number[]
  readonly count: number
  readonly materialize: boolean
}

/** The block's backward. It is made in a scope without tensors: a tensor captured by the closure would keep its own graph alive. */
function backwardBlock(run: Run): BlockBackward {
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
    what: `${fn.name}.backward returned a gradient for argument ${stray}, which cannot have one`,
    expected: 'null for arguments that are not floating-point tensors',
    received: `a gradient for argument ${stray}`,
    fix: 'return null for it',
  })
}

function checkGrad({ fn, ctx }: Run, { index, shape, dtype }: TensorPosition, grad: Tensor | null): Tensor | null {
  if (grad === null || !ctx.needsInputGrad[index]) return null
  const what = `${fn.name}.backward: the gradient of argument ${index} does not match it`
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

/** Gradients of half-precision tensors are f32. */
function gradDtype(dtype: Dtype): Dtype {
  return dtype === 'bf16' || dtype === 'f16' ? 'f32' : dtype
}

function positionsOf(values: readonly unknown[]): TensorPosition[] {
  return values.flatMap((x, index) => (x instanceof Tensor ? [{ index, shape: x.shape, dtype: x.dtype }] : []))
}

/** A tensor that requires a gradient inside an array or object would be detached from the graph silently, so it is refused. */
function checkNested(name: string, args: readonly unknown[]): void {
  args.forEach((arg, i) => {
    if (arg instanceof Tensor || typeof arg !== 'object' || arg === null) return
    if (![...tensorsIn(arg)].some((t) => !t.isDisposed && t.requiresGrad)) return
    throw new OptionError({
      what: `${name}.apply: a tensor that requires a gradient is inside argument ${i}`,
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
    expected: 'inputs that stay unchanged',
    received: 'a newer version of the input',
    fix: 'work on a clone()',
  })
}

function noOutput(name: string, result: unknown): OptionError {
  return new OptionError({
    what: `${name}.forward returned no tensor`,
    expected: 'a tensor, or an array with tensors',
    received: Array.isArray(result) ? 'an array without tensors' : typeof result,
    fix: 'return the result as a tensor; keep other values in fields of ctx',
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
