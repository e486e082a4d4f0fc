//! AVX-512, and what AVX512-BF16 and AMX add to it.

mod amx;
mod bf16;
mod lanes;
mod pack;
mod tile;

pub(super) use amx::KERNEL as AMX_KERNEL;
pub(super) use bf16::KERNEL as BF16_KERNEL;
pub(super) use tile::KERNEL;
