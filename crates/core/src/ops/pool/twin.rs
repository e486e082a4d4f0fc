//! The pools in candle's operations: every element of every window is fetched by index, and those outside are masked.

use candle_core::{DType, Tensor};
use kernels::cpu::pool::{Axis, Pool};

use super::super::twins::full_like;
use super::{adaptive, adaptive_of, divisor, sliding};
use crate::error::Result;
use crate::ops::context::Twin;

/// The windows of a plane as a table: the indexes of each output side by side, padded with index 0.
struct Windows {
    /// (outputs · reach) flat indexes.
    index: Tensor,
    /// (outputs, reach): whether an index is in the window.
    inside: Tensor,
    /// (outputs): what a mean divides by.
    weights: Tensor,
    reach: usize,
}

/// Indexes of a window in one dimension, and its weight.
fn along(axis: &Axis, o: usize) -> (Vec<usize>, usize) {
    let window = axis.window(o);
    let indexes = (0..window.count).map(|i| window.start + i * window.step);
    (indexes.collect(), window.weight)
}

fn windows(pool: &Pool, override_with: Option<usize>, like: &Tensor) -> Result<Windows> {
    let [d, h, w] = &pool.0;
    let (mut windows, mut weights) = (Vec::new(), Vec::new());
    for o in 0..pool.output() {
        let (a, b, c) = (
            along(d, o / (h.out * w.out)),
            along(h, o / w.out % h.out),
            along(w, o % w.out),
        );
        let mut flat = Vec::new();
        for i in &a.0 {
            for j in &b.0 {
                flat.extend(c.0.iter().map(|k| ((i * h.size + j) * w.size + k) as i64));
            }
        }
        windows.push(flat);
        weights.push(override_with.unwrap_or(a.1 * b.1 * c.1) as f64);
    }
    let reach = windows.iter().map(Vec::len).max().unwrap_or(0);
    let fill = |window: &Vec<i64>| {
        (0..reach)
            .map(|i| window.get(i).copied().unwrap_or(0))
            .collect::<Vec<_>>()
    };
    let index: Vec<i64> = windows.iter().flat_map(fill).collect();
    let inside: Vec<u8> = windows
        .iter()
        .flat_map(|window| (0..reach).map(|i| u8::from(i < window.len())))
        .collect();
    let device = like.device();
    let n = windows.len();
    Ok(Windows {
        index: Tensor::from_vec(index, n * reach, device)?,
        inside: Tensor::from_vec(inside, (n, reach), device)?,
        weights: Tensor::from_vec(weights, n, device)?.to_dtype(like.dtype())?,
        reach,
    })
}

impl Windows {
    /// (planes, outputs, reach) from (N, C, *spatial).
    fn fetch(&self, x: &Tensor) -> Result<Tensor> {
        let planes = x.dim(0)? * x.dim(1)?;
        let outputs = self.index.elem_count() / self.reach;
        if planes == 0 {
            return Ok(Tensor::zeros((0, outputs, self.reach), x.dtype(), x.device())?);
        }
        let flat = x.contiguous()?.reshape((planes, x.elem_count() / planes))?;
        Ok(flat
            .index_select(&self.index, 1)?
            .reshape((planes, outputs, self.reach))?)
    }
}

fn largest(twin: &Twin<'_>, pool: &Pool) -> Result<Vec<Tensor>> {
    let (x, dims) = (twin.tensor(0), twin.out(0).shape.dims());
    let windows = windows(pool, None, x)?;
    let values = windows.fetch(x)?;
    if values.elem_count() == 0 {
        let index = Tensor::zeros(dims, DType::I64, x.device())?;
        return Ok(vec![Tensor::zeros(dims, x.dtype(), x.device())?, index]);
    }
    let inside = windows.inside.broadcast_as(values.shape())?;
    let values = inside.where_cond(&values, &full_like(&values, f64::NEG_INFINITY)?)?;
    let at = values.argmax_keepdim(2)?; // (planes, outputs, 1)
    let y = values.gather(&at, 2)?;
    let table = windows.index.reshape((1, values.dim(1)?, windows.reach))?;
    let table = table.broadcast_as(values.shape())?.contiguous()?;
    Ok(vec![y.reshape(dims)?, table.gather(&at, 2)?.reshape(dims)?])
}

fn mean(twin: &Twin<'_>, pool: &Pool, divisor: Option<usize>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let windows = windows(pool, divisor, x)?;
    let values = windows.fetch(x)?.broadcast_mul(&windows.inside.to_dtype(x.dtype())?)?;
    let sums = values.sum(2)?; // (planes, outputs)
    Ok(vec![
        sums.broadcast_div(&windows.weights)?
            .reshape(twin.out(0).shape.dims())?,
    ])
}

fn spread(twin: &Twin<'_>, pool: &Pool, divisor: Option<usize>) -> Result<Vec<Tensor>> {
    let (dy, dims) = (twin.tensor(0), twin.out(0).shape.dims());
    let (planes, size) = (dims[0] * dims[1], dims[2..].iter().product::<usize>());
    let zeros = Tensor::zeros((planes, size), dy.dtype(), dy.device())?;
    if planes == 0 {
        return Ok(vec![zeros.reshape(dims)?]);
    }
    let windows = windows(pool, divisor, dy)?;
    let shares = dy
        .contiguous()?
        .reshape((planes, dy.elem_count() / planes))?
        .broadcast_div(&windows.weights)?
        .unsqueeze(2)?
        .broadcast_mul(&windows.inside.to_dtype(dy.dtype())?)?; // (planes, outputs, reach)
    let shares = shares.reshape((planes, windows.index.elem_count()))?;
    Ok(vec![zeros.index_add(&windows.index, &shares, 1)?.reshape(dims)?])
}

/// Twin of `maxPool`.
pub fn max_pool_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    largest(twin, &sliding(&mut twin.reader(), &twin.tensor(0).dims()[2..], true)?)
}

/// Twin of `adaptiveMaxPool`.
pub fn adaptive_max_pool_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    largest(twin, &adaptive_of(&mut twin.reader(), &twin.tensor(0).dims()[2..])?)
}

/// Twin of `avgPool`.
pub fn avg_pool_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let pool = sliding(&mut attrs, &twin.tensor(0).dims()[2..], false)?;
    mean(twin, &pool, divisor(&mut attrs)?)
}

/// Twin of `adaptiveAvgPool`.
pub fn adaptive_avg_pool_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    mean(
        twin,
        &adaptive_of(&mut twin.reader(), &twin.tensor(0).dims()[2..])?,
        None,
    )
}

/// Twin of `avgPoolBackward`.
pub fn avg_pool_grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let size = attrs.shape()?;
    let pool = sliding(&mut attrs, size.dims(), false)?;
    spread(twin, &pool, divisor(&mut attrs)?)
}

/// Twin of `adaptiveAvgPoolBackward`.
pub fn adaptive_avg_pool_grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let size = twin.reader().shape()?;
    spread(twin, &adaptive(size.dims(), &twin.tensor(0).dims()[2..]), None)
}
