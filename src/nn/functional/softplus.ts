import type { Tensor } from '../../tensor/tensor.js'

/** `log(1 + eˣ)` without overflow, and with the slope σ(x) everywhere: at 0, `max` and `abs` give 1/2 and 0. */
export function logOnePlusExp(x: Tensor): Tensor {
  return x.maximum(0).add(x.abs().neg().exp().log1p())
}
