// Generated from src/generation/ids.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** Token ids, masks or labels: an i64 tensor (B, T), or rows of numbers of one length. */
export type Ids = Tensor | readonly (readonly number[])[]
