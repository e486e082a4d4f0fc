//! Permute, expand, slice and cat. All of these copy.

use candle_core::Tensor;
use kernels::cpu::strided::{gather_strided, scatter_strided};
use smallvec::SmallVec;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output, outputs};
use super::create::{one, zeroed};
use super::table;
use crate::any;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::{Meta, Metas};
use crate::shape::{Shape, show_sizes};
use crate::storage::Element;

// ---- permute --------------------------------------------------------------------------------------------------------------

fn order(shape: &Shape, dims: &[f64]) -> Result<SmallVec<[usize; 5]>> {
    let mut seen: SmallVec<[bool; 5]> = SmallVec::from_elem(false, shape.rank());
    let wrong = || {
        Error::new(Code::Shape, "permute needs each dimension once")
            .expected(format!("an order of the {} dimensions", shape.rank()))
            .received(format!("{} for {shape}", show_sizes(dims)))
            .hint("name each dimension once, e.g. permute(1, 0) for a matrix")
    };
    if dims.len() != shape.rank() {
        return Err(wrong());
    }
    dims.iter()
        .map(|&d| {
            let d = shape.dim(d)?;
            if std::mem::replace(&mut seen[d], true) {
                Err(wrong())
            } else {
                Ok(d)
            }
        })
        .collect()
}

/// Sizes in the new order.
pub fn permute_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let shape = context.shape(0);
    let order = order(shape, context.reader().dims())?;
    let dims: SmallVec<[usize; 5]> = order.iter().map(|&d| shape.dims()[d]).collect();
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0))))
}

/// Copies in the new order.
pub fn permute(exec: &mut Exec<'_>) -> Result<Outputs> {
    let own = exec.shape(0).strides();
    let strides: SmallVec<[isize; 5]> = order(exec.shape(0), exec.reader().dims())?
        .iter()
        .map(|&d| own[d] as isize)
        .collect();
    gathered(exec, 0, &strides)
}

/// A new tensor whose element at each index of the output's shape comes from `offset + strides · index`.
fn gathered(exec: &mut Exec<'_>, offset: usize, strides: &[isize]) -> Result<Outputs> {
    let dims = exec.out(0).shape.dims();
    any!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        gather_strided(&exec.read::<T>(0)?, offset, strides, dims, &mut y)?;
        Ok(output(y))
    })
}

/// Twin of `permute`.
pub fn permute_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let dims = order(&Shape::new(x.dims()), twin.reader().dims())?;
    Ok(vec![x.permute(dims.to_vec())?.contiguous()?])
}

/// `dx` is `dy` in the old order.
pub fn permute_backward(back: &mut Back<'_>) -> Result<()> {
    let order = order(&back.shape(0), back.reader().dims())?;
    let mut attrs = vec![order.len() as f64; order.len() + 1];
    for (i, &d) in order.iter().enumerate() {
        attrs[d + 1] = i as f64;
    }
    let dy = back.dy();
    let dx = back.op(&table::PERMUTE, &[dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

// ---- expand ---------------------------------------------------------------------------------------------------------------

/// Dimensions of size 1 grow; new ones come in front; -1 keeps a size.
pub fn expand_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (wanted, shape) = (context.reader().dims(), context.shape(0));
    let unfit = || {
        context.shape_error(format!(
            "sizes that {shape} broadcasts to; asked for {}",
            show_sizes(wanted)
        ))
    };
    if wanted.len() < shape.rank() {
        return Err(unfit());
    }
    let lead = wanted.len() - shape.rank();
    let mut dims: SmallVec<[usize; 5]> = SmallVec::new();
    for (i, &d) in wanted.iter().enumerate() {
        let own = (i >= lead).then(|| shape.dims()[i - lead]);
        dims.push(match (d, own) {
            (-1.0, Some(own)) => own,
            (d, Some(own)) if d == own as f64 => own,
            (d, Some(1) | None) if d >= 0.0 && d.fract() == 0.0 => d as usize,
            _ => return Err(unfit()),
        });
    }
    Shape::checked_numel(&dims).ok_or_else(unfit)?;
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0))))
}

/// Copies with stride 0.
pub fn expand(exec: &mut Exec<'_>) -> Result<Outputs> {
    let strides: SmallVec<[isize; 5]> = exec
        .shape(0)
        .broadcast_strides(&exec.out(0).shape)
        .iter()
        .map(|&s| s as isize)
        .collect();
    gathered(exec, 0, &strides)
}

