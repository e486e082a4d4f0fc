// Generated from src/native/record.ts by `npm run api`. Do not edit.

/** Element types by their number in Rust. */
export declare const DTYPES: readonly ['f32', 'f64', 'bf16', 'f16', 'i64', 'u8', 'bool']
