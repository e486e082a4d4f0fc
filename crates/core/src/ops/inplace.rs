//! Changes in place. The recorder bumps the version, so that backward notices a saved tensor that was changed.

use candle_core::{Device, Tensor};
use kernels::cpu::dropout;
use kernels::cpu::elementwise::{self as kernel, BinaryOp, Operand};
use kernels::cpu::strided::{gather_strided, scatter_strided};
use kernels::cpu::unary::{self as unary_kernel, UnaryOp};
use smallvec::SmallVec;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::{blocks, one};
use super::{elementwise, own, table, twins};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::meta::{Meta, Metas};
use crate::rng::Rng;
use crate::shape::{Shape, broadcast};
use crate::{any, float};

/// The second operand broadcasts to the first, not the other way.
pub fn arithmetic_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    elementwise::arithmetic_shape(context)?;
    if !context.dtype(0).is_float() {
        return Err(
            Error::new(Code::Dtype, "integers cannot be changed in place by arithmetic")
                .expected("a floating-point tensor")
                .received(context.dtype(0).name())
                .hint("use the form without the underscore"),
        );
    }
    fits(context)
}

/// As [`arithmetic_shape`], from any dtype.
pub fn copy_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    fits(context)
}

/// A boolean scalar.
pub fn all_sound_shape(_: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(Meta::new(Shape::new(&[]), Dtype::Bool)))
}

fn fits(context: &ShapeContext<'_>) -> Result<Metas> {
    if broadcast(context.shape(0), context.shape(1))? != *context.shape(0) {
        return Err(context.shape_error(format!("a second operand that broadcasts to {}", context.shape(0))));
    }
    Ok(Metas::new())
}

/// Floating-point numbers.
pub fn number_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same_float(&[0])?;
    Ok(Metas::new())
}

/// `fillInplace(x, value)`: anything that holds the value.
pub fn fill_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.dtype(0).check_value(context.reader().number())?;
    Ok(Metas::new())
}

/// `sliceAssign(x, src, dim, start)`.
pub fn slice_assign_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same(&[0, 1])?;
    let mut attrs = context.reader();
    let (x, src) = (context.shape(0), context.shape(1));
    let (dim, start) = (x.dim(attrs.number())?, attrs.size()?);
    let fits = x.rank() == src.rank()
        && (0..x.rank()).all(|d| {
            if d == dim {
                start + src.dims()[d] <= x.dims()[d]
            } else {
                x.dims()[d] == src.dims()[d]
            }
        });
    if fits {
        Ok(Metas::new())
    } else {
        Err(context.shape_error(format!("src to fit into x from index {start} of dimension {dim}")))
    }
}

/// Philox blocks for all elements.
pub fn random_blocks(context: &ShapeContext<'_>) -> Result<u64> {
    Ok(blocks(context.shape(0).numel()))
}

fn assign(exec: &mut Exec<'_>, op: BinaryOp) -> Result<Outputs> {
    let shape = exec.shape(0);
    let strides = exec.shape(1).broadcast_strides(shape);
    match exec.dtype(0) {
        Dtype::I64 | Dtype::U8 | Dtype::Bool => {
            return Err(
                Error::new(Code::Dtype, "integers cannot be changed in place by arithmetic")
                    .hint("use the form without the underscore")
                    .expected("a floating-point tensor")
                    .received(exec.dtype(0).name()),
            );
        }
        dtype => float!(dtype, T => {
            let y = exec.read::<T>(1)?;
            kernel::binary_assign(op, shape.dims(), &mut exec.write::<T>(0)?, Operand::new(&y, &strides))?;
            Ok(())
        })?,
    }
    Ok(Outputs::new())
}

macro_rules! assigns {
    ($($name:ident, $op:ident;)*) => {$(
        #[doc = concat!("CPU forward of `", stringify!($name), "` in place.")]
        pub fn $name(exec: &mut Exec<'_>) -> Result<Outputs> {
            assign(exec, BinaryOp::$op)
        }
    )*};
}
assigns! { add, Add; sub, Sub; mul, Mul; div, Div; }

/// CPU forward of `allSound`: it does not run when an input has failed.
pub fn all_sound(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut yes = exec.alloc::<u8>(0)?;
    yes.fill(1);
    Ok(output(yes))
}

