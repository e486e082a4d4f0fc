// Generated from src/optim/saved-state.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** The state of an optimizer in PyTorch's structure: parameters are numbered across all groups. */
export type OptimizerState = {
  /** By the number of a parameter: its step count and its moments. */
  state: Record<string, Record<string, Tensor | number>>
  /** The options of each group, and the numbers of its parameters. */
  param_groups: ({
    params: number[]
  } & Record<string, unknown>)[]
}
/**
 * Converts the state of a PyTorch optimizer, as `load` reads it from a file written by `torch.save`, to the form that `loadStateDict` takes: in such a
 * file the step is a tensor, and the state is a Map with the numbers of the parameters as keys.
 *
 * @example
 * const { optimizer: saved } = await lora.load<lora.TorchObject>('checkpoint.pt')
 * optimizer.loadStateDict(await lora.optim.stateFromTorch(saved))
 * @throws {OptionError} when the value is not an optimizer state.
 */
export declare function stateFromTorch(saved: unknown): Promise<OptimizerState>
export {}
