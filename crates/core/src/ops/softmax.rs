//! Softmax and its logarithm along any dimension.

use candle_core::Tensor;
use kernels::Float;
use kernels::cpu::softmax as kernel;
use kernels::cpu::strided::{gather_strided, scatter_strided};

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::row::{Needs, Save};
use super::table;
use super::twins::sum_keep;
use crate::error::Result;
use crate::float;
use crate::memory::Pooled;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;

/// `softmax(x, dim)`: same shape, same floating dtype.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0])?;
    context.shape(0).dim(context.reader().number())?;
    Ok(one(Meta::new(context.shape(0).clone(), dtype)))
}

/// `softmaxBackward(y, dy, dim)`: `y` may be a half type, the gradient has the dtype of `dy`.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.shape(0).dim(context.reader().number())?;
    if context.shape(0) != context.shape(1) {
        return Err(context.shape_error("y and dy of one shape"));
    }
    Ok(one(Meta::new(context.shape(1).clone(), context.dtype(1))))
}

/// Both gradients are formulas of the output.
pub fn save_output(_: Needs) -> Save {
    Save { inputs: 0, outputs: 1 }
}

// ---- forward --------------------------------------------------------------------------------------------------------

/// A kernel over the rows of (rows, n) with `N` inputs.
type Rowwise<T, const N: usize> = fn([&[T]; N], usize, usize, &mut [T]) -> kernels::Result<()>;

/// Runs a row kernel along a dimension: `x` is seen as (outer, n, inner), and unless inner is 1 the rows are gathered
/// in a copy and the result is scattered back.
fn along<T: Pooled + Float, const N: usize>(exec: &mut Exec<'_>, run: Rowwise<T, N>) -> Result<Outputs> {
    let shape = exec.shape(0);
    let (outer, n, inner) = shape.split_at(shape.dim(exec.reader().number())?);
    let mut y = exec.alloc::<T>(0)?;
    let inputs = read_all::<T, N>(exec)?;
    if inner == 1 {
        run(std::array::from_fn(|i| &*inputs[i]), outer, n, &mut y)?;
        return Ok(output(y));
    }
    let (strides, dims) = ([(n * inner) as isize, 1, inner as isize], [outer, inner, n]);
    let mut rows: Vec<Vec<T>> = Vec::with_capacity(N + 1);
    for input in &inputs {
        let mut copy = exec.scratch::<T>(input.len())?;
        gather_strided(input, 0, &strides, &dims, &mut copy)?;
        rows.push(copy);
    }
    let mut result = exec.scratch::<T>(y.len())?;
    run(std::array::from_fn(|i| &*rows[i]), outer * inner, n, &mut result)?;
    scatter_strided(&result, &mut y, 0, &strides, &dims)?;
    rows.push(result);
    rows.into_iter().for_each(|row| exec.give(row));
    Ok(output(y))
}

fn read_all<'a, T: Pooled, const N: usize>(exec: &Exec<'a>) -> Result<Vec<std::cell::Ref<'a, [T]>>> {
    (0..N).map(|i| exec.read::<T>(i)).collect()
}

/// CPU forward of `softmax`.
pub fn softmax(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => along::<T, 1>(exec, |[x], rows, n, y| kernel::softmax(x, rows, n, y)))
}

/// CPU forward of `softmaxBackward`.
pub fn softmax_grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => {
        along::<T, 2>(exec, |[y, dy], rows, n, dx| kernel::softmax_backward(y, dy, rows, n, dx))
    })
}

/// CPU forward of `logSoftmax`.
pub fn log_softmax(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => along::<T, 1>(exec, |[x], rows, n, y| kernel::log_softmax(x, rows, n, y)))
}

/// CPU forward of `logSoftmaxBackward`.
pub fn log_softmax_grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => {
        along::<T, 2>(exec, |[y, dy], rows, n, dx| kernel::log_softmax_backward(y, dy, rows, n, dx))
    })
}

// ---- backward -------------------------------------------------------------------------------------------------------

/// `dx = y · (dy - Σ y·dy)`.
pub fn softmax_backward(back: &mut Back<'_>) -> Result<()> {
    let (y, dy, attrs) = (back.output(0), back.dy(), back.attrs());
    let dx = back.op(&table::SOFTMAX_BACKWARD, &[y, dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

/// `dx = dy - eʸ · Σ dy`.
pub fn log_softmax_backward(back: &mut Back<'_>) -> Result<()> {
    let (y, dy, attrs) = (back.output(0), back.dy(), back.attrs());
    let dx = back.op(&table::LOG_SOFTMAX_BACKWARD, &[y, dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// Runs `formula(inputs, dim)`; a scalar gets a dimension meanwhile, and an empty tensor is returned as it is.
fn twin_along<const N: usize>(
    twin: &Twin<'_>,
    formula: impl Fn([&Tensor; N], usize) -> Result<Tensor>,
) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    if x.elem_count() == 0 {
        return Ok(vec![x.clone()]);
    }
    let dim = Shape::new(x.dims()).dim(twin.reader().number())?;
    let mut inputs = Vec::with_capacity(N);
    for i in 0..N {
        let x = twin.tensor(i);
        inputs.push(if x.rank() == 0 { x.reshape(1)? } else { x.clone() });
    }
    let y = formula(std::array::from_fn(|i| &inputs[i]), dim)?;
    Ok(vec![y.reshape(x.dims())?])
}

/// Twin of `softmax`.
pub fn softmax_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_along(twin, |[x], dim| {
        let exp = x.broadcast_sub(&x.max_keepdim(dim)?)?.exp()?;
        Ok(exp.broadcast_div(&sum_keep(&exp, &[dim])?)?)
    })
}

/// Twin of `softmaxBackward`.
pub fn softmax_grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_along(twin, |[y, dy], dim| {
        let dot = sum_keep(&(y * dy)?, &[dim])?;
        Ok((y * dy.broadcast_sub(&dot)?)?)
    })
}

/// Twin of `logSoftmax`.
pub fn log_softmax_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_along(twin, |[x], dim| {
        let shifted = x.broadcast_sub(&x.max_keepdim(dim)?)?;
        let ln_sum = sum_keep(&shifted.exp()?, &[dim])?.log()?;
        Ok(shifted.broadcast_sub(&ln_sum)?)
    })
}

/// Twin of `logSoftmaxBackward`.
pub fn log_softmax_grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_along(twin, |[y, dy], dim| {
        let sum = sum_keep(dy, &[dim])?;
        Ok((dy - y.exp()?.broadcast_mul(&sum)?)?)
    })
}
