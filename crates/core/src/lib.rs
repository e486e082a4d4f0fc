//! The engine of loralib: own storage, tape and executor; candle for twins and CUDA. No N-API.

#[cfg(all(feature = "planted", not(fuzzing)))]
compile_error!(
    "planted leaves bounds checks out: it is for the build of the fuzzer alone, `npm run proof:fuzz -- --falsify`"
);

pub mod code;
pub mod config;
pub mod device;
pub mod dtype;
pub mod env;
pub mod error;
pub mod id_map;
pub mod meta;
pub mod precision;
pub mod rng;
pub mod shape;

pub mod executor;
pub mod io;
pub mod memory;
pub mod ops;
pub mod platform;
pub mod recorder;
pub mod storage;
pub mod tape;
pub mod tokenizer;

pub use code::Code;
pub use error::{Error, Result};
