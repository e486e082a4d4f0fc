//! Rows of a table by id, and the gradient of the table.

use candle_core::{DType, Tensor};
use kernels::cpu::embedding::{self as kernel, EmbeddingDims, EmbeddingOptions};

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::linear::Weight;
use super::row::{Needs, Save};
use super::{ids, table, twins};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;

/// Checks that `ids` are integers.
///
/// # Errors
/// [`Code::Dtype`].
pub fn check_ids(context: &ShapeContext<'_>, i: usize) -> Result<()> {
    if context.dtype(i) == Dtype::I64 {
        return Ok(());
    }
    Err(Error::new(
        Code::Dtype,
        format!("{}: {} must be whole numbers", context.signature.name, context.name(i)),
    )
    .expected("i64")
    .received(context.dtype(i).name())
    .hint("make them with dtype: 'i64', or convert with .to('i64')"))
}

/// Reads `paddingIdx`: a row of the table, or -1 for none.
///
/// # Errors
/// [`Code::Option`].
pub fn padding(attrs: &mut AttrReader<'_>, num: usize) -> Result<Option<usize>> {
    let index = attrs.number();
    if index == -1.0 {
        return Ok(None);
    }
    if index.fract() == 0.0 && index >= 0.0 && index < num as f64 {
        return Ok(Some(index as usize));
    }
    Err(Error::new(Code::Option, "paddingIdx is not a row of the table")
        .expected(format!("a row from 0 to {}", num.saturating_sub(1)))
        .received(index.to_string())
        .hint("name a row of the table, or leave paddingIdx out"))
}

/// `weight (num, dim)` and ids of any shape give `ids.shape + (dim)`; half weights and blocks give f32.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.weight_dtype(0)?;
    check_ids(context, 1)?;
    let &[num, dim] = context.shape(0).dims() else {
        return Err(context.shape_error("weight (num, dim)"));
    };
    padding(&mut context.reader(), num)?;
    let dims: Vec<usize> = context.shape(1).dims().iter().copied().chain([dim]).collect();
    Ok(one(Meta::new(Shape::new(&dims), dtype.wide())))
}

/// `embeddingBackward(dy, ids, num, …)` gives `(num, dim)`.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dy, ids) = (context.shape(0), context.shape(1));
    let mut attrs = context.reader();
    let num = attrs.size()?;
    padding(&mut attrs, num)?;
    if dy.rank() != ids.rank() + 1 || dy.dims()[..ids.rank()] != *ids.dims() {
        return Err(context.shape_error("dy of shape ids.shape + (dim)"));
    }
    Ok(one(Meta::new(Shape::new(&[num, dy.last()]), context.dtype(0))))
}

/// The ids: the gradient does not depend on the table.
pub fn save(_: Needs) -> Save {
    Save {
        inputs: 0b10,
        outputs: 0,
    }
}

/// CPU forward of `embedding`.
pub fn embedding(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (weight, ids) = (exec.shape(0).dims(), exec.read::<i64>(1)?);
    let dims = EmbeddingDims {
        num: weight[0],
        dim: weight[1],
    };
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        let weight = Weight::<T>::read(exec, 0)?;
        kernel::embedding(dims, weight.values(), &ids, &mut y)?;
        Ok(output(y))
    })
}

/// CPU forward of `embeddingBackward`.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (dim, ids, mut attrs) = (exec.shape(0).last(), exec.read::<i64>(1)?, exec.reader());
    let num = attrs.size()?;
    let options = EmbeddingOptions {
        padding_idx: padding(&mut attrs, num)?,
        scale_by_freq: attrs.bool(),
    };
    float!(exec.dtype(0), T => {
        let mut dw = exec.alloc::<T>(0)?;
        kernel::embedding_backward(EmbeddingDims { num, dim }, &ids, &exec.read::<T>(0)?, options, &mut dw)?;
        Ok(output(dw))
    })
}

/// `dw[id] = Σ dy` over the positions of each id.
pub fn embedding_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, ids, num) = (back.dy(), back.input(1), back.shape(0).dims()[0]);
    let mut attrs = back.reader();
    let attrs = [num as f64, attrs.number(), attrs.number()];
    let dw = back.op(&table::EMBEDDING_BACKWARD, &[dy, ids], &attrs)?;
    back.set(0, dw);
    Ok(())
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// Twin of `embedding`.
pub fn embedding_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let weight = twin.tensor(0);
    let ids = ids::checked_ids(twin, 1, weight.dim(0)?)?.flatten_all()?;
    Ok(vec![select(weight, &ids)?.reshape(twin.out(0).shape.dims())?])
}

/// Rows by id, widened.
pub(super) fn select(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    if ids.elem_count() == 0 || table.dim(1)? == 0 {
        let none = Tensor::zeros((ids.elem_count(), table.dim(1)?), table.dtype(), table.device())?;
        return twins::wide(&none);
    }
    twins::wide(&table.index_select(ids, 0)?)
}

/// Twin of `embeddingBackward`.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let num = attrs.size()?;
    let (padding, by_frequency) = (padding(&mut attrs, num)?, attrs.bool());
    let (dy, ids) = (twin.tensor(0), ids::checked_ids(twin, 1, num)?.flatten_all()?);
    let (dim, count) = (twin.out(0).shape.last(), ids.elem_count());
    let zeros = Tensor::zeros((num, dim), dy.dtype(), dy.device())?;
    if count == 0 || dim == 0 {
        return Ok(vec![zeros]);
    }
    let mut dw = added(zeros, &ids, &dy.reshape((count, dim))?)?;
    if by_frequency {
        dw = dw.broadcast_div(&frequencies(&ids, num, dy.dtype())?)?;
    }
    if let Some(row) = padding {
        forget(&dw, row)?;
    }
    Ok(vec![dw])
}

/// A new table with rows added at their ids, where it lies.
pub fn added(table: Tensor, ids: &Tensor, rows: &Tensor) -> Result<Tensor> {
    let index = ids.unsqueeze(1)?.broadcast_as(rows.shape())?.contiguous()?;
    table.scatter_add_set(&index, &rows.contiguous()?, 0)?;
    Ok(table)
}

/// Sets a row of a new table to 0.
pub fn forget(table: &Tensor, row: usize) -> Result<()> {
    twins::set(&table.narrow(0, row, 1)?, 0.0)
}

/// How often each id occurs, at least 1, as a column (num, 1).
pub fn frequencies(ids: &Tensor, num: usize, dtype: DType) -> Result<Tensor> {
    let zeros = Tensor::zeros((num, 1), dtype, ids.device())?;
    let ones = Tensor::ones((ids.elem_count(), 1), dtype, ids.device())?;
    Ok(zeros.index_add(ids, &ones, 0)?.maximum(1.0)?)
}
