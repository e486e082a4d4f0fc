//! Files: safetensors and GGUF in and out, torch files in, sharded checkpoints, writes that never leave half a file.

pub mod file_bytes;
pub mod file_dtype;
pub mod file_tensor;
pub mod gguf;
pub mod header;
mod header_json;
pub mod index;
pub mod layout;
pub(crate) mod pace;
pub mod safetensors;
pub mod torch;
pub mod weight_file;
pub mod weights;
pub mod write;

pub use file_bytes::{FileBytes, FileId};
pub use file_dtype::FileDtype;
pub use file_tensor::FileTensor;
pub use gguf::{GgufFile, GgufLayout};
pub use header_json::{Entry, Header};
pub use index::ShardedFile;
pub use layout::Layout;
pub use safetensors::{RawTensor, SafetensorsFile};
pub use torch::TorchFile;
pub use weight_file::WeightFile;
pub use weights::Weights;
pub use write::write_atomic;
