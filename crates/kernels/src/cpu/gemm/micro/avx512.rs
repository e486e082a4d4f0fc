//! AVX-512, and what AVX512-BF16 adds to it.

mod bf16;
mod lanes;
mod pack;
mod tile;

pub(super) use bf16::KERNEL as BF16_KERNEL;
pub(super) use tile::KERNEL;