/// Twin of `expand`.
pub fn expand_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![
        twin.tensor(0).broadcast_as(twin.out(0).shape.dims())?.contiguous()?,
    ])
}

/// `dx` is `dy` summed over what was repeated.
pub fn expand_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    back.set_reduced(0, dy)
}

// ---- slice ----------------------------------------------------------------------------------------------------------------

struct Slice {
    dim: usize,
    start: usize,
    step: usize,
    len: usize,
}

/// Python's rules: negative indexes count from the end, indexes outside are clamped.
fn slice_of(shape: &Shape, attrs: &[f64]) -> Result<Slice> {
    let [dim, start, stop, step] = [attrs[0], attrs[1], attrs[2], attrs[3]];
    let dim = shape.dim(dim)?;
    if shape.rank() == 0 {
        return Err(Error::new(Code::Index, "a scalar has no dimension to slice")
            .expected("a tensor with at least one dimension")
            .received("shape ()")
            .hint("read it with item(), or give it a dimension with unsqueeze(0)"));
    }
    if step < 1.0 || step.fract() != 0.0 || start.fract() != 0.0 || (stop.is_finite() && stop.fract() != 0.0) {
        return Err(
            Error::new(Code::Option, "slice needs whole indexes and a step of at least 1")
                .received(format!("[{start}, {stop}, {step}]"))
                .expected("whole numbers, and a step of 1 or more")
                .hint("flip() reverses a dimension"),
        );
    }
    let n = shape.dims()[dim] as f64;
    let clamped = |p: f64| if p < 0.0 { (p + n).max(0.0) } else { p.min(n) };
    let (start, stop) = (clamped(start), clamped(stop));
    let len = if stop > start {
        ((stop - start) / step).ceil()
    } else {
        0.0
    };
    Ok(Slice {
        dim,
        start: start as usize,
        step: step as usize,
        len: len as usize,
    })
}

/// The size of the dimension becomes the number of indexes.
pub fn slice_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let shape = context.shape(0);
    let slice = slice_of(shape, context.attrs)?;
    let mut dims: SmallVec<[usize; 5]> = SmallVec::from_slice(shape.dims());
    dims[slice.dim] = slice.len;
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0))))
}

/// Copies every step-th element.
pub fn slice(exec: &mut Exec<'_>) -> Result<Outputs> {
    let slice = slice_of(exec.shape(0), exec.attrs)?;
    let own = exec.shape(0).strides();
    let mut strides: SmallVec<[isize; 5]> = own.iter().map(|&s| s as isize).collect();
    strides[slice.dim] *= slice.step as isize;
    gathered(exec, slice.start * own[slice.dim], &strides)
}

/// Twin of `slice`.
pub fn slice_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let slice = slice_of(&Shape::new(x.dims()), twin.attrs)?;
    if slice.len == 0 {
        return Ok(vec![x.narrow(slice.dim, 0, 0)?]);
    }
    Ok(vec![if slice.step == 1 {
        x.narrow(slice.dim, slice.start, slice.len)?
    } else {
        x.index_select(&indexes(twin, slice.start, slice.len, slice.step)?, slice.dim)?
    }])
}

/// `dx` is zero outside the slice.
pub fn slice_backward(back: &mut Back<'_>) -> Result<()> {
    let shape = back.shape(0);
    let slice = slice_of(&shape, &back.attrs())?;
    let mut attrs = vec![shape.rank() as f64];
    attrs.extend(shape.dims().iter().map(|&d| d as f64));
    attrs.extend([slice.dim as f64, slice.start as f64, slice.step as f64]);
    let dy = back.dy();
    let dx = back.op(&table::SLICE_SCATTER, &[dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

/// The given shape.
pub fn slice_scatter_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(Meta::new(context.reader().shape()?, context.dtype(0))))
}

/// Writes into zeros.
pub fn slice_scatter(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let shape = attrs.shape()?;
    let (dim, start, step) = (attrs.size()?, attrs.size()?, attrs.size()?);
    let own = shape.strides();
    let mut strides: SmallVec<[isize; 5]> = own.iter().map(|&s| s as isize).collect();
    strides[dim] *= step as isize;
    let mut buffer = zeroed(exec, 0)?;
    any!(exec.out(0).dtype, T => {
        let dx = <T as Element>::slice_mut(&mut buffer).expect("it was made of this type");
        scatter_strided(&exec.read::<T>(0)?, dx, start * own[dim], &strides, exec.shape(0).dims())?;
    });
    Ok(outputs([buffer]))
}

/// Twin of `sliceScatter`: rows are added at their indexes.
pub fn slice_scatter_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let shape = attrs.shape()?;
    let (dim, start, step) = (attrs.size()?, attrs.size()?, attrs.size()?);
    let src = twin.tensor(0);
    let zeros = Tensor::zeros(shape.dims(), src.dtype(), src.device())?;
    let len = src.dim(dim)?;
    if src.elem_count() == 0 {
        return Ok(vec![zeros]);
    }
    if step == 1 {
        zeros.slice_set(&src.contiguous()?, dim, start)?;
        return Ok(vec![zeros]);
    }
    Ok(vec![zeros.index_add(&indexes(twin, start, len, step)?, src, dim)?])
}

