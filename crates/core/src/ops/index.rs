//! Gather and scatter. Indexes are i64 from 0; the kernels report one that is out of range.

use candle_core::Tensor;
use kernels::cpu::axis::AxisDims;
use kernels::cpu::index as kernel;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::embedding::check_ids;
use super::row::{Needs, OpRow, Save};
use super::{ids, table};
use crate::error::Result;
use crate::meta::{Id, Meta, Metas};
use crate::shape::Shape;
use crate::{any, float};

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// The dimension of a tensor that has one.
fn dim_of(context: &ShapeContext<'_>) -> Result<usize> {
    check_ids(context, 1)?;
    if context.shape(0).rank() == 0 {
        return Err(context.shape_error("x with at least one dimension"));
    }
    context.shape(0).dim(context.reader().number())
}

/// `shape` with another size in one dimension.
fn resized(shape: &Shape, dim: usize, size: usize) -> Shape {
    let mut dims = shape.dims().to_vec();
    dims[dim] = size;
    Shape::new(&dims)
}

/// Whether two shapes agree in all dimensions but one.
fn fits_but(a: &Shape, b: &Shape, dim: usize) -> bool {
    a.rank() == b.rank() && *a == resized(b, dim, a.dims()[dim])
}

/// `gather(x, index, dim)`: index and result have x's sizes in every other dimension.
pub fn gather_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dim, x, index) = (dim_of(context)?, context.shape(0), context.shape(1));
    if !fits_but(x, index, dim) {
        return Err(context
            .shape_error(format!("an index with the sizes of x in every dimension but {dim}"))
            .hint("narrow() x first where the index covers a part; indexSelect() takes whole rows"));
    }
    Ok(one(Meta::new(index.clone(), context.dtype(0))))
}

/// `indexSelect(x, index, dim)`: the index is a vector.
pub fn index_select_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dim = dim_of(context)?;
    let &[count] = context.shape(1).dims() else {
        return Err(context
            .shape_error("an index with one dimension")
            .hint("gather() takes an index like x"));
    };
    Ok(one(Meta::new(resized(context.shape(0), dim, count), context.dtype(0))))
}

/// `scatterAdd(x, index, src, dim)`: index and src have one shape, which fits x in every other dimension.
pub fn scatter_add_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same_float(&[0, 2])?;
    scatter_shape(context)
}

/// `scatter(x, index, src, dim)`: as [`scatter_add_shape`], for any dtype.
pub fn scatter_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dim, dtype) = (dim_of(context)?, context.same(&[0, 2])?);
    let (x, index, src) = (context.shape(0), context.shape(1), context.shape(2));
    if index != src || !fits_but(x, index, dim) {
        return Err(context.shape_error(format!(
            "index and src alike, with the sizes of x in every dimension but {dim}"
        )));
    }
    Ok(one(Meta::new(x.clone(), dtype)))
}

/// `indexAdd(x, index, src, dim)`: src has a row for each index.
pub fn index_add_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dim, dtype) = (dim_of(context)?, context.same_float(&[0, 2])?);
    let (x, index, src) = (context.shape(0), context.shape(1), context.shape(2));
    let fits = index.rank() == 1 && *src == resized(x, dim, index.dims()[0]);
    if !fits {
        return Err(context.shape_error(format!(
            "index (K,), and src with the sizes of x but K in dimension {dim}"
        )));
    }
    Ok(one(Meta::new(x.clone(), dtype)))
}

/// The index, for reading ops.
pub fn save_index(_: Needs) -> Save {
    Save {
        inputs: 0b10,
        outputs: 0,
    }
}

/// The index: the gradient of either input is `dy` at some positions.
pub fn save_scattered(_: Needs) -> Save {
    save_index(Needs(0))
}

/// The index, when `src` gets a gradient: that of `x` is `dy` itself.
pub fn save_scatter_index(needs: Needs) -> Save {
    Save {
        inputs: Needs::when(needs.input(2), &[1]),
        outputs: 0,
    }
}

// ---- forward --------------------------------------------------------------------------------------------------------

/// The indexed dimension, and `x` seen as (outer, n, inner) around it.
fn split(exec: &Exec<'_>) -> Result<(usize, [usize; 3])> {
    let dim = exec.shape(0).dim(exec.reader().number())?;
    let (outer, n, inner) = exec.shape(0).split_at(dim);
    Ok((dim, [outer, n, inner]))
}

/// CPU forward of `gather`.
pub fn gather(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (dim, [outer, n, inner]) = split(exec)?;
    let (index, n_out) = (exec.read::<i64>(1)?, exec.shape(1).dims()[dim]);
    any!(exec.dtype(0), T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::gather(AxisDims { outer, n, inner }, n_out, &exec.read::<T>(0)?, &index, &mut y)?;
        Ok(output(y))
    })
}

/// CPU forward of `indexSelect`.
pub fn index_select(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (_, [outer, n, inner]) = split(exec)?;
    let index = exec.read::<i64>(1)?;
    any!(exec.dtype(0), T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::index_select(AxisDims { outer, n, inner }, &exec.read::<T>(0)?, &index, &mut y)?;
        Ok(output(y))
    })
}

/// CPU forward of `scatterAdd`.
pub fn scatter_add(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (dim, [outer, n, inner]) = split(exec)?;
    let (index, n_src) = (exec.read::<i64>(1)?, exec.shape(1).dims()[dim]);
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernels::par::copy(&exec.read::<T>(0)?, &mut y);
        kernel::scatter_add(AxisDims { outer, n, inner }, n_src, &mut y, &index, &exec.read::<T>(2)?)?;
        Ok(output(y))
    })
}

