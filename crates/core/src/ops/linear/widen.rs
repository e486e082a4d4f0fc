//! How an op that reads half types itself (`Half::Native`) gets at its numbers.

use std::cell::Ref;
use std::ops::Deref;

use half::{bf16, f16};
use kernels::blocks::{BlockKind, BlockRef};
use kernels::cpu::convert::{self, CastFrom};
use kernels::{Float, WeightRef};

use crate::dtype::Dtype;
use crate::error::Result;
use crate::memory::Pooled;
use crate::ops::context::Exec;
use crate::precision::Precision;
use crate::storage::{Buffer, Element};

/// The types that arithmetic runs in: f32 and f64.
pub trait Real: Float + Pooled + convert::Element + CastFrom<bf16> + CastFrom<f16> {}
impl Real for f32 {}
impl Real for f64 {}

/// A weight as it is stored: kernels widen half types panel by panel.
pub enum Weight<'a, T> {
    /// In the precision of the arithmetic.
    Full(Ref<'a, [T]>),
    /// In bfloat16.
    Bf16(Ref<'a, [bf16]>),
    /// In IEEE half.
    F16(Ref<'a, [f16]>),
    /// In blocks.
    Blocks(BlockKind, Ref<'a, [u8]>),
}

impl<'a, T: Real> Weight<'a, T> {
    /// Input `i`.
    ///
    /// # Errors
    /// As [`Exec::read`].
    pub fn read(exec: &Exec<'a>, i: usize) -> Result<Self> {
        Ok(match exec.dtype(i) {
            Dtype::Bf16 => Weight::Bf16(exec.read(i)?),
            Dtype::F16 => Weight::F16(exec.read(i)?),
            dtype => match dtype.blocks() {
                Some(kind) => Weight::Blocks(kind, exec.read(i)?),
                None => Weight::Full(exec.read(i)?),
            },
        })
    }

    /// As a factor of a product.
    pub fn factor(&self, precision: Precision) -> WeightRef<'_, T> {
        match (self, precision) {
            (Weight::Bf16(w), Precision::Medium) => WeightRef::Bf16Rounding(w),
            (Weight::Blocks(kind, w), Precision::Medium) => WeightRef::BlocksRounding(BlockRef::new(*kind, w)),
            _ => self.values(),
        }
    }

    /// As kernels take it.
    pub fn values(&self) -> WeightRef<'_, T> {
        match self {
            Weight::Full(w) => WeightRef::Full(w),
            Weight::Bf16(w) => WeightRef::Bf16(w),
            Weight::F16(w) => WeightRef::F16(w),
            Weight::Blocks(kind, w) => WeightRef::Blocks(BlockRef::new(*kind, w)),
        }
    }
}

/// An input in full precision: read where it lies, or a copy in scratch memory.
pub enum Wide<'a, T> {
    /// Stored in full precision.
    Read(Ref<'a, [T]>),
    /// Widened; [`Wide::give`] returns the memory.
    Copied(Vec<T>),
}

impl<'a, T: Real> Wide<'a, T> {
    /// Input `i`.
    ///
    /// # Errors
    /// As [`Exec::read`] and [`Exec::scratch`].
    pub fn read(exec: &mut Exec<'a>, i: usize) -> Result<Self> {
        Ok(match exec.dtype(i) {
            Dtype::Bf16 => Wide::Copied(widened::<bf16, T>(exec, i)?),
            Dtype::F16 => Wide::Copied(widened::<f16, T>(exec, i)?),
            _ => Wide::Read(exec.read(i)?),
        })
    }

    /// Input `i`, or `n` arbitrary numbers: for an operand whose length a kernel checks although it will not read it.
    ///
    /// # Errors
    /// As [`Wide::read`].
    pub fn read_or_blank(exec: &mut Exec<'a>, i: usize, n: usize) -> Result<Self> {
        if exec.has(i) {
            Wide::read(exec, i)
        } else {
            Ok(Wide::Copied(exec.scratch(n)?))
        }
    }

    /// Returns the memory of a copy.
    pub fn give(self, exec: &mut Exec<'_>) {
        if let Wide::Copied(copy) = self {
            exec.give(copy);
        }
    }
}

impl<T> Deref for Wide<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Wide::Read(numbers) => numbers,
            Wide::Copied(numbers) => numbers,
        }
    }
}

fn widened<H: Element + convert::Element, T: Real + CastFrom<H>>(exec: &mut Exec<'_>, i: usize) -> Result<Vec<T>> {
    let mut wide = exec.scratch::<T>(exec.shape(i).numel())?;
    convert::cast(&exec.read::<H>(i)?, &mut wide)?;
    Ok(wide)
}

/// Output `i` from numbers in full precision, rounded once to the promised dtype.
///
/// # Errors
/// As [`Exec::alloc`].
pub fn rounded<T: Real>(exec: &mut Exec<'_>, i: usize, y: Vec<T>) -> Result<Buffer> {
    match exec.out(i).dtype {
        Dtype::Bf16 => narrowed::<bf16, T>(exec, i, y),
        Dtype::F16 => narrowed::<f16, T>(exec, i, y),
        _ => Ok(T::wrap(y)),
    }
}

fn narrowed<H: Pooled + CastFrom<T>, T: Real>(exec: &mut Exec<'_>, i: usize, y: Vec<T>) -> Result<Buffer> {
    let mut narrow = exec.alloc::<H>(i)?;
    convert::cast(&y, &mut narrow)?;
    exec.give(y);
    Ok(H::wrap(narrow))
}
