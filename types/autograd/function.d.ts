// Generated from src/autograd/function.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
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
export declare class FunctionContext {
  #private
  /** For each argument of `forward`, whether it is a tensor that requires a gradient. */
  readonly needsInputGrad: readonly boolean[];
  [field: string]: unknown
  /** Saves inputs, outputs or intermediate results for `backward`. Call it once, in `forward`. A null is saved as null. */
  saveForBackward(...tensors: (Tensor | null)[]): void
  /** The saved tensors in the order given, detached from the graph. Readable in `backward` only. */
  get savedTensors(): Tensor[]
  /** Marks outputs that have no gradient. Integer outputs never have one. */
  markNonDifferentiable(...outputs: Tensor[]): void
  /** With false, `backward` gets null instead of zeros for an output that the loss does not depend on. */
  setMaterializeGrads(on: boolean): void
}
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
export declare abstract class Function {
  /** Computes the result, a tensor or an array with tensors, from any arguments. Arguments that are tensors can get gradients. */
  static forward(_ctx: FunctionContext, ..._inputs: never[]): unknown
  /**
   * Computes the gradients of the arguments from those of the outputs: each has its argument's shape and dtype (f32 for half types); null means none.
   * An output that the loss does not depend on has a gradient of zeros.
   */
  static backward(_ctx: FunctionContext, ..._gradOutputs: never[]): Gradients
  /**
   * Runs `forward`. When an input requires a gradient, the backward pass calls `backward`.
   * @throws {GradError} when `forward` changes an input in place; at backward, when the number of gradients is wrong.
   * @throws {ShapeError} or {@link DtypeError} at backward, for a gradient whose shape or dtype does not match its input.
   */
  static apply<F extends FunctionClass>(this: F, ...inputs: InputsOf<F>): ReturnType<F['forward']>
}
export {}
