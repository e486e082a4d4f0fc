//! Values in bytes that somebody else owns, such as a mapped file.

use std::ops::Range;
use std::sync::Arc;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};

/// Bytes that tensors are made of.
pub trait Bytes: AsRef<[u8]> + Send + Sync {
    /// Fails when the bytes may have been others than those of the tensors: asked after they were read.
    ///
    /// # Errors
    /// [`Code::File`] when the file that holds them was cut short or rewritten.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Says that nothing reads these bytes again for now. Pages of a file need no memory then; reading them fetches them once more.
    fn leave(&self, range: Range<usize>) {
        let _ = range;
    }
}

impl Bytes for Vec<u8> {}
impl Bytes for &[u8] {}

/// Shared bytes: a mapped file, or one that was read.
pub type SharedBytes = Arc<dyn Bytes>;

/// A read-only window into [`SharedBytes`]: base weights are used without a copy.
#[derive(Clone)]
pub struct Window {
    bytes: SharedBytes,
    start: usize,
    len: usize,
    pub(super) dtype: Dtype,
}

impl Window {
    /// A window of `len` bytes at `start`.
    ///
    /// # Errors
    /// [`Code::Format`] when the window reaches past the bytes.
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

    /// Whether the bytes that were read are those of the tensor; see [`Bytes::check`].
    ///
    /// # Errors
    /// As there.
    pub fn check(&self) -> Result<()> {
        self.bytes.check()
    }

    /// Says that nothing reads the window again for now; see [`Bytes::leave`].
    pub fn leave(&self) {
        self.bytes.leave(self.start..self.start + self.len);
    }

    /// Whether both lie in the same bytes, and so have one answer to [`Window::check`].
    pub fn shares_bytes(&self, other: &Window) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.bytes), Arc::as_ptr(&other.bytes))
    }

    /// Whether the elements can be read in place: a file may hold them unaligned.
    pub fn is_aligned(&self) -> bool {
        self.bytes().as_ptr().align_offset(self.dtype.size()) == 0
    }
}
