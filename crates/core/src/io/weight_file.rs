//! One weight file of any kind, told by its content; the name counts only where the content tells nothing.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;
use crate::io::file_bytes::FileBytes;
use crate::io::file_tensor::{FileTensor, no_tensor};
use crate::io::gguf::{self, GgufFile};
use crate::io::safetensors::SafetensorsFile;
use crate::io::torch::{self, TorchFile};
use crate::storage::{Bytes, SharedBytes, Window};

/// One opened file with tensors.
#[derive(Debug)]
pub enum WeightFile {
    /// A safetensors file.
    Safetensors(SafetensorsFile),
    /// A file of `torch.save`.
    Torch {
        /// Its path.
        path: PathBuf,
        /// Its object and tensors.
        file: TorchFile,
    },
    /// A GGUF file.
    Gguf(GgufFile),
}

impl WeightFile {
    /// Opens a file: mapped as [`FileBytes::map`] for base weights, else read whole.
    ///
    /// # Errors
    /// [`Code::File`](crate::code::Code::File) for the file itself, and those of [`Header::parse`](crate::io::Header::parse), [`TorchFile::open`] and [`GgufFile::from_bytes`].
    pub fn open(path: &Path, mapped: bool) -> Result<Self> {
        Self::from_bytes(bytes_of(path, mapped)?)
    }

    pub(super) fn from_bytes(bytes: FileBytes) -> Result<Self> {
        if gguf::is_gguf(bytes.as_ref()) || has_gguf_name(&bytes) {
            return GgufFile::from_bytes(bytes).map(WeightFile::Gguf);
        }
        if !torch::is_torch(bytes.as_ref()) {
            return SafetensorsFile::from_bytes(bytes).map(WeightFile::Safetensors);
        }
        let path = bytes.path().to_owned();
        let bytes = Arc::new(bytes);
        let file = TorchFile::open(&bytes);
        bytes.check()?;
        Ok(WeightFile::Torch { path, file: file? })
    }

    /// The path it was opened under.
    pub fn path(&self) -> &Path {
        match self {
            WeightFile::Safetensors(file) => file.bytes().path(),
            WeightFile::Torch { path, .. } => path,
            WeightFile::Gguf(file) => file.bytes().path(),
        }
    }

    /// The number of the tensor with this name; in a torch file, of the outermost dict.
    pub fn find(&self, name: &str) -> Option<usize> {
        match self {
            WeightFile::Safetensors(file) => file.number(name),
            WeightFile::Torch { file, .. } => file.find(name),
            WeightFile::Gguf(file) => file.number(name),
        }
    }

    /// Names of the tensors; of a torch file, those in the outermost dict.
    pub fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            WeightFile::Safetensors(file) => Box::new(file.header().entries.iter().map(|e| e.name.as_str())),
            WeightFile::Torch { file, .. } => Box::new(file.names()),
            WeightFile::Gguf(file) => Box::new(file.header().tensors.iter().map(|t| t.name.as_str())),
        }
    }

    /// A tensor by its number.
    ///
    /// # Errors
    /// Those of [`SafetensorsFile::tensor`]; [`Code::Internal`](crate::code::Code::Internal) when there is no such number.
    pub fn tensor(&self, number: usize) -> Result<FileTensor> {
        match self {
            WeightFile::Safetensors(file) => safetensors_tensor(file, number),
            WeightFile::Torch { file, .. } => {
                let (shape, dtype, window, in_file) = file.tensor(number)?;
                Ok(FileTensor {
                    dtype,
                    shape: shape.to_vec(),
                    window,
                    in_file,
                })
            }
            WeightFile::Gguf(file) => file.tensor(number),
        }
    }
}

/// A damaged file of this name should be reported as what it is meant to be.
fn has_gguf_name(bytes: &FileBytes) -> bool {
    bytes
        .path()
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("gguf"))
}

pub(super) fn bytes_of(path: &Path, mapped: bool) -> Result<FileBytes> {
    if mapped {
        FileBytes::map(path)
    } else {
        FileBytes::read(path)
    }
}

fn safetensors_tensor(file: &SafetensorsFile, number: usize) -> Result<FileTensor> {
    let entry = file.header().entries.get(number).ok_or_else(no_tensor)?;
    let raw = file.tensor(entry);
    // A file that has changed explains what is wrong with the tensor.
    file.bytes().check()?;
    let raw = raw?;
    let len = raw.bytes.len();
    let (shared, begin, in_file): (SharedBytes, usize, bool) = match raw.bytes {
        Cow::Borrowed(_) => (file.bytes().clone(), entry.begin, true),
        Cow::Owned(made) => (Arc::new(made), 0, false),
    };
    Ok(FileTensor {
        dtype: raw.dtype,
        shape: raw.shape,
        window: Window::new(shared, begin, len, raw.dtype)?,
        in_file,
    })
}
