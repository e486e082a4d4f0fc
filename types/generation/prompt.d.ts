// Generated from src/generation/prompt.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** Token ids to continue: one row, rows of any lengths, or an i64 tensor (T) or (B, T). */
export type Prompt = readonly number[] | readonly (readonly number[])[] | Tensor
