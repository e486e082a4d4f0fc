//! The innermost loops: one tile of C from packed panels, and the packing, for each instruction set.

#![allow(
    clippy::needless_range_loop,
    reason = "the loops index several register arrays at once"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

pub(crate) use kernel::{Factor, Numbers, Start};
pub(super) use kernel::{Kernel, Lines, Pack, Tile};

use crate::isa::{self, Isa};

/// The kernel of the instruction set in use; `None` where plain code is as fast.
pub(super) fn kernel() -> Option<&'static Kernel> {
    match isa::current() {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => Some(&avx512::KERNEL),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => Some(&avx2::KERNEL),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => Some(&neon::KERNEL),
        _ => None,
    }
}

/// The kernel that multiplies pairs of bf16: it rounds A to bf16, requires B in bf16, and sums in f32. `None` without such instructions.
pub(super) fn bf16_kernel() -> Option<&'static Kernel> {
    #[cfg(target_arch = "x86_64")]
    if isa::has_amx() {
        return Some(&avx512::AMX_KERNEL);
    }
    #[cfg(target_arch = "x86_64")]
    if isa::has_bf16_products() {
        return Some(&avx512::BF16_KERNEL);
    }
    None
}
