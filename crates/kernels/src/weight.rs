//! A frozen weight in the precision in which it is stored; kernels widen it panel by panel.

use half::{bf16, f16};

use crate::blocks::BlockRef;
use crate::float::Float;
use crate::half_bits::{bf16_to_f32, f16_to_f32};
use crate::isa;

/// Values in blocks that are widened at once.
const PART: usize = 256;

/// Weight values as they are stored in memory or in a mapped file.
#[derive(Clone, Copy, Debug)]
pub enum WeightRef<'a, T> {
    /// Same precision as the activations.
    Full(&'a [T]),
    /// bfloat16, widened as it is read.
    Bf16(&'a [bf16]),
    /// bfloat16, and the activations are rounded to bfloat16 before the product (to nearest, ties to even; values below 2⁻¹²⁶ become 0):
    /// a relative error of up to 2⁻⁸ each. Sums are in f32. This applies to products of more than 16 rows and at least 16 columns where
    /// the CPU multiplies bfloat16 ([`isa::has_bf16_products`]); elsewhere it is the same as `Bf16`.
    Bf16Rounding(&'a [bf16]),
    /// IEEE half, widened as it is read.
    F16(&'a [f16]),
    /// Blocks of few bits, widened as they are read.
    Blocks(BlockRef<'a>),
    /// The same, and the factors of a product may be rounded: in products of more than 16 rows both to bfloat16, as in `Bf16Rounding`.
    BlocksRounding(BlockRef<'a>),
}

impl<'a, T: Float> WeightRef<'a, T> {
    /// Number of values.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Full(w) => w.len(),
            Self::Bf16(w) | Self::Bf16Rounding(w) => w.len(),
            Self::F16(w) => w.len(),
            Self::Blocks(w) | Self::BlocksRounding(w) => w.len(),
        }
    }

    /// True if there are no values.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, if they need no widening.
    #[inline]
    pub fn as_full(&self) -> Option<&'a [T]> {
        match self {
            Self::Full(w) => Some(w),
            _ => None,
        }
    }

    /// Whether a product may round its factors.
    #[inline]
    pub fn rounds(&self) -> bool {
        matches!(self, Self::Bf16Rounding(_) | Self::BlocksRounding(_))
    }

    /// Whether the values are in blocks.
    #[inline]
    pub fn is_blocks(&self) -> bool {
        matches!(self, Self::Blocks(_) | Self::BlocksRounding(_))
    }

    /// The `len` values from `start`.
    #[inline]
    pub fn slice(&self, start: usize, len: usize) -> WeightRef<'a, T> {
        match self {
            Self::Full(w) => WeightRef::Full(&w[start..start + len]),
            Self::Bf16(w) => WeightRef::Bf16(&w[start..start + len]),
            Self::Bf16Rounding(w) => WeightRef::Bf16Rounding(&w[start..start + len]),
            Self::F16(w) => WeightRef::F16(&w[start..start + len]),
            Self::Blocks(w) => WeightRef::Blocks(w.slice(start, len)),
            Self::BlocksRounding(w) => WeightRef::BlocksRounding(w.slice(start, len)),
        }
    }

    /// One value, widened.
    #[inline(always)]
    pub fn get(&self, index: usize) -> T {
        match self {
            Self::Full(w) => w[index],
            Self::Bf16(w) | Self::Bf16Rounding(w) => T::from_f32(bf16_to_f32(w[index])),
            Self::F16(w) => T::from_f32(f16_to_f32(w[index])),
            Self::Blocks(w) | Self::BlocksRounding(w) => T::from_f32(w.get(index)),
        }
    }

    /// Widens the `len` values from `start` into the front of `scratch`, on the current instruction set.
    ///
    /// # Panics
    /// When the range is outside the weight or longer than `scratch`; kernels check their shapes first.
    #[inline]
    pub fn row(&self, start: usize, len: usize, scratch: &mut [T]) {
        let scratch = &mut scratch[..len];
        match self.slice(start, len) {
            Self::Full(w) => scratch.copy_from_slice(w),
            other => isa::dispatch(
                #[inline(always)]
                || other.widen(scratch),
            ),
        }
    }

    /// Widens all values into `out`, which is as long; for callers inside [`isa::dispatch`].
    #[inline(always)]
    pub fn widen(&self, out: &mut [T]) {
        match self {
            Self::Full(w) => out.copy_from_slice(w),
            Self::Bf16(w) | Self::Bf16Rounding(w) => {
                for (out, &w) in out.iter_mut().zip(w.iter()) {
                    *out = T::from_f32(bf16_to_f32(w));
                }
            }
            Self::F16(w) => {
                for (out, &w) in out.iter_mut().zip(w.iter()) {
                    *out = T::from_f32(f16_to_f32(w));
                }
            }
            Self::Blocks(w) | Self::BlocksRounding(w) => {
                let mut part = [0.0; PART];
                for (i, out) in out.chunks_mut(PART).enumerate() {
                    w.slice(i * PART, out.len()).widen(&mut part);
                    for (out, &w) in out.iter_mut().zip(&part) {
                        *out = T::from_f32(w);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_isa;

    #[test]
    fn rows_are_widened_from_every_precision() {
        let values: Vec<f32> = (0..129).map(|i| (i as f32 - 64.0) / 4.0).collect();
        let b: Vec<bf16> = values.iter().map(|&x| bf16::from_f32(x)).collect();
        let h: Vec<f16> = values.iter().map(|&x| f16::from_f32(x)).collect();
        each_isa(|_| {
            for weight in [
                WeightRef::Full(&values[..]),
                WeightRef::Bf16(&b),
                WeightRef::Bf16Rounding(&b),
                WeightRef::F16(&h),
            ] {
                let mut scratch = vec![0.0f32; 100];
                weight.row(17, 64, &mut scratch);
                assert_eq!(scratch[..64], values[17..81]);
                assert_eq!((weight.len(), weight.get(128)), (129, 16.0));
                assert_eq!(weight.as_full().is_some(), matches!(weight, WeightRef::Full(_)));
            }
        });
    }
}
