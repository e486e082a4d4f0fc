//! What the operations and their kernels for CUDA both know.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Layout, Shape};
use kernels::cpu::attention::Causal;

/// The numbers of a contiguous layout, of one of the types that the storage may have: `slice!(storage, layout, F32)`.
macro_rules! slice {
    ($storage:expr, $layout:expr, $variant:ident) => {
        match $storage {
            CpuStorage::$variant(numbers) => {
                let (start, end) = $crate::ops::own::parts::range($layout)?;
                &numbers[start..end]
            }
            _ => return Err($crate::ops::own::parts::unsupported($storage)),
        }
    };
}
pub(crate) use slice;

/// First and last element of a contiguous layout.
pub(crate) fn range(layout: &Layout) -> candle_core::Result<(usize, usize)> {
    layout
        .contiguous_offsets()
        .ok_or_else(|| candle_core::Error::Msg("an operation of loralib needs a contiguous tensor".into()))
}

pub(crate) fn unsupported(storage: &CpuStorage) -> candle_core::Error {
    candle_core::Error::Msg(format!("an operation of loralib does not take {:?}", storage.dtype()))
}

/// Which scores become -∞. The rows are queries of one or more heads, the columns keys.
#[derive(Clone, Copy)]
pub struct Hide {
    /// By position.
    pub causal: Causal,
    /// Number of keys before and at the query.
    pub window: Option<usize>,
    /// Queries of a head.
    pub tq: usize,
    /// Keys.
    pub tk: usize,
    /// Rows of all heads of one sequence.
    pub rows: usize,
    /// The row of the whole that the first one is.
    pub start: usize,
}

/// The order of each row.
pub(super) struct Order {
    pub k: usize,
    pub descending: bool,
}

impl Order {
    /// Rows, their length, and the shape of the places.
    pub fn sizes(&self, layout: &Layout) -> (usize, usize, Shape) {
        let mut dims = layout.dims().to_vec();
        let n = dims.pop().unwrap_or(1);
        let rows = dims.iter().product();
        dims.push(self.k);
        (rows, n, Shape::from(dims))
    }
}
