// Generated from src/optim/saved-state.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** The state of an optimizer in PyTorch's structure: parameters are numbered through all groups. */
export interface OptimizerState {
  state: Record<string, Record<string, Tensor | number>>
  param_groups: ({
    params: number[]
  } & Record<string, unknown>)[]
}
/**
 * The state of an optimizer of PyTorch, as `load` reads it from a file of `torch.save`, for `loadStateDict`: there the step is a tensor, and parameters
 * are the keys of a Map.
 *
 * @example
 * const { optimizer: saved } = await lora.load<lora.TorchObject>('checkpoint.pt')
 * optimizer.loadStateDict(await lora.optim.stateFromTorch(saved))
 * @throws {OptionError} when it is no such state.
 */
export declare function stateFromTorch(saved: unknown): Promise<OptimizerState>
export {}