/// CPU forward of `copyInplace`: broadcast, then converted.
pub fn copy(exec: &mut Exec<'_>) -> Result<Outputs> {
    let shape = exec.shape(0);
    if exec.shape(1) == shape {
        copy_same(exec, 0, 1)?;
        return Ok(Outputs::new());
    }
    let strides: SmallVec<[isize; 5]> = exec
        .shape(1)
        .broadcast_strides(shape)
        .iter()
        .map(|&s| s as isize)
        .collect();
    let (to, from) = (exec.dtype(0), exec.dtype(1));
    any!(from, S => {
        let mut wide = exec.scratch::<S>(shape.numel())?;
        gather_strided(&exec.read::<S>(1)?, 0, &strides, shape.dims(), &mut wide)?;
        any!(to, T => super::unary::convert(&wide, &mut exec.write::<T>(0)?, to == Dtype::Bool)?);
        exec.give(wide);
    });
    Ok(Outputs::new())
}

/// Copies input `source` into `target`, of the same shape. Nothing is allocated, so a change of many tensors cannot
/// run out of memory half-way; a mapped target has got its memory before (`executor/changes.rs`).
pub(super) fn copy_same(exec: &Exec<'_>, target: usize, source: usize) -> Result<()> {
    let (to, from) = (exec.dtype(target), exec.dtype(source));
    any!(from, S => {
        let source = exec.read::<S>(source)?;
        any!(to, T => super::unary::convert(&source, &mut exec.write::<T>(target)?, to == Dtype::Bool)?);
    });
    Ok(())
}

/// CPU forward of `affineInplace`.
pub fn affine(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let op = UnaryOp::Affine {
        mul: attrs.number(),
        add: attrs.number(),
    };
    unary(exec, op)
}

/// CPU forward of `clampInplace`.
pub fn clamp(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let op = UnaryOp::Clamp {
        min: attrs.number(),
        max: attrs.number(),
    };
    unary(exec, op)
}

fn unary(exec: &mut Exec<'_>, op: UnaryOp) -> Result<Outputs> {
    float!(exec.dtype(0), T => {
        unary_kernel::unary_inplace(op, &mut exec.write::<T>(0)?);
        Ok(Outputs::new())
    })
}

/// CPU forward of `fillInplace`.
pub fn fill(exec: &mut Exec<'_>) -> Result<Outputs> {
    let value = exec.reader().number();
    match exec.dtype(0) {
        Dtype::I64 => kernels::par::fill(&mut exec.write::<i64>(0)?, value as i64),
        Dtype::U8 => kernels::par::fill(&mut exec.write::<u8>(0)?, value as u8),
        Dtype::Bool => kernels::par::fill(&mut exec.write::<u8>(0)?, u8::from(value != 0.0)),
        dtype => float!(dtype, T => {
            kernels::par::fill(&mut exec.write::<T>(0)?, value as T);
            Ok(())
        })?,
    }
    Ok(Outputs::new())
}

/// CPU forward of `uniformInplace`.
pub fn uniform(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (low, high, rng) = (attrs.number(), attrs.number(), exec.rng());
    float!(exec.dtype(0), T => {
        dropout::fill_uniform(rng.seed, rng.counter, low, high, &mut exec.write::<T>(0)?);
        Ok(Outputs::new())
    })
}

/// CPU forward of `normalInplace`.
pub fn normal(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (mean, std, rng) = (attrs.number(), attrs.number(), exec.rng());
    float!(exec.dtype(0), T => {
        dropout::fill_normal(rng.seed, rng.counter, mean, std, &mut exec.write::<T>(0)?);
        Ok(Outputs::new())
    })
}

/// CPU forward of `sliceAssign`.
pub fn slice_assign(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let shape = exec.shape(0);
    let (dim, start) = (shape.dim(attrs.number())?, attrs.size()?);
    let own = shape.strides();
    let strides: SmallVec<[isize; 5]> = own.iter().map(|&s| s as isize).collect();
    any!(exec.dtype(0), T => {
        let src = exec.read::<T>(1)?;
        scatter_strided(&src, &mut exec.write::<T>(0)?, start * own[dim], &strides, exec.shape(1).dims())?;
    });
    Ok(Outputs::new())
}

// ---- backward -------------------------------------------------------------------------------------------------------------

