// Generated from src/native/record.ts by `npm run api`. Do not edit.

/** Element types by their number in Rust. */
export declare const DTYPES: readonly [
  'f32',
  'f64',
  'bf16',
  'f16',
  'i64',
  'u8',
  'bool',
  'q4_0',
  'q4_1',
  'q5_0',
  'q5_1',
  'q8_0',
  'q2_k',
  'q3_k',
  'q4_k',
  'q5_k',
  'q6_k',
]
