//! Helpers for twins: candle's tensor operations under the engine's rules.

use candle_core::{DType, Device, Tensor};

use super::context::Twin;
use crate::dtype::Dtype;
use crate::error::Result;
use crate::rng::Rng;

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

/// A full tensor like `x` with this value.
///
/// # Errors
/// candle's.
pub fn full_like(x: &Tensor, value: f64) -> Result<Tensor> {
    Ok(Tensor::full(value, x.dims(), x.device())?.to_dtype(x.dtype())?)
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

/// Refuses indexes of input `i` outside `0..n`, as the kernels do: candle does not name them, and does not check on CUDA.
///
/// # Errors
/// [`Code::Index`](crate::code::Code::Index) that names the first one.
pub fn check_ids(twin: &Twin<'_>, i: usize, n: usize) -> Result<()> {
    let ids = twin.tensor(i).flatten_all()?.to_vec1::<i64>()?;
    Ok(kernels::cpu::index::check_ids(twin.signature.name, &ids, n)?)
}

/// Sums over dimensions, keeping them.
///
/// # Errors
/// candle's.
pub fn sum_keep(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    Ok(x.sum_keepdim(dims.to_vec())?)
}

/// Uniform numbers by the engine's generator, on the twin's device.
///
/// # Errors
/// candle's.
pub fn uniform(twin: &Twin<'_>, dims: &[usize], low: f64, high: f64, dtype: Dtype) -> Result<Tensor> {
    let n = dims.iter().product();
    let rng = twin.rng();
    crate::float!(dtype.wide(), T => {
        let mut numbers = kernels::alloc::filled(n, T::default());
        kernels::cpu::dropout::fill_uniform(rng.seed, rng.counter, low, high, &mut numbers);
        Ok(Tensor::from_vec(numbers, dims, twin.device())?)
    })
}

/// Normal numbers by the engine's generator, on the twin's device.
///
/// # Errors
/// candle's.
pub fn normal(twin: &Twin<'_>, dims: &[usize], mean: f64, std: f64, dtype: Dtype) -> Result<Tensor> {
    let n = dims.iter().product();
    let rng = twin.rng();
    crate::float!(dtype.wide(), T => {
        let mut numbers = kernels::alloc::filled(n, T::default());
        kernels::cpu::dropout::fill_normal(rng.seed, rng.counter, mean, std, &mut numbers);
        Ok(Tensor::from_vec(numbers, dims, twin.device())?)
    })
}

/// The dropout factor of each element (0 or `1 / (1 - p)`), by the engine's generator: multiply with it.
///
/// # Errors
/// candle's.
pub fn dropout_factors(twin: &Twin<'_>, like: &Tensor, p: f64) -> Result<Tensor> {
    factors_of(twin.rng(), twin.device(), like, p)
}

/// As [`dropout_factors`], of given random numbers.
///
/// # Errors
/// candle's.
pub fn factors_of(rng: Rng, device: &Device, like: &Tensor, p: f64) -> Result<Tensor> {
    let ones = kernels::alloc::filled(like.elem_count(), 1.0f32);
    let mut factors = kernels::alloc::filled(ones.len(), 0.0f32);
    kernels::cpu::dropout::dropout(&ones, p, rng.seed, rng.counter, &mut factors)?;
    // The kept elements are rescaled in the tensor's own precision: 1 / (1 - p) as f32 is not exact.
    let kept: Vec<u8> = factors.iter().map(|f| u8::from(*f != 0.0)).collect();
    let kept = Tensor::from_vec(kept, like.dims(), device)?.to_dtype(like.dtype())?;
    Ok(if p >= 1.0 {
        kept.zeros_like()?
    } else {
        (kept * (1.0 / (1.0 - p)))?
    })
}
