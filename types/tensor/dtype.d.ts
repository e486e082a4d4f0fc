// Generated from src/tensor/dtype.ts by `npm run api`. Do not edit.

import type { DTYPES } from '../native/record.js'
/**
 * Element types. Those with a `q` are the blocks of GGUF files: a few bits for each value, and scales for each 32 values, or 256 in the types that end in `_k`. Layers
 * and embeddings read a weight in blocks; anything else needs `to('f32')`.
 */
export type Dtype = (typeof DTYPES)[number]
