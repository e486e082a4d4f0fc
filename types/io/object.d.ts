// Generated from src/io/object.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
/** What a file of `torch.save` may hold, as plain values. Python's None is null, its lists and tuples are arrays. */
export type TorchValue =
  | Tensor
  | number
  | bigint
  | string
  | boolean
  | null
  | TorchValue[]
  | TorchObject
  | Map<number | bigint | string | boolean | null, TorchValue>
/** A dict with strings as keys. It has no prototype, so that keys such as `constructor` are plain keys. */
export interface TorchObject {
  [key: string]: TorchValue
}
