//! Attention scores of keys that a query may not see, without a mask in memory.

use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, Layout, Tensor};
use kernels::cpu::attention::Causal;

use super::parts::{Hide, range, slice, unsupported};

/// Hides keys in `scores (rows, Tk)`, which are changed, by position and by `lengths (B,)`.
///
/// # Errors
/// candle's.
pub fn hide(scores: &Tensor, hide: Hide, lengths: Option<&Tensor>) -> candle_core::Result<()> {
    if scores.elem_count() == 0 {
        return Ok(());
    }
    match lengths {
        Some(lengths) => scores.inplace_op2(lengths, &hide),
        None => scores.inplace_op1(&hide),
    }
}

impl Hide {
    /// The first visible key of a row and the one behind the last.
    fn visible(&self, row: usize, lengths: Option<&[i64]>) -> (usize, usize) {
        let row = self.start + row;
        let length = match lengths {
            Some(lengths) => (lengths[row / self.rows].max(0) as usize).min(self.tk),
            None => self.tk,
        };
        let i = row % self.tq;
        // One more than the position of the query among the keys.
        let next = match self.causal {
            Causal::None | Causal::TopLeft => i + 1,
            Causal::BottomRight => (length + i + 1).saturating_sub(self.tq),
        };
        let window = self.window.unwrap_or(usize::MAX);
        let first = next.saturating_sub(window);
        let end = match self.causal {
            Causal::None => i.saturating_add(window),
            _ => next,
        };
        (first, end.min(length))
    }

    fn run<T: Copy + Send + Sync>(&self, scores: &mut [T], lengths: Option<&[i64]>, never: T) {
        kernels::pause::piece(|| {
            kernels::par::rows_mut(scores, self.tk, kernels::par::grain(self.tk), |start, part| {
                for (i, row) in part.chunks_mut(self.tk).enumerate() {
                    let (first, end) = self.visible(start + i, lengths);
                    row[..first.min(self.tk)].fill(never);
                    row[end.max(first).min(self.tk)..].fill(never);
                }
            });
        });
    }

    fn on_cpu(&self, scores: &mut CpuStorage, layout: &Layout, lengths: Option<&[i64]>) -> candle_core::Result<()> {
        let (start, end) = range(layout)?;
        match scores {
            CpuStorage::F32(scores) => self.run(&mut scores[start..end], lengths, f32::NEG_INFINITY),
            CpuStorage::F64(scores) => self.run(&mut scores[start..end], lengths, f64::NEG_INFINITY),
            other => return Err(unsupported(other)),
        }
        Ok(())
    }
}

impl InplaceOp1 for Hide {
    fn name(&self) -> &'static str {
        "hideKeys"
    }

    fn cpu_fwd(&self, scores: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        self.on_cpu(scores, layout, None)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, scores: &mut candle_core::CudaStorage, layout: &Layout) -> candle_core::Result<()> {
        super::cuda::hide(scores, layout, *self, None)
    }
}

impl InplaceOp2 for Hide {
    fn name(&self) -> &'static str {
        "hideKeys"
    }

    fn cpu_fwd(
        &self,
        scores: &mut CpuStorage,
        layout: &Layout,
        lengths: &CpuStorage,
        lengths_layout: &Layout,
    ) -> candle_core::Result<()> {
        self.on_cpu(scores, layout, Some(slice!(lengths, lengths_layout, I64)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        scores: &mut candle_core::CudaStorage,
        layout: &Layout,
        lengths: &candle_core::CudaStorage,
        lengths_layout: &Layout,
    ) -> candle_core::Result<()> {
        super::cuda::hide(scores, layout, *self, Some((lengths, lengths_layout)))
    }
}
