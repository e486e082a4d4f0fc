//! Where numbers live: pooled CPU buffers, mapped files, candle tensors.

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;

use half::{bf16, f16};

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// Bytes that somebody else keeps alive: a mapped file, or one that was read.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A read-only window into [`SharedBytes`]: base weights are used where the file lies.
#[derive(Clone)]
pub struct Window {
    bytes: SharedBytes,
    start: usize,
    len: usize,
    dtype: Dtype,
}

impl Window {
    /// A window of `len` bytes at `start`.
    ///
    /// # Errors
    /// [`Code::Format`] when the window leaves the bytes.
    pub fn new(bytes: SharedBytes, start: usize, len: usize, dtype: Dtype) -> Result<Self> {
        let total = (*bytes).as_ref().len();
        if start.checked_add(len).is_none_or(|end| end > total) {
            return Err(Error::new(Code::Format, "a tensor lies outside its file")
                .expected(format!("at most {total} bytes"))
                .received(format!("{start} + {len}"))
                .hint("the file is damaged or incomplete: download or save it again"));
        }
        Ok(Window {
            bytes,
            start,
            len,
            dtype,
        })
    }

    /// The bytes of the window.
    pub fn bytes(&self) -> &[u8] {
        &(*self.bytes).as_ref()[self.start..self.start + self.len]
    }

    /// Whether the elements can be read in place: the file may hold them at an odd address.
    pub fn is_aligned(&self) -> bool {
        self.bytes().as_ptr().align_offset(self.dtype.size()) == 0
    }
}

/// The numbers of one storage. Truth values are stored as bytes 0 and 1.
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
    /// u8 or bool on the CPU.
    U8(Vec<u8>),
    /// In a file; immutable.
    Mapped(Window),
    /// Held by candle: CUDA, or the candle path on the CPU.
    Candle(candle_core::Tensor),
}

/// An element type of CPU buffers.
pub trait Element: Copy + Default + Send + Sync + bytemuck::Pod + 'static {
    /// The buffer's numbers when it is of this type.
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
element!(u8, U8, Dtype::U8 | Dtype::Bool);

/// A tensor as the executor sees it. Clones share the storage (a reshape is an alias).
#[derive(Clone)]
pub struct Value {
    /// The shared numbers. One thread owns them, so a `RefCell` is enough, and an operation that reads what it writes is caught.
    pub storage: Rc<RefCell<Buffer>>,
    /// Sizes.
    pub shape: Shape,
    /// Element type.
    pub dtype: Dtype,
}

impl Value {
    /// A value that owns its buffer.
    pub fn new(buffer: Buffer, shape: Shape, dtype: Dtype) -> Self {
        Value {
            storage: Rc::new(RefCell::new(buffer)),
            shape,
            dtype,
        }
    }

    /// The numbers, to read.
    ///
    /// # Errors
    /// [`Code::Internal`] when the buffer holds another type: the shape rule of the operation let it through.
    pub fn read<T: Element>(&self) -> Result<Ref<'_, [T]>> {
        let buffer = self.storage.try_borrow().map_err(|_| clash())?;
        let n = self.shape.numel();
        Ref::filter_map(buffer, |b| T::slice(b).and_then(|s| s.get(..n))).map_err(|_| {
            Error::new(Code::Internal, "a buffer does not hold what its tensor says")
                .received(format!("{} {}", self.dtype, self.shape))
        })
    }

    /// The numbers, to write. Those of a file are copied before (`executor/run.rs`).
    ///
    /// # Errors
    /// As [`Value::read`].
    pub fn write<T: Element>(&self) -> Result<RefMut<'_, [T]>> {
        let buffer = self.storage.try_borrow_mut().map_err(|_| clash())?;
        let n = self.shape.numel();
        RefMut::filter_map(buffer, |b| T::slice_mut(b).and_then(|s| s.get_mut(..n))).map_err(|_| {
            Error::new(Code::Internal, "this tensor's numbers cannot be written")
                .received(format!("{} {}", self.dtype, self.shape))
        })
    }

    /// Whether candle holds the numbers.
    pub fn is_candle(&self) -> bool {
        matches!(&*self.storage.borrow(), Buffer::Candle(_))
    }
}

fn clash() -> Error {
    Error::new(Code::Internal, "an operation reads the storage that it writes")
}

/// A pooled buffer filled from little-endian bytes.
///
/// # Errors
/// [`Code::Memory`], or [`Code::Format`] when the byte count is no whole number of elements.
pub fn from_bytes(pool: &RefCell<crate::memory::Pool>, dtype: Dtype, bytes: &[u8]) -> Result<Buffer> {
    if !bytes.len().is_multiple_of(dtype.size()) {
        return Err(Error::new(Code::Format, "the data is no whole number of elements")
            .received(format!("{} bytes of {dtype}", bytes.len()))
            .expected(format!("a multiple of {} bytes", dtype.size()))
            .hint("the file is damaged or incomplete: download or save it again"));
    }
    let n = bytes.len() / dtype.size();
    crate::any!(dtype, T => {
        let mut vec = pool.borrow_mut().take::<T>(n)?;
        kernels::par::copy(bytes, bytemuck::cast_slice_mut::<T, u8>(&mut vec));
        Ok(T::wrap(vec))
    })
}
