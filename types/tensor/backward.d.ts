// Generated from src/tensor/backward.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
/** A function that sees a gradient, and may return another one to go on with. */
export type GradientHook = (grad: Tensor) => Tensor | null | undefined | void
/** How backward treats the graph. */
export interface BackwardOptions {
  /** Keep the graph, to walk it again. @default false */
  retainGraph?: boolean
  /** Not supported, true is an error: gradients have no graph of their own. @default false */
  createGraph?: boolean
}