/// CPU forward of `scatter`.
pub fn scatter(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (dim, [outer, n, inner]) = split(exec)?;
    let (index, n_src) = (exec.read::<i64>(1)?, exec.shape(1).dims()[dim]);
    any!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernels::par::copy(&exec.read::<T>(0)?, &mut y);
        kernel::scatter(AxisDims { outer, n, inner }, n_src, &mut y, &index, &exec.read::<T>(2)?)?;
        Ok(output(y))
    })
}

/// CPU forward of `indexAdd`.
pub fn index_add(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (_, [outer, n, inner]) = split(exec)?;
    let index = exec.read::<i64>(1)?;
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernels::par::copy(&exec.read::<T>(0)?, &mut y);
        kernel::index_add(AxisDims { outer, n, inner }, &mut y, &index, &exec.read::<T>(2)?)?;
        Ok(output(y))
    })
}

// ---- backward -------------------------------------------------------------------------------------------------------

/// Zeros of the shape of input `i`, in the dtype of its gradient.
pub(super) fn zeros(back: &mut Back<'_>, i: usize) -> Result<Id> {
    let (shape, dtype) = (back.shape(i), back.grad_dtype(i));
    let mut attrs = vec![shape.rank() as f64];
    attrs.extend(shape.dims().iter().map(|&d| d as f64));
    attrs.extend([0.0, f64::from(dtype as u8)]);
    back.op(&table::FULL, &[], &attrs)
}

/// `dx` is `dy` added into zeros where it was read.
fn add_back(back: &mut Back<'_>, row: &'static OpRow) -> Result<()> {
    let (zeros, index, dy, attrs) = (zeros(back, 0)?, back.input(1), back.dy(), back.attrs());
    let dx = back.op(row, &[zeros, index, dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

/// `dx` is `dy`, `dsrc` is `dy` where src was added.
fn read_back(back: &mut Back<'_>, row: &'static OpRow) -> Result<()> {
    let dy = back.dy();
    if back.needs(2) {
        let (index, attrs) = (back.input(1), back.attrs());
        let dsrc = back.op(row, &[dy, index], &attrs)?;
        back.set(2, dsrc);
    }
    if back.needs(0) {
        back.set(0, dy);
    }
    Ok(())
}

/// Gradient of `gather`.
pub fn gather_backward(back: &mut Back<'_>) -> Result<()> {
    add_back(back, &table::SCATTER_ADD)
}

/// Gradient of `indexSelect`.
pub fn index_select_backward(back: &mut Back<'_>) -> Result<()> {
    add_back(back, &table::INDEX_ADD)
}

/// Gradient of `scatterAdd`.
pub fn scatter_add_backward(back: &mut Back<'_>) -> Result<()> {
    read_back(back, &table::GATHER)
}

/// Gradient of `scatter`: `dx` is `dy`, but 0 where src was written; `dsrc` is `dy` there.
pub fn scatter_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, index, attrs) = (back.dy(), back.input(1), back.attrs());
    if back.needs(2) {
        let dsrc = back.op(&table::GATHER, &[dy, index], &attrs)?;
        back.set(2, dsrc);
    }
    if back.needs(0) {
        let zeros = zeros(back, 2)?;
        let dx = back.op(&table::SCATTER, &[dy, index, zeros], &attrs)?;
        back.set(0, dx);
    }
    Ok(())
}

/// Gradient of `indexAdd`.
pub fn index_add_backward(back: &mut Back<'_>) -> Result<()> {
    read_back(back, &table::INDEX_SELECT)
}

// ---- twins ----------------------------------------------------------------------------------------------------------

fn twin_dim(twin: &Twin<'_>) -> Result<usize> {
    Shape::new(twin.tensor(0).dims()).dim(twin.reader().number())
}

/// The dimension, and the index, in range.
fn checked(twin: &Twin<'_>) -> Result<(usize, Tensor)> {
    let dim = twin_dim(twin)?;
    Ok((dim, ids::checked_ids(twin, 1, twin.tensor(0).dim(dim)?)?))
}

/// A result without elements, which needs no device.
fn nothing(twin: &Twin<'_>) -> Result<Option<Vec<Tensor>>> {
    let (shape, x) = (&twin.out(0).shape, twin.tensor(0));
    Ok(if shape.numel() == 0 {
        Some(vec![Tensor::zeros(shape.dims(), x.dtype(), x.device())?])
    } else {
        None
    })
}

/// Twin of `gather`.
pub fn gather_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    if let Some(empty) = nothing(twin)? {
        return Ok(empty);
    }
    let (dim, index) = checked(twin)?;
    Ok(vec![twin.tensor(0).gather(&index, dim)?])
}

/// Twin of `indexSelect`.
pub fn index_select_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    if let Some(empty) = nothing(twin)? {
        return Ok(empty);
    }
    let (dim, index) = checked(twin)?;
    Ok(vec![twin.tensor(0).index_select(&index, dim)?])
}

/// `x` with `src` written or added at the index.
fn written(
    twin: &Twin<'_>,
    write: impl Fn(&Tensor, &Tensor, &Tensor, usize) -> candle_core::Result<Tensor>,
) -> Result<Vec<Tensor>> {
    let (x, src) = (twin.tensor(0), twin.tensor(2));
    if src.elem_count() == 0 {
        return Ok(vec![x.copy()?]);
    }
    let (dim, index) = checked(twin)?;
    Ok(vec![write(x, &index, src, dim)?])
}

/// Twin of `scatterAdd`.
pub fn scatter_add_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    written(twin, |x, index, src, dim| x.scatter_add(index, src, dim))
}

/// Twin of `scatter`.
pub fn scatter_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    written(twin, |x, index, src, dim| x.scatter(index, src, dim))
}

/// Twin of `indexAdd`.
pub fn index_add_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    written(twin, |x, index, src, dim| x.index_add(index, src, dim))
}
