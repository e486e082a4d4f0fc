//! Reductions over any dimensions.

mod twin;

use kernels::cpu::reduce::{self as kernel, AxisDims, ReduceOp};
use smallvec::SmallVec;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, output};
use super::create::one;
use super::elementwise::wide;
use super::row::{Needs, Save};
use super::table;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::memory::Pooled;
use crate::meta::{Id, Meta, Metas};
use crate::shape::{Shape, show_sizes};

pub use twin::*;

/// The dimensions to reduce: in order, none twice; an empty list means all.
fn reduced(shape: &Shape, dims: &[f64]) -> Result<SmallVec<[usize; 5]>> {
    if dims.is_empty() {
        return Ok((0..shape.rank()).collect());
    }
    let mut list = dims
        .iter()
        .map(|&d| shape.dim(d))
        .collect::<Result<SmallVec<[usize; 5]>>>()?;
    list.sort_unstable();
    if list.windows(2).any(|w| w[0] == w[1]) {
        return Err(Error::new(Code::Option, "a dimension is named twice")
            .received(format!("{} for {shape}", show_sizes(dims)))
            .expected("each dimension once")
            .hint("name each dimension once; without any, all are reduced"));
    }
    // Dimension 0 of a scalar is accepted and does not exist.
    list.retain(|d| *d < shape.rank());
    Ok(list)
}

/// The remaining shape: reduced dimensions are 1 or removed.
fn remaining(shape: &Shape, gone: &[usize], keepdim: bool) -> Shape {
    let dims: SmallVec<[usize; 5]> = shape
        .dims()
        .iter()
        .enumerate()
        .filter_map(|(i, &d)| match (gone.contains(&i), keepdim) {
            (true, true) => Some(1),
            (true, false) => None,
            (false, _) => Some(d),
        })
        .collect();
    Shape::new(&dims)
}

fn shape_with(context: &ShapeContext<'_>, dtype: Dtype) -> Result<Metas> {
    let mut attrs = context.reader();
    let gone = reduced(context.shape(0), attrs.dims())?;
    Ok(one(Meta::new(remaining(context.shape(0), &gone, attrs.bool()), dtype)))
}

/// Sums of integers and booleans are i64.
pub fn sum_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.dtype(0);
    shape_with(context, if dtype.is_float() { dtype } else { Dtype::I64 })
}

/// Floats stay floats.
pub fn float_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0])?;
    shape_with(context, dtype)
}

/// As [`float_shape`]; there is no extreme of no elements.
pub fn extreme_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0])?;
    let gone = reduced(context.shape(0), context.reader().dims())?;
    if gone.iter().any(|&d| context.shape(0).dims()[d] == 0) {
        return Err(context.shape_error("at least one element in the reduced dimensions"));
    }
    shape_with(context, dtype)
}

/// `variance(x, dims, correction, keepdim)`.
pub fn float_shape_variance(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0])?;
    let mut attrs = context.reader();
    let gone = reduced(context.shape(0), attrs.dims())?;
    attrs.number();
    Ok(one(Meta::new(remaining(context.shape(0), &gone, attrs.bool()), dtype)))
}

/// `argmax(x, dim, keepdim)`.
pub fn arg_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same_float(&[0])?;
    let mut attrs = context.reader();
    let dim = context.shape(0).dim(attrs.number())?;
    if context.shape(0).dims().get(dim) == Some(&0) {
        return Err(context.shape_error("at least one element in the dimension"));
    }
    let gone: &[usize] = if context.shape(0).rank() == 0 { &[] } else { &[dim] };
    Ok(one(Meta::new(
        remaining(context.shape(0), gone, attrs.bool()),
        Dtype::I64,
    )))
}

/// The input.
pub fn save_input(_: Needs) -> Save {
    Save { inputs: 1, outputs: 0 }
}

/// Input and output.
pub fn save_both(_: Needs) -> Save {
    Save { inputs: 1, outputs: 1 }
}

// ---- forward --------------------------------------------------------------------------------------------------------------

