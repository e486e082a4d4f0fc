//! The values of a tensor, or of several that are views of each other.

use half::{bf16, f16};

use super::doubt::Doubts;
use super::window::Window;
use crate::dtype::Dtype;
use crate::error::Error;

/// The values of one storage. Booleans are stored as bytes 0 and 1.
pub enum Buffer {
    /// f32 on the CPU.
    F32(Vec<f32>),
    /// f64 on the CPU.
    F64(Vec<f64>),
    /// bf16 on the CPU.
    Bf16(Vec<bf16>),
    /// f16 on the CPU.
    F16(Vec<f16>),
    /// i64 on the CPU.
    I64(Vec<i64>),
    /// u8, bool or blocks on the CPU.
    U8(Vec<u8>),
    /// In a file; immutable.
    Mapped(Window),
    /// Held by candle: CUDA, or the candle path on the CPU.
    Candle(Held),
    /// A change in place failed: whoever reads the tensor or a view of it gets the error.
    Failed(Box<Error>),
}

impl Buffer {
    /// Bytes of memory that it holds, beyond its numbers up to its capacity; 0 in a file, and of a failed change.
    pub fn held_bytes(&self) -> u64 {
        let bytes = match self {
            Buffer::F32(v) => v.capacity() * size_of::<f32>(),
            Buffer::F64(v) => v.capacity() * size_of::<f64>(),
            Buffer::Bf16(v) => v.capacity() * size_of::<bf16>(),
            Buffer::F16(v) => v.capacity() * size_of::<f16>(),
            Buffer::I64(v) => v.capacity() * size_of::<i64>(),
            Buffer::U8(v) => v.capacity(),
            Buffer::Candle(held) => candle_bytes(&held.tensor),
            Buffer::Mapped(_) | Buffer::Failed(_) => 0,
        };
        bytes as u64
    }
}

/// A tensor of candle.
pub struct Held {
    /// In a storage of its own.
    pub tensor: candle_core::Tensor,
    /// What may yet turn out to be wrong with it.
    pub doubts: Doubts,
}

/// Bytes of a tensor of candle: each is kept in a storage of its own size ([`owned`](crate::ops::own::owned)).
fn candle_bytes(tensor: &candle_core::Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}

/// An element type of CPU buffers.
pub trait Element: Copy + Default + Send + Sync + bytemuck::Pod + 'static {
    /// The values, when the buffer is of this type.
    fn slice(buffer: &Buffer) -> Option<&[Self]>;
    /// The same, to write.
    fn slice_mut(buffer: &mut Buffer) -> Option<&mut [Self]>;
    /// A buffer that owns the vector.
    fn wrap(vec: Vec<Self>) -> Buffer;
    /// The vector of an owned buffer, or the buffer back.
    fn unwrap(buffer: Buffer) -> std::result::Result<Vec<Self>, Buffer>;
}

macro_rules! element {
    ($type:ty, $variant:ident, $dtypes:pat) => {
        impl Element for $type {
            fn slice(buffer: &Buffer) -> Option<&[Self]> {
                match buffer {
                    Buffer::$variant(v) => Some(v),
                    Buffer::Mapped(w) if matches!(w.dtype, $dtypes) => bytemuck::try_cast_slice(w.bytes()).ok(),
                    _ => None,
                }
            }
            fn slice_mut(buffer: &mut Buffer) -> Option<&mut [Self]> {
                match buffer {
                    Buffer::$variant(v) => Some(v),
                    _ => None,
                }
            }
            fn wrap(vec: Vec<Self>) -> Buffer {
                Buffer::$variant(vec)
            }
            fn unwrap(buffer: Buffer) -> std::result::Result<Vec<Self>, Buffer> {
                match buffer {
                    Buffer::$variant(v) => Ok(v),
                    other => Err(other),
                }
            }
        }
    };
}
element!(f32, F32, Dtype::F32);
element!(f64, F64, Dtype::F64);
element!(bf16, Bf16, Dtype::Bf16);
element!(f16, F16, Dtype::F16);
element!(i64, I64, Dtype::I64);
element!(
    u8,
    U8,
    Dtype::U8
        | Dtype::Bool
        | Dtype::Q4_0
        | Dtype::Q4_1
        | Dtype::Q5_0
        | Dtype::Q5_1
        | Dtype::Q8_0
        | Dtype::Q2K
        | Dtype::Q3K
        | Dtype::Q4K
        | Dtype::Q5K
        | Dtype::Q6K
);
