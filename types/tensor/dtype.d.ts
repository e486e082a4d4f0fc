// Generated from src/tensor/dtype.ts by `npm run api`. Do not edit.

import type { DTYPES } from '../native/record.js'
/** Element types. */
export type Dtype = (typeof DTYPES)[number]