/// The overwritten values get no gradient; the source gets `dy`, summed over broadcast dimensions.
pub fn copy_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    if back.needs(1) {
        let to = back.grad_dtype(1);
        let dy = if back.meta_of(dy).dtype == to {
            dy
        } else {
            back.op(&table::CAST, &[dy], &[f64::from(to as u8)])?
        };
        back.set_reduced(1, dy)?;
    }
    if back.needs(0) {
        let zero = back.affine(dy, 0.0, 0.0)?;
        back.set(0, zero);
    }
    Ok(())
}

/// The overwritten values get no gradient.
pub fn fill_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let zero = back.affine(dy, 0.0, 0.0)?;
    back.set(0, zero);
    Ok(())
}

// ---- twins ----------------------------------------------------------------------------------------------------------------

/// Twin of `allSound`.
pub fn all_sound_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![Tensor::ones((), candle_core::DType::U8, twin.device())?])
}

/// `x = f(x, y)` where it lies, a chunk at a time where the shapes are equal: a gradient that is added to another takes no third.
fn pairwise_twin(twin: &Twin<'_>, f: impl Fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>) -> Result<Vec<Tensor>> {
    let (x, y) = (twin.tensor(0), twin.tensor(1));
    if x.dims() != y.dims() {
        return Ok(vec![f(x, &y.broadcast_as(x.shape())?)?]);
    }
    for (start, len) in twins::chunks(x.elem_count(), x.dtype().size_in_bytes(), twins::CHUNK_BYTES) {
        twin.change_from(0, start, &f(&twin.part(0, start, len)?, &twin.part(1, start, len)?)?)?;
    }
    Ok(vec![x.clone()])
}

/// Twin of `addInplace`.
pub fn add_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    pairwise_twin(twin, |x, y| x + y)
}

/// Twin of `subInplace`.
pub fn sub_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    pairwise_twin(twin, |x, y| x - y)
}

/// Twin of `mulInplace`.
pub fn mul_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    pairwise_twin(twin, |x, y| x * y)
}

/// Twin of `divInplace`.
pub fn div_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    pairwise_twin(twin, |x, y| x / y)
}

/// Twin of `copyInplace`. The executor converts what it stores, by the target's dtype: candle has no booleans.
pub fn copy_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![twin.tensor(1).broadcast_as(twin.tensor(0).shape())?])
}

/// Twin of `fillInplace`: where it lies.
pub fn fill_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0).clone();
    twins::set(&x, twin.reader().number())?;
    Ok(vec![x])
}

/// Twin of `uniformInplace`.
pub fn uniform_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (low, high) = (attrs.number(), attrs.number());
    random_twin(twin, own::uniform, (low, high))
}

/// Twin of `normalInplace`.
pub fn normal_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (mean, std) = (attrs.number(), attrs.number());
    random_twin(twin, own::normal, (mean, std))
}

/// Random numbers of a kind, by the counter, on a device.
type Draw = fn(Rng, &[usize], (f64, f64), Dtype, &Device) -> Result<Tensor>;

/// Fills a tensor where it lies, a chunk at a time: each begins with a whole block of the generator.
fn random_twin(twin: &Twin<'_>, draw: Draw, numbers: (f64, f64)) -> Result<Vec<Tensor>> {
    let (x, Rng { seed, counter }) = (twin.tensor(0).clone(), twin.rng());
    let dtype = dtype_of(&x);
    let block = if dtype == Dtype::F64 { 2 } else { 4 };
    for (start, len) in twins::chunks(x.elem_count(), dtype.size(), twins::CHUNK_BYTES) {
        let counter = counter.wrapping_add((start / block) as u64);
        let part = draw(Rng { seed, counter }, &[len], numbers, dtype, twin.device())?;
        twin.change_from(0, start, &part)?;
    }
    Ok(vec![x])
}

fn dtype_of(x: &Tensor) -> Dtype {
    if x.dtype() == candle_core::DType::F64 {
        Dtype::F64
    } else {
        Dtype::F32
    }
}

/// Twin of `sliceAssign`: where it lies, so that a cache of keys is not copied for each token.
pub fn slice_assign_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (x, src) = (twin.tensor(0).clone(), twin.tensor(1));
    let (dim, start) = (crate::shape::Shape::new(x.dims()).dim(attrs.number())?, attrs.size()?);
    if src.elem_count() > 0 {
        let apart = if own::share(&x, src) {
            src.force_contiguous()?
        } else {
            src.clone()
        };
        x.slice_set(&apart, dim, start)?;
    }
    Ok(vec![x])
}