/// `start, start + step, …`: slices with steps are rare enough for an upload.
fn indexes(twin: &Twin<'_>, start: usize, len: usize, step: usize) -> Result<Tensor> {
    let end = start + len * step;
    Ok(Tensor::arange_step(
        start as i64,
        end as i64,
        step as i64,
        twin.device(),
    )?)
}

// ---- cat ------------------------------------------------------------------------------------------------------------------

/// Equal sizes except along the dimension, where they add up.
pub fn cat_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let count = context.inputs.len();
    if count == 0 {
        return Err(Error::new(Code::Shape, "cat needs at least one tensor")
            .received("an empty list")
            .expected("at least one tensor")
            .hint("pass the tensors in an array; check that the list is not empty"));
    }
    let all: Vec<usize> = (0..count).collect();
    let dtype = context.same(&all)?;
    let first = context.shape(0);
    let dim = first.dim(context.reader().number())?;
    if first.rank() == 0 {
        return Err(context.shape_error("tensors with at least one dimension; stack() joins scalars"));
    }
    let mut dims: SmallVec<[usize; 5]> = SmallVec::from_slice(first.dims());
    dims[dim] = 0;
    for i in 0..count {
        let shape = context.shape(i);
        let fits =
            shape.rank() == first.rank() && (0..first.rank()).all(|d| d == dim || shape.dims()[d] == first.dims()[d]);
        if !fits {
            return Err(Error::new(Code::Shape, "cat: a tensor does not fit the others")
                .expected(format!("the sizes of {first} in every dimension but {dim}"))
                .received(format!("{shape} at index {i}"))
                .hint("cat joins along one dimension and all others must agree; is dim the right one?"));
        }
        dims[dim] += shape.dims()[dim];
    }
    Ok(one(Meta::new(Shape::new(&dims), dtype)))
}

/// Copies each tensor into its window.
pub fn cat(exec: &mut Exec<'_>) -> Result<Outputs> {
    let shape = &exec.out(0).shape;
    let dim = shape.dim(exec.reader().number())?;
    let own = shape.strides();
    let strides: SmallVec<[isize; 5]> = own.iter().map(|&s| s as isize).collect();
    any!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        let mut start = 0;
        for i in 0..exec.len() {
            let piece = exec.shape(i);
            if piece.numel() > 0 {
                scatter_strided(&exec.read::<T>(i)?, &mut y, start * own[dim], &strides, piece.dims())?;
            }
            start += piece.dims()[dim];
        }
        Ok(output(y))
    })
}

/// Twin of `cat`.
pub fn cat_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dim = twin.out(0).shape.dim(twin.reader().number())?;
    let pieces: Vec<&Tensor> = (0..twin.len()).map(|i| twin.tensor(i)).collect();
    Ok(vec![Tensor::cat(&pieces, dim)?])
}

/// Each tensor gets its window of `dy`.
pub fn cat_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let dim = back.out_shape(0).dim(back.reader().number())?;
    let mut start = 0;
    for i in 0..back.len() {
        let len = back.shape(i).dims()[dim];
        if back.needs(i) {
            let window = back.op(
                &table::SLICE,
                &[dy],
                &[dim as f64, start as f64, (start + len) as f64, 1.0],
            )?;
            back.set(i, window);
        }
        start += len;
    }
    Ok(())
}
