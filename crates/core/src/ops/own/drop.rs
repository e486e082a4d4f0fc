//! Dropout by the counter, without a mask in memory.

use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor};
use kernels::cpu::dropout::Dropout;

use super::parts::{range, unsupported};
use crate::rng::Rng;

/// `x / (1 − p)` where the element is kept, else 0. `x` holds the elements of a tensor from flat index `start`; the random numbers are those of that tensor.
///
/// # Errors
/// candle's.
pub fn dropped(x: &Tensor, p: f64, rng: Rng, start: u64) -> candle_core::Result<Tensor> {
    if x.elem_count() == 0 {
        return x.copy();
    }
    let y = x.force_contiguous()?;
    let Rng { seed, counter } = rng;
    y.inplace_op1(&Drop {
        dropout: Dropout { p, seed, counter },
        start,
    })?;
    Ok(y)
}

struct Drop {
    dropout: Dropout,
    start: u64,
}

impl InplaceOp1 for Drop {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (first, end) = range(layout)?;
        macro_rules! run {
            ($x:expr) => {
                kernels::pause::piece(|| {
                    kernels::par::flat_mut(&mut $x[first..end], |at, part| {
                        self.dropout.apply(self.start + at as u64, part);
                    });
                })
            };
        }
        match x {
            CpuStorage::F32(x) => run!(x),
            CpuStorage::F64(x) => run!(x),
            other => return Err(unsupported(other)),
        }
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &mut candle_core::CudaStorage, layout: &Layout) -> candle_core::Result<()> {
        super::cuda::dropout(x, layout, self.dropout, self.start)
    }
}
