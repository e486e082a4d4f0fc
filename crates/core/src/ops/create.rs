//! Tensors from nothing: one value, uniform, normal.

use candle_core::Tensor;
use kernels::cpu::dropout as kernel;

use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::{own, twins};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::meta::{Meta, Metas};
use crate::{any, float};

/// The shape rule of a row that has none; recording it is an internal error.
pub fn no_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Err(Error::new(Code::Internal, "this op cannot be recorded").op(context.signature.name))
}

/// The forward of a row that has none.
pub fn no_forward(_: &mut Exec<'_>) -> Result<Outputs> {
    Err(Error::new(Code::Internal, "this op cannot be run"))
}

/// The twin of a row that has none.
pub fn no_twin(_: &Twin<'_>) -> Result<Vec<Tensor>> {
    Err(Error::new(Code::Internal, "this op has no twin"))
}

/// Metas of one output.
pub fn one(meta: Meta) -> Metas {
    Metas::from_iter([meta])
}

/// `full(shape, value, dtype)`.
pub fn full_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    let (shape, value, dtype) = (attrs.shape()?, attrs.number(), attrs.dtype()?);
    dtype.check_value(value)?;
    Ok(one(Meta::new(shape, dtype)))
}

/// Fills a new tensor.
pub fn full(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    attrs.dims();
    let value = attrs.number();
    match exec.out(0).dtype {
        Dtype::I64 => {
            let mut y = exec.alloc::<i64>(0)?;
            kernels::par::fill(&mut y, value as i64);
            Ok(output(y))
        }
        Dtype::U8 => {
            let mut y = exec.alloc::<u8>(0)?;
            kernels::par::fill(&mut y, value as u8);
            Ok(output(y))
        }
        Dtype::Bool => {
            let mut y = exec.alloc::<u8>(0)?;
            kernels::par::fill(&mut y, u8::from(value != 0.0));
            Ok(output(y))
        }
        dtype => float!(dtype.wide(), T => {
            let mut y = exec.alloc::<T>(0)?;
            kernels::par::fill(&mut y, value as T);
            Ok(output(y))
        }),
    }
}

/// Twin of `full`.
pub fn full_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let shape = attrs.shape()?;
    let value = attrs.number();
    let dtype = attrs.dtype()?;
    let value = if dtype == Dtype::Bool {
        f64::from(u8::from(value != 0.0))
    } else {
        value
    };
    Ok(vec![twins::full(value, shape.dims(), dtype.candle(), twin.device())?])
}

/// `rand(shape, low, high, dtype)` and `randn(shape, mean, std, dtype)`.
pub fn random_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    let shape = attrs.shape()?;
    let (_, _) = (attrs.number(), attrs.number());
    let dtype = attrs.dtype()?;
    if !dtype.is_float() {
        return Err(Error::new(
            Code::Dtype,
            format!("{} makes floating-point numbers", context.signature.name),
        )
        .received(dtype.name())
        .expected("f32, f64, bf16 or f16")
        .hint("make floating-point numbers and convert them with .to(dtype)"));
    }
    Ok(one(Meta::new(shape, dtype)))
}

/// Philox blocks for `n` random numbers of any kind: a block has at least two 64-bit numbers.
pub fn blocks(n: usize) -> u64 {
    (n as u64).div_ceil(2)
}

/// Blocks of a whole tensor.
pub fn random_blocks(context: &ShapeContext<'_>) -> Result<u64> {
    Ok(blocks(context.reader().shape()?.numel()))
}

/// Uniform numbers.
pub fn rand(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    attrs.dims();
    let (low, high, rng) = (attrs.number(), attrs.number(), exec.rng());
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::fill_uniform(rng.seed, rng.counter, low, high, &mut y);
        Ok(output(y))
    })
}

/// Normal numbers.
pub fn randn(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    attrs.dims();
    let (mean, std, rng) = (attrs.number(), attrs.number(), exec.rng());
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::fill_normal(rng.seed, rng.counter, mean, std, &mut y);
        Ok(output(y))
    })
}

/// Made on the device by the counter: every device draws the same ones, up to the rounding of its functions.
pub fn rand_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let shape = attrs.shape()?;
    let (low, high) = (attrs.number(), attrs.number());
    let dtype = attrs.dtype()?;
    Ok(vec![own::uniform(
        twin.rng(),
        shape.dims(),
        (low, high),
        dtype,
        twin.device(),
    )?])
}

/// As [`rand_twin`].
pub fn randn_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let shape = attrs.shape()?;
    let (mean, std) = (attrs.number(), attrs.number());
    let dtype = attrs.dtype()?;
    Ok(vec![own::normal(
        twin.rng(),
        shape.dims(),
        (mean, std),
        dtype,
        twin.device(),
    )?])
}

/// A zeroed output of any dtype (shared by the ops that scatter into zeros).
pub fn zeroed(exec: &mut Exec<'_>, i: usize) -> Result<crate::storage::Buffer> {
    let meta = exec.out(i);
    let n = meta.shape.numel();
    any!(meta.dtype, T => {
        let mut y = exec.scratch::<T>(n)?;
        kernels::par::fill(&mut y, T::default());
        Ok(<T as crate::storage::Element>::wrap(y))
    })
}
