import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { Elementwise } from './elementwise.js'

/** Operations that overwrite the tensor; their names end in `_`. */
export abstract class InPlace extends Elementwise {
  add_(other: Tensor | number): this {
    if (typeof other === 'number') ops.affineInplace(this, 1, other)
    else ops.addInplace(this, other)
    return this
  }

  sub_(other: Tensor | number): this {
    if (typeof other === 'number') ops.affineInplace(this, 1, -other)
    else ops.subInplace(this, other)
    return this
  }

  mul_(other: Tensor | number): this {
    if (typeof other === 'number') ops.affineInplace(this, other, 0)
    else ops.mulInplace(this, other)
    return this
  }

  div_(other: Tensor | number): this {
    ops.divInplace(this, this.like(other))
    return this
  }

  /** Overwrites the numbers with those of another tensor, broadcast and converted. */
  copy_(source: Tensor): this {
    ops.copyInplace(this, source, null)
    return this
  }

  fill_(value: number): this {
    ops.fillInplace(this, value)
    return this
  }

  zero_(): this {
    return this.fill_(0)
  }

  clamp_(min: number | null = null, max: number | null = null): this {
    ops.clampInplace(this, min ?? -Infinity, max ?? Infinity)
    return this
  }
}
