// Generated from src/nn/module-hooks.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
import type { Module } from './module.js'
/** Sees the arguments before forward. */
export type ForwardPreHook = (module: any, args: any[]) => unknown
/** Sees arguments and result after forward. */
export type ForwardHook = (module: any, args: any[], output: any) => unknown
/** Sees gradients in backward. */
export type FullBackwardHook = (
  module: Module,
  gradInput: (Tensor | null)[],
  gradOutput: (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined | void
/** How a hook is registered. */
export interface HookOptions {
  /** Call it before those that are there already. @default false */
  prepend?: boolean
}
export {}
