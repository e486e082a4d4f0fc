//! Helpers for twins: candle's tensor operations under the engine's rules.

use candle_core::scalar::Scalar;
use candle_core::{DType, Device, Tensor};

use crate::dtype::Dtype;
use crate::error::Result;

/// Element types that candle can make tensors of.
pub trait CandleElement: candle_core::WithDType {}
impl<T: candle_core::WithDType> CandleElement for T {}

/// Both operands broadcast to their common shape.
///
/// # Errors
/// candle's.
pub fn broadcast_pair(a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor)> {
    let shape = a.shape().broadcast_shape_binary_op(b.shape(), "broadcast")?;
    Ok((a.broadcast_as(&shape)?, b.broadcast_as(&shape)?))
}

/// Numbers of one value, made on the device.
///
/// # Errors
/// candle's.
pub fn full(value: f64, dims: &[usize], dtype: DType, device: &Device) -> Result<Tensor> {
    Ok(match dtype {
        DType::F64 => Tensor::full(value, dims, device)?,
        DType::BF16 => Tensor::full(half::bf16::from_f64(value), dims, device)?,
        DType::F16 => Tensor::full(half::f16::from_f64(value), dims, device)?,
        DType::I64 => Tensor::full(value as i64, dims, device)?,
        DType::U8 => Tensor::full(value as u8, dims, device)?,
        _ => Tensor::full(value as f32, dims, device)?,
    })
}

/// A full tensor like `x` with this value.
///
/// # Errors
/// candle's.
pub fn full_like(x: &Tensor, value: f64) -> Result<Tensor> {
    full(value, x.dims(), x.dtype(), x.device())
}

/// One number of the dtype of `x`, to broadcast.
///
/// # Errors
/// candle's.
pub fn number(x: &Tensor, value: f64) -> Result<Tensor> {
    full(value, &[], x.dtype(), x.device())
}

/// The same in the shape of `x`, without the memory.
///
/// # Errors
/// candle's.
pub fn number_like(x: &Tensor, value: f64) -> Result<Tensor> {
    Ok(number(x, value)?.broadcast_as(x.shape())?)
}

/// Sets all elements where they lie.
///
/// # Errors
/// candle's.
pub fn set(x: &Tensor, value: f64) -> Result<()> {
    if x.elem_count() == 0 {
        return Ok(());
    }
    Ok(x.const_set(match x.dtype() {
        DType::F64 => Scalar::F64(value),
        DType::BF16 => Scalar::BF16(half::bf16::from_f64(value)),
        DType::F16 => Scalar::F16(half::f16::from_f64(value)),
        DType::I64 => Scalar::I64(value as i64),
        DType::U8 => Scalar::U8(value as u8),
        _ => Scalar::F32(value as f32),
    })?)
}

/// Overwrites `target`, which lies in a storage of its own, with as many numbers of its dtype.
///
/// # Errors
/// candle's.
pub fn overwrite(target: &Tensor, source: &Tensor) -> Result<()> {
    if target.elem_count() == 0 || super::own::share(target, source) {
        return Ok(());
    }
    let (target, source) = (target.flatten_all()?, source.flatten_all()?);
    Ok(target.slice_set(&source, 0, 0)?)
}

/// Half types widened to f32.
///
/// # Errors
/// candle's.
pub fn wide(x: &Tensor) -> Result<Tensor> {
    Ok(match x.dtype() {
        DType::BF16 | DType::F16 => x.to_dtype(DType::F32)?,
        _ => x.clone(),
    })
}

/// `x` where it is not hidden by 0 in `keep`, else this value; `keep` broadcasts.
///
/// # Errors
/// candle's.
pub fn kept(keep: &Tensor, x: &Tensor, value: f64) -> Result<Tensor> {
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    Ok(keep.broadcast_as(x.shape())?.where_cond(x, &number_like(x, value)?)?)
}

/// A boolean tensor (bytes 0 and 1) from any numbers.
///
/// # Errors
/// candle's.
pub fn truth(x: &Tensor) -> Result<Tensor> {
    Ok(x.ne(&x.zeros_like()?)?)
}

/// `x` in another dtype by the engine's rules: anything but 0 is true, and bytes wrap around as in PyTorch.
///
/// # Errors
/// candle's.
pub fn convert(x: &Tensor, to: Dtype) -> Result<Tensor> {
    Ok(match to {
        Dtype::Bool => truth(x)?,
        Dtype::U8 if x.dtype() != DType::U8 => x.to_dtype(DType::I64)?.to_dtype(DType::U8)?,
        _ => x.to_dtype(to.candle())?,
    })
}

/// Sums over dimensions, keeping them.
///
/// # Errors
/// candle's.
pub fn sum_keep(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    Ok(x.sum_keepdim(dims.to_vec())?)
}

/// Bytes of intermediate results that a twin computes at a time where all of them would be many: rows of logits, scores of attention, panels of a weight.
pub const CHUNK_BYTES: usize = 16 << 20;

/// Cuts rows of so many bytes into chunks: (first row, number of rows).
pub fn chunks(rows: usize, row_bytes: usize, bytes: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = (bytes / row_bytes.max(1)).max(1);
    (0..rows)
        .step_by(most)
        .map(move |start| (start, most.min(rows - start)))
}
