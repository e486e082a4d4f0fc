//! Numeric kernels: slices in, slices out. No tensors, no tape, no JavaScript.
//!
//! Every kernel takes contiguous row-major slices, checks their lengths and returns [`Result`]; none panics on user data.
//! Each fast version in [`cpu`] has a slow, obvious twin in `reference` that it is tested against.
//!
//! Two promises hold for all kernels here: the bits do not depend on the number of threads (fixed chunks, fixed order of
//! the partial results), and work runs on the rayon pool that is current at the call.

pub mod alloc;
pub mod blocks;
pub mod cpu;
mod error;
pub mod float;
pub mod half_bits;
pub mod isa;
pub mod par;
pub mod pause;
#[doc(hidden)]
pub mod reference;
pub mod rng;
mod shared;
#[cfg(test)]
pub(crate) mod testing;
pub mod weight;

pub use error::{Error, Result};
pub use float::Float;
pub use weight::WeightRef;

pub(crate) use error::{check_len, fail, outside};
