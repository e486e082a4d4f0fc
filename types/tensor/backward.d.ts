// Generated from src/tensor/backward.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
/** A function that is called with a gradient, and may return another one to use instead. */
export type GradientHook = (grad: Tensor) => Tensor | null | undefined | void
/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep the graph, for another backward. @default false */
  retainGraph?: boolean
  /** Not supported: true is an error, since gradients have no graph. @default false */
  createGraph?: boolean
}
