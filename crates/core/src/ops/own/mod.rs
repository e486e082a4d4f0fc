//! What candle lacks: operations on its storages with a kernel for the CPU, and one of `cuda/own.cu` for CUDA.
//!
//! candle's own composition of them would take a mask, a copy or an order of magnitude more memory. Those that change a tensor hold the lock of its
//! storage, so on the CPU they run as one piece: what could interrupt them may read the same tensor.

mod add_product;
#[cfg(feature = "cuda")]
mod cuda;
mod drop;
mod fill;
mod hide;
mod order;
mod parts;

use candle_core::{CpuStorage, Storage, Tensor};

pub use add_product::add_product;
pub use drop::dropped;
pub use fill::{normal, uniform};
pub use hide::hide;
pub use order::order;
pub use parts::Hide;

/// Whether both lie in one storage.
pub fn share(a: &Tensor, b: &Tensor) -> bool {
    let (a, b) = (a.storage_and_layout().0, b.storage_and_layout().0);
    std::ptr::eq::<Storage>(&*a, &*b)
}

/// The tensor in a storage that is its own and no larger than it is: what is kept may be changed in place, and counts what it takes.
///
/// # Errors
/// candle's.
pub fn owned(tensor: Tensor, others: &[Option<Tensor>]) -> candle_core::Result<Tensor> {
    let whole = {
        let (storage, layout) = tensor.storage_and_layout();
        layout.is_contiguous() && layout.start_offset() == 0 && elements(&storage) == Some(layout.shape().elem_count())
    };
    if whole && !others.iter().flatten().any(|other| share(&tensor, other)) {
        return Ok(tensor);
    }
    tensor.force_contiguous()
}

/// Number of elements of a storage, where it is known.
fn elements(storage: &Storage) -> Option<usize> {
    match storage {
        Storage::Cpu(cpu) => Some(match cpu {
            CpuStorage::U8(v) => v.len(),
            CpuStorage::U32(v) => v.len(),
            CpuStorage::I64(v) => v.len(),
            CpuStorage::BF16(v) => v.len(),
            CpuStorage::F16(v) => v.len(),
            CpuStorage::F32(v) => v.len(),
            CpuStorage::F64(v) => v.len(),
            _ => return None,
        }),
        #[cfg(feature = "cuda")]
        Storage::Cuda(device) => cuda::elements(device),
        _ => None,
    }
}
