// Generated from src/tensor/in-place.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Elementwise } from './elementwise.js'
/** Operations that overwrite the tensor; their names end in `_`. */
export declare abstract class InPlace extends Elementwise {
  add_(other: Tensor | number): this
  sub_(other: Tensor | number): this
  mul_(other: Tensor | number): this
  div_(other: Tensor | number): this
  /** Overwrites the numbers with those of another tensor, broadcast and converted. */
  copy_(source: Tensor): this
  fill_(value: number): this
  zero_(): this
  clamp_(min?: number | null, max?: number | null): this
}
