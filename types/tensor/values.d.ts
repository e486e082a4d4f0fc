// Generated from src/tensor/values.ts by `npm run api`. Do not edit.

/** What `data()` gives, by dtype: bf16 and f16 come as f32, i64 as BigInt64Array, bool as bytes 0 and 1. */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array
/** Nested arrays. */
export type Nested<T> = T | Nested<T>[]
