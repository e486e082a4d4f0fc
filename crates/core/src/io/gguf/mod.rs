//! GGUF files: metadata and tensors in blocks, as llama.cpp reads and writes them.
//!
//! Source: the GGUF specification of the ggml project. Versions 2 and 3, little-endian.

mod cursor;
mod field;
mod file;
mod header;
mod layout;
mod rows;
mod types;

pub use field::{Field, FieldType};
pub use file::GgufFile;
pub use header::{GgufHeader, GgufTensor};
pub use layout::GgufLayout;
pub use rows::{HeadRows, reorder_heads};
pub use types::{GgmlType, file_type};

/// The first bytes of a file.
pub const MAGIC: &[u8; 4] = b"GGUF";

/// Tensors begin at a multiple of it where a file says nothing else.
pub const DEFAULT_ALIGNMENT: u64 = 32;

/// The field that says otherwise.
pub const ALIGNMENT_KEY: &str = "general.alignment";

/// Most dimensions of a tensor, as in ggml.
pub const MAX_DIMS: usize = 4;

/// Longest name of a tensor in bytes, as in ggml with the zero at its end.
pub const MAX_NAME_BYTES: usize = 63;

/// Whether bytes begin as a GGUF file does.
pub fn is_gguf(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}
