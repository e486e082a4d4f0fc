//! Convolutions in candle's operations: all columns of x at once, then products.

use candle_core::Tensor;
use kernels::cpu::conv::Problem;

use super::super::linear::product;
use super::geometry::Geometry;
use crate::error::Result;

/// For each (tap, position) the index in a channel of x, or the index past its end for the padding.
fn indexes(p: &Problem) -> Vec<i64> {
    let at = |i: usize, sizes: [usize; 3]| [i / (sizes[1] * sizes[2]), i / sizes[2] % sizes[1], i % sizes[2]];
    let mut list = Vec::with_capacity(p.taps() * p.outputs());
    for tap in 0..p.taps() {
        let tap = at(tap, p.kernel);
        for position in 0..p.outputs() {
            let out = at(position, p.output);
            let index = (0..3).try_fold(0, |flat, d| {
                let index = (out[d] * p.stride[d] + tap[d] * p.dilation[d]).checked_sub(p.pad[d])?;
                (index < p.input[d]).then_some(flat * p.input[d] + index)
            });
            list.push(index.unwrap_or(p.inputs()) as i64);
        }
    }
    list
}

/// The indexes as a tensor.
fn index(p: &Problem, like: &Tensor) -> Result<Tensor> {
    let indexes = indexes(p);
    let n = indexes.len();
    Ok(Tensor::from_vec(indexes, n, like.device())?)
}

/// (batch · groups, inner · taps, positions).
fn columns(p: &Problem, x: &Tensor) -> Result<Tensor> {
    let channels = p.batch * p.groups * p.inner;
    let x = x.reshape((channels, p.inputs()))?;
    let zeros = Tensor::zeros((channels, 1), x.dtype(), x.device())?;
    let padded = Tensor::cat(&[&x, &zeros], 1)?.contiguous()?;
    let columns = padded.index_select(&index(p, &x)?, 1)?;
    Ok(columns.reshape((p.batch * p.groups, p.inner * p.taps(), p.outputs()))?)
}

/// One group of every image: rows `group, group + groups, …` of the first dimension.
fn of_group(p: &Problem, all: &Tensor, group: usize) -> Result<Tensor> {
    let (_, rows, cols) = all.dims3()?;
    Ok(all
        .reshape((p.batch, p.groups, rows, cols))?
        .narrow(1, group, 1)?
        .squeeze(1)?
        .contiguous()?)
}

/// (groups, outer, inner · taps).
fn grouped(p: &Problem, weight: &Tensor) -> Result<Tensor> {
    Ok(weight.reshape((p.groups, p.outer, p.inner * p.taps()))?)
}

/// Groups in their order: each (batch, rows, cols) → (batch, groups · rows, cols).
fn joined(p: &Problem, parts: &[Tensor]) -> Result<Tensor> {
    let (_, rows, cols) = parts[0].dims3()?;
    Ok(Tensor::stack(parts, 1)?.reshape((p.batch, p.groups * rows, cols))?)
}

/// y without its bias, as (batch, channels, positions).
pub fn conv(geometry: &Geometry, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let p = &geometry.problem;
    if p.batch == 0 {
        return Ok(Tensor::zeros(
            (0, geometry.out_channels(), p.outputs()),
            x.dtype(),
            x.device(),
        )?);
    }
    let (columns, weight) = (columns(p, x)?, grouped(p, weight)?);
    let parts = (0..p.groups)
        .map(|group| {
            let columns = of_group(p, &columns, group)?;
            let w = weight
                .narrow(0, group, 1)?
                .broadcast_as((p.batch, p.outer, p.inner * p.taps()))?;
            product(&w, &columns)
        })
        .collect::<Result<Vec<_>>>()?;
    joined(p, &parts)
}

/// dx, as (batch · channels, inputs).
pub fn conv_dx(geometry: &Geometry, dy: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let p = &geometry.problem;
    let channels = p.batch * geometry.in_channels();
    let zeros = Tensor::zeros((channels, p.inputs() + 1), dy.dtype(), dy.device())?;
    if p.batch == 0 {
        return Ok(zeros.narrow(1, 0, p.inputs())?);
    }
    let dy = dy.reshape((p.batch * p.groups, p.outer, p.outputs()))?;
    let weight = grouped(p, weight)?;
    let parts = (0..p.groups)
        .map(|group| {
            let dy = of_group(p, &dy, group)?;
            let w = weight.narrow(0, group, 1)?.transpose(1, 2)?;
            product(&w.broadcast_as((p.batch, p.inner * p.taps(), p.outer))?, &dy)
        })
        .collect::<Result<Vec<_>>>()?;
    let columns = joined(p, &parts)?.reshape((channels, p.taps() * p.outputs()))?;
    let dx = zeros.index_add(&index(p, &dy)?, &columns.contiguous()?, 1)?;
    Ok(dx.narrow(1, 0, p.inputs())?.contiguous()?)
}

/// dw, as (groups, outer, inner · taps).
pub fn conv_dw(geometry: &Geometry, dy: &Tensor, x: &Tensor) -> Result<Tensor> {
    let p = &geometry.problem;
    if p.batch == 0 {
        return Ok(Tensor::zeros(
            (p.groups, p.outer, p.inner * p.taps()),
            x.dtype(),
            x.device(),
        )?);
    }
    let (columns, dy) = (columns(p, x)?, dy.reshape((p.batch * p.groups, p.outer, p.outputs()))?);
    let parts = (0..p.groups)
        .map(|group| {
            let each = product(
                &of_group(p, &dy, group)?,
                &of_group(p, &columns, group)?.transpose(1, 2)?,
            )?;
            Ok(each.sum(0)?)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Tensor::stack(&parts, 0)?)
}

/// `y (batch, channels, positions)` with a bias for each channel.
pub fn biased(y: Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    Ok(match bias {
        Some(bias) => y.broadcast_add(&bias.reshape((1, bias.elem_count(), 1))?)?,
        None => y,
    })
}
