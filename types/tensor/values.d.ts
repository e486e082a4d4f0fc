// Generated from src/tensor/values.ts by `npm run api`. Do not edit.

/** The result of `data()` by dtype: Float32Array also for bf16, f16 and blocks, BigInt64Array for i64, bytes 0 and 1 for bool. */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array
/** Nested arrays. */
export type Nested<T> = T | Nested<T>[]
