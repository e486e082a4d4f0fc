//! The engine of loralib: own storage, tape and executor; candle for twins and CUDA. No N-API.

pub mod code;
pub mod device;
pub mod dtype;
pub mod engine;
pub mod entry;
pub mod env;
pub mod error;
pub mod exec;
pub mod executor;
pub mod io;
pub mod memory;
pub mod ops;
pub mod platform;
pub mod precision;
pub mod recorder;
pub mod shape;
pub mod storage;
pub mod tape;
pub mod tokenizer;
pub mod trace;
pub mod values;

pub use code::Code;
pub use error::{Error, Result};

/// The kernel path that runs: avx512, avx2, neon or scalar.
pub fn isa_name() -> &'static str {
    kernels::isa::current().name()
}

/// Whether that path multiplies pairs of bf16, which [`precision::Precision::Medium`] asks for.
pub fn has_bf16_products() -> bool {
    kernels::isa::has_bf16_products()
}
