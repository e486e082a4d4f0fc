//! A tensor as a file of any kind gives it.

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::Error;
use crate::storage::Window;

/// A tensor of a file.
pub struct FileTensor {
    /// The engine's dtype.
    pub dtype: Dtype,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Its values, little-endian and row-major; they may be unaligned.
    pub window: Window,
    /// Whether the window is in the file itself; otherwise the values were widened or reordered.
    pub in_file: bool,
}

pub(super) fn no_tensor() -> Error {
    Error::new(Code::Internal, "no such tensor in the file")
}
