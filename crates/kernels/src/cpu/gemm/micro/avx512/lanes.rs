//! Sizes of the AVX-512 tiles, and masks of lanes.

use std::arch::x86_64::__mmask16;

pub(super) const MR: usize = 14;
pub(super) const NR: usize = 32;
pub(super) const LANES: usize = 16;

/// The first `n` of 16 lanes.
pub(super) fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}
