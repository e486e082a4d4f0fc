//! Reductions in candle's tensor operations.

use candle_core::Tensor;

use super::reduced;
use crate::error::Result;
use crate::ops::context::Twin;
use crate::shape::Shape;

fn twin_dims(twin: &Twin<'_>) -> Result<Vec<usize>> {
    Ok(reduced(&Shape::new(twin.tensor(0).dims()), twin.reader().dims())?.to_vec())
}

fn finish(twin: &Twin<'_>, kept: Tensor) -> Result<Vec<Tensor>> {
    Ok(vec![kept.reshape(twin.out(0).shape.dims())?])
}

/// Twin of `sum`.
pub fn sum_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dims = twin_dims(twin)?;
    let x = twin.tensor(0).to_dtype(twin.out(0).dtype.wide().candle())?;
    finish(twin, if dims.is_empty() { x } else { x.sum_keepdim(dims)? })
}

/// Twin of `mean`.
pub fn mean_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let n: usize = twin_dims(twin)?.iter().map(|&d| x.dims()[d]).product();
    Ok(vec![(sum_twin(twin)?.remove(0) / n as f64)?])
}

fn fold(twin: &Twin<'_>, step: impl Fn(&Tensor, usize) -> candle_core::Result<Tensor>) -> Result<Tensor> {
    let mut x = twin.tensor(0).clone();
    for d in twin_dims(twin)? {
        x = step(&x, d)?;
    }
    Ok(x)
}

/// The extremes of no elements, which candle does not have: -∞.
fn of_nothing(twin: &Twin<'_>) -> Result<Option<Vec<Tensor>>> {
    let x = twin.tensor(0);
    if x.elem_count() > 0 {
        return Ok(None);
    }
    let all = Tensor::full(f64::NEG_INFINITY, twin.out(0).shape.dims(), x.device())?;
    Ok(Some(vec![all.to_dtype(x.dtype())?]))
}

/// Twin of `amax`.
pub fn amax_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    match of_nothing(twin)? {
        Some(empty) => Ok(empty),
        None => finish(twin, fold(twin, |x, d| x.max_keepdim(d))?),
    }
}

/// Twin of `amin`.
pub fn amin_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    match of_nothing(twin)? {
        Some(empty) => Ok(empty),
        None => finish(twin, fold(twin, |x, d| x.min_keepdim(d))?),
    }
}

/// Twin of `logsumexp`.
pub fn logsumexp_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    if let Some(empty) = of_nothing(twin)? {
        return Ok(empty);
    }
    let dims = twin_dims(twin)?;
    let top = fold(twin, |x, d| x.max_keepdim(d))?;
    if dims.is_empty() {
        return finish(twin, top);
    }
    let sum = twin.tensor(0).broadcast_sub(&top)?.exp()?.sum_keepdim(dims)?;
    finish(twin, (sum.log()? + top)?)
}

/// Twin of `variance`.
pub fn variance_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    attrs.dims();
    let correction = attrs.number();
    let (x, dims) = (twin.tensor(0), twin_dims(twin)?);
    let n = dims.iter().map(|&d| x.dims()[d]).product::<usize>() as f64;
    if dims.is_empty() {
        return finish(twin, (x.zeros_like()? / (n - correction).max(0.0))?);
    }
    let mean = (x.sum_keepdim(dims.clone())? / n)?;
    let squares = x.broadcast_sub(&mean)?.sqr()?.sum_keepdim(dims)?;
    finish(twin, (squares / (n - correction).max(0.0))?)
}

/// Twin of `argmax`.
pub fn argmax_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    arg_twin(twin, |x, d| x.argmax_keepdim(d))
}

/// Twin of `argmin`.
pub fn argmin_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    arg_twin(twin, |x, d| x.argmin_keepdim(d))
}

fn arg_twin(twin: &Twin<'_>, find: impl Fn(&Tensor, usize) -> candle_core::Result<Tensor>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    if x.elem_count() == 0 {
        return Ok(vec![Tensor::zeros(
            twin.out(0).shape.dims(),
            candle_core::DType::I64,
            x.device(),
        )?]);
    }
    let flat = if x.rank() == 0 { x.reshape(1)? } else { x.clone() };
    let dim = Shape::new(x.dims()).dim(twin.reader().number())?;
    finish(twin, find(&flat, dim)?.to_dtype(candle_core::DType::I64)?)
}
