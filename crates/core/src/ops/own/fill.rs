//! Random numbers made on the device by the counter.

use candle_core::{Device, Tensor};
use kernels::cpu::dropout::{fill_normal, fill_uniform};

use crate::dtype::Dtype;
use crate::error::Result;
use crate::float;
use crate::rng::Rng;

/// Uniform numbers in `[low, high)`, f32 or f64.
///
/// # Errors
/// candle's.
pub fn uniform(rng: Rng, dims: &[usize], (low, high): (f64, f64), dtype: Dtype, device: &Device) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(cuda) = device {
        return Ok(super::cuda::uniform(cuda, rng, dims, (low, high), dtype)?);
    }
    float!(dtype.wide(), T => {
        let mut numbers = kernels::alloc::filled(dims.iter().product(), T::default());
        fill_uniform(rng.seed, rng.counter, low, high, &mut numbers);
        Ok(Tensor::from_vec(numbers, dims, device)?)
    })
}

/// Normal numbers, f32 or f64.
///
/// # Errors
/// candle's.
pub fn normal(rng: Rng, dims: &[usize], (mean, std): (f64, f64), dtype: Dtype, device: &Device) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(cuda) = device {
        return Ok(super::cuda::normal(cuda, rng, dims, (mean, std), dtype)?);
    }
    float!(dtype.wide(), T => {
        let mut numbers = kernels::alloc::filled(dims.iter().product(), T::default());
        fill_normal(rng.seed, rng.counter, mean, std, &mut numbers);
        Ok(Tensor::from_vec(numbers, dims, device)?)
    })
}