/// `x` and its sizes (outer, n, inner) with the reduced dimensions in the middle; dimensions that are apart are first moved to the end.
fn grouped<T: Pooled, R>(
    exec: &mut Exec<'_>,
    gone: &[usize],
    run: impl FnOnce(AxisDims, &[T]) -> Result<R>,
) -> Result<R> {
    let shape = exec.shape(0);
    let together = gone.windows(2).all(|w| w[1] == w[0] + 1);
    let n: usize = gone.iter().map(|&d| shape.dims()[d]).product();
    if together {
        let first = gone.first().copied().unwrap_or(shape.rank());
        let outer = shape.dims()[..first].iter().product();
        let inner = shape.dims()[first..].iter().skip(gone.len()).product();
        return run(AxisDims { outer, n, inner }, &exec.read::<T>(0)?);
    }
    let strides = shape.strides();
    let order: SmallVec<[usize; 5]> = (0..shape.rank())
        .filter(|d| !gone.contains(d))
        .chain(gone.iter().copied())
        .collect();
    let dims: SmallVec<[usize; 5]> = order.iter().map(|&d| shape.dims()[d]).collect();
    let moved: SmallVec<[isize; 5]> = order.iter().map(|&d| strides[d] as isize).collect();
    let mut copy = exec.scratch::<T>(shape.numel())?;
    kernels::cpu::strided::gather_strided(&exec.read::<T>(0)?, 0, &moved, &dims, &mut copy)?;
    let outer = dims[..dims.len() - gone.len()].iter().product();
    let result = run(AxisDims { outer, n, inner: 1 }, &copy);
    exec.give(copy);
    result
}

fn run(exec: &mut Exec<'_>, op: ReduceOp) -> Result<Outputs> {
    let gone = reduced(exec.shape(0), exec.reader().dims())?;
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        grouped::<T, ()>(exec, &gone, |dims, x| Ok(kernel::reduce(op, dims, x, &mut y)?))?;
        Ok(output(y))
    })
}

/// CPU forward of `sum`.
pub fn sum(exec: &mut Exec<'_>) -> Result<Outputs> {
    let gone = reduced(exec.shape(0), exec.reader().dims())?;
    match exec.dtype(0) {
        Dtype::I64 => {
            let mut y = exec.alloc::<i64>(0)?;
            grouped::<i64, ()>(exec, &gone, |dims, x| {
                sum_integers(dims, x, |v| v, &mut y);
                Ok(())
            })?;
            Ok(output(y))
        }
        Dtype::U8 | Dtype::Bool => {
            let mut y = exec.alloc::<i64>(0)?;
            grouped::<u8, ()>(exec, &gone, |dims, x| {
                sum_integers(dims, x, i64::from, &mut y);
                Ok(())
            })?;
            Ok(output(y))
        }
        _ => run(exec, ReduceOp::Sum),
    }
}

fn sum_integers<T: Copy>(dims: AxisDims, x: &[T], widen: impl Fn(T) -> i64, y: &mut [i64]) {
    let AxisDims { outer, n, inner } = dims;
    for o in 0..outer {
        for i in 0..inner {
            y[o * inner + i] = (0..n).fold(0i64, |sum, k| sum.wrapping_add(widen(x[(o * n + k) * inner + i])));
        }
    }
}

/// CPU forward of `mean`.
pub fn mean(exec: &mut Exec<'_>) -> Result<Outputs> {
    run(exec, ReduceOp::Mean)
}

/// CPU forward of `amax`.
pub fn amax(exec: &mut Exec<'_>) -> Result<Outputs> {
    run(exec, ReduceOp::Max)
}

/// CPU forward of `amin`.
pub fn amin(exec: &mut Exec<'_>) -> Result<Outputs> {
    run(exec, ReduceOp::Min)
}

/// CPU forward of `logsumexp`.
pub fn logsumexp(exec: &mut Exec<'_>) -> Result<Outputs> {
    run(exec, ReduceOp::LogSumExp)
}

/// CPU forward of `variance`.
pub fn variance(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let gone = reduced(exec.shape(0), attrs.dims())?;
    let correction = attrs.number();
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        grouped::<T, ()>(exec, &gone, |dims, x| Ok(kernel::var(dims, x, correction, None, &mut y)?))?;
        Ok(output(y))
    })
}

/// CPU forward of `argmax`.
pub fn argmax(exec: &mut Exec<'_>) -> Result<Outputs> {
    arg(exec, true)
}

/// CPU forward of `argmin`.
pub fn argmin(exec: &mut Exec<'_>) -> Result<Outputs> {
    arg(exec, false)
}

fn arg(exec: &mut Exec<'_>, largest: bool) -> Result<Outputs> {
    let dim = exec.shape(0).dim(exec.reader().number())?;
    let (outer, n, inner) = exec.shape(0).split_at(dim);
    let dims = AxisDims { outer, n, inner };
    let mut y = exec.alloc::<i64>(0)?;
    float!(exec.dtype(0), T => {
        let x = exec.read::<T>(0)?;
        if largest { kernel::argmax(dims, &x, &mut y)? } else { kernel::argmin(dims, &x, &mut y)? }
        Ok(())
    })?;
    Ok(output(y))
}

