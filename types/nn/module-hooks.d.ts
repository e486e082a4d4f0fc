// Generated from src/nn/module-hooks.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
import type { Module } from './module.js'
/** Called with the arguments before forward. */
export type ForwardPreHook = (module: any, args: any[]) => unknown
/** Called with arguments and result after forward. */
export type ForwardHook = (module: any, args: any[], output: any) => unknown
/** Called in backward with the gradients of the inputs and of the outputs. */
export type FullBackwardHook = (
  module: Module,
  gradInput: (Tensor | null)[],
  gradOutput: (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined | void
/** Options of the hook registration methods. */
export interface HookOptions {
  /** Call the hook before those already registered. @default false */
  prepend?: boolean
}
export {}
