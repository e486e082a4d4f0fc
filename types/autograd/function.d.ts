// Generated from src/autograd/function.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
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
export declare class FunctionContext {
  #private
  /** For each argument of `forward`, whether it is a tensor that requires a gradient. */
  readonly needsInputGrad: readonly boolean[];
  [field: string]: unknown
  /** Keeps inputs, outputs or what lies between for `backward`. Called once, in `forward`; null keeps a place empty. */
  saveForBackward(...tensors: (Tensor | null)[]): void
  /** What was saved, in its order, without a graph. In `backward` only. */
  get savedTensors(): Tensor[]
  /** Says that these outputs have no gradient. Integers have none anyway. */
  markNonDifferentiable(...outputs: Tensor[]): void
  /** With false, `backward` gets null in place of zeros for an output that nothing depends on. */
  setMaterializeGrads(on: boolean): void
}
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
export declare abstract class Function {
  /** Computes the result, a tensor or an array with tensors, from any arguments; those that are tensors themselves can get gradients. */
  static forward(_ctx: FunctionContext, ..._inputs: never[]): unknown
  /**
   * The gradients of the arguments from those of the outputs: of each argument's shape and dtype (f32 for half types), null for none. An output
   * that nothing depends on has a gradient of zeros.
   */
  static backward(_ctx: FunctionContext, ..._gradOutputs: never[]): Gradients
  /**
   * Runs `forward`, and lets backward go through `backward` when an input requires a gradient.
   * @throws {GradError} when `forward` changes an input in place; at backward, when the number of gradients is wrong.
   * @throws {ShapeError} {@link DtypeError} at backward, for a gradient that does not fit its input.
   */
  static apply<F extends FunctionClass>(this: F, ...inputs: InputsOf<F>): ReturnType<F['forward']>
}
export {}