// ---- backward -------------------------------------------------------------------------------------------------------------

/// A result of the reduction, broadcast back over the reduced dimensions.
fn spread(back: &mut Back<'_>, id: Id, gone: &[usize]) -> Result<Id> {
    let shape = back.shape(0);
    back.reshape(id, &remaining(&shape, gone, true))
}

fn gone_of(back: &Back<'_>) -> Result<(SmallVec<[usize; 5]>, f64)> {
    let gone = reduced(&back.shape(0), back.reader().dims())?;
    let n: usize = gone.iter().map(|&d| back.shape(0).dims()[d]).product();
    Ok((gone, n as f64))
}

/// `dx = dy`, repeated.
pub fn sum_backward(back: &mut Back<'_>) -> Result<()> {
    let (gone, _) = gone_of(back)?;
    let dy = back.dy();
    let dy = spread(back, dy, &gone)?;
    expand_to_input(back, dy)
}

/// `dx = dy / n`, repeated.
pub fn mean_backward(back: &mut Back<'_>) -> Result<()> {
    let (gone, n) = gone_of(back)?;
    let dy = back.dy();
    let dy = spread(back, dy, &gone)?;
    let dy = back.affine(dy, 1.0 / n, 0.0)?;
    expand_to_input(back, dy)
}

fn expand_to_input(back: &mut Back<'_>, id: Id) -> Result<()> {
    let shape = back.shape(0);
    if back.meta_of(id).shape == shape {
        back.set(0, id);
        return Ok(());
    }
    let mut attrs = vec![shape.rank() as f64];
    attrs.extend(shape.dims().iter().map(|&d| d as f64));
    let dx = back.op(&table::EXPAND, &[id], &attrs)?;
    back.set(0, dx);
    Ok(())
}

/// Ties share the gradient evenly.
pub fn extreme_backward(back: &mut Back<'_>) -> Result<()> {
    let (gone, _) = gone_of(back)?;
    let dtype = f64::from(back.grad_dtype(0) as u8);
    let (x, y, dy) = (back.input(0), back.output(0), back.dy());
    let (y, dy) = (spread(back, y, &gone)?, spread(back, dy, &gone)?);
    let winners = back.op(&table::EQ, &[x, y], &[])?;
    let winners = back.op(&table::CAST, &[winners], &[dtype])?;
    let mut attrs = vec![gone.len() as f64];
    attrs.extend(gone.iter().map(|&d| d as f64));
    attrs.push(1.0);
    // A scalar has no dimension to count over.
    let count = if gone.is_empty() {
        winners
    } else {
        back.op(&table::SUM, &[winners], &attrs)?
    };
    let share = back.op(&table::DIV, &[dy, count], &[])?;
    let dx = back.op(&table::MUL, &[winners, share], &[])?;
    back.set(0, dx);
    Ok(())
}

/// `dx = dy · exp(x - y)`.
pub fn logsumexp_backward(back: &mut Back<'_>) -> Result<()> {
    let (gone, _) = gone_of(back)?;
    let (x, y, dy) = (wide(back, back.input(0))?, wide(back, back.output(0))?, back.dy());
    let (y, dy) = (spread(back, y, &gone)?, spread(back, dy, &gone)?);
    let difference = back.op(&table::SUB, &[x, y], &[])?;
    let share = back.op(&table::EXP, &[difference], &[])?;
    let dx = back.op(&table::MUL, &[share, dy], &[])?;
    back.set(0, dx);
    Ok(())
}

/// `dx = dy · 2 (x - mean) / (n - correction)`.
pub fn variance_backward(back: &mut Back<'_>) -> Result<()> {
    let (gone, n) = gone_of(back)?;
    let mut attrs = back.reader();
    attrs.dims();
    let correction = attrs.number();
    let (x, dy) = (wide(back, back.input(0))?, back.dy());
    let dy = spread(back, dy, &gone)?;
    let mut mean_attrs = vec![gone.len() as f64];
    mean_attrs.extend(gone.iter().map(|&d| d as f64));
    mean_attrs.push(1.0);
    let mean = back.op(&table::MEAN, &[x], &mean_attrs)?;
    let centred = back.op(&table::SUB, &[x, mean], &[])?;
    let product = back.op(&table::MUL, &[centred, dy], &[])?;
    let dx = back.affine(product, 2.0 / (n - correction).max(0.0), 0.0)?;
    back.set(0, dx);
    Ok(())
}
