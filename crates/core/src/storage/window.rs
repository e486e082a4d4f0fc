//! Values in bytes that somebody else owns, such as a mapped file.

use std::sync::Arc;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};

/// Shared bytes: a mapped file, or one that was read.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

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

    /// Whether the elements can be read in place: a file may hold them unaligned.
    pub fn is_aligned(&self) -> bool {
        self.bytes().as_ptr().align_offset(self.dtype.size()) == 0
    }
}
