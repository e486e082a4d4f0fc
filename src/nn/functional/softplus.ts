import type { Tensor } from '../../tensor/tensor.js'

/** `log(1 + eˣ)` without overflow. Its gradient is σ(x) everywhere, also at 0, where `maximum` and `abs` have the gradients 1/2 and 0. */
export function logOnePlusExp(x: Tensor): Tensor {
  return x.maximum(0).add(x.abs().neg().exp().log1p())
}
