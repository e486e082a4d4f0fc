//! The order of the values of each row, for rows of any length: candle's own on CUDA must fit into the memory of a block, and is not stable.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use kernels::cpu::sort::{Ordered, sort};

use super::parts::{Order, range, unsupported};

/// The places (i64) of the first `k` values of each row in order; equal ones keep theirs, NaN is the largest.
///
/// # Errors
/// candle's.
pub fn order(x: &Tensor, k: usize, descending: bool) -> candle_core::Result<Tensor> {
    x.contiguous()?.apply_op1_no_bwd(&Order { k, descending })
}

impl Order {
    fn places<T: Ordered + Default + Clone>(&self, x: &[T], rows: usize, n: usize) -> candle_core::Result<Vec<i64>> {
        let mut values = kernels::alloc::filled(rows * self.k, T::default());
        let mut places = kernels::alloc::filled(rows * self.k, 0);
        kernels::pause::piece(|| sort(x, rows, n, self.k, self.descending, &mut values, &mut places))
            .map_err(candle_core::Error::wrap)?;
        Ok(places)
    }
}

impl CustomOp1 for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (start, end) = range(layout)?;
        let (rows, n, shape) = self.sizes(layout);
        let places = match x {
            CpuStorage::F32(x) => self.places(&x[start..end], rows, n)?,
            CpuStorage::F64(x) => self.places(&x[start..end], rows, n)?,
            CpuStorage::I64(x) => self.places(&x[start..end], rows, n)?,
            CpuStorage::U8(x) => self.places(&x[start..end], rows, n)?,
            other => return Err(unsupported(other)),
        };
        Ok((CpuStorage::I64(places), shape))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &candle_core::CudaStorage,
        layout: &Layout,
    ) -> candle_core::Result<(candle_core::CudaStorage, Shape)> {
        super::cuda::order(self, x, layout)
    }
}
