//! A GGUF file: checked once when it is opened, then read tensor by tensor.

use std::collections::HashMap;
use std::sync::Arc;

use super::header::{GgufHeader, GgufTensor};
use super::types::GgmlType;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::file_bytes::FileBytes;
use crate::io::file_tensor::{FileTensor, no_tensor};
use crate::storage::{Bytes, SharedBytes, Window};

/// An opened file whose header has been checked against its length.
#[derive(Debug)]
pub struct GgufFile {
    bytes: Arc<FileBytes>,
    header: GgufHeader,
    by_name: HashMap<String, usize>,
}

impl GgufFile {
    /// Checks the header of a file.
    ///
    /// # Errors
    /// Those of [`GgufHeader::parse`]; [`Code::File`] when the file has changed.
    pub fn from_bytes(bytes: FileBytes) -> Result<Self> {
        let header = GgufHeader::parse(bytes.as_ref(), &bytes.path().display().to_string());
        bytes.check()?;
        let header = header?;
        let names = header.tensors.iter().map(|t| t.name.clone());
        Ok(GgufFile {
            by_name: names.zip(0..).collect(),
            bytes: Arc::new(bytes),
            header,
        })
    }

    /// Fields and tensors.
    pub fn header(&self) -> &GgufHeader {
        &self.header
    }

    /// The whole file.
    pub fn bytes(&self) -> &Arc<FileBytes> {
        &self.bytes
    }

    /// The header as JSON.
    ///
    /// # Errors
    /// [`Code::File`] when the file has changed.
    pub fn json(&self) -> Result<String> {
        let json = self.header.json((*self.bytes).as_ref());
        self.bytes.check()?;
        Ok(json)
    }

    /// The number of the tensor with this name.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// A tensor by its number, in place.
    ///
    /// # Errors
    /// [`Code::Unsupported`] for a type that the engine does not read; [`Code::File`] when the file has changed.
    pub fn tensor(&self, number: usize) -> Result<FileTensor> {
        let tensor = self.header.tensors.get(number).ok_or_else(no_tensor)?;
        self.bytes.check()?;
        let dtype = tensor.kind.dtype.ok_or_else(|| self.unsupported(tensor))?;
        let shared: SharedBytes = self.bytes.clone();
        Ok(FileTensor {
            dtype,
            shape: tensor.shape.clone(),
            window: Window::new(shared, tensor.begin, tensor.end - tensor.begin, dtype)?,
            in_file: true,
        })
    }

    fn unsupported(&self, tensor: &GgufTensor) -> Error {
        let file = self.bytes.path().display();
        Error::new(
            Code::Unsupported,
            format!("{file}: {} has a type that is not read", tensor.name),
        )
        .expected(GgmlType::known())
        .received(tensor.kind.name)
        .hint("quantise the model again with llama.cpp to one of these types, such as Q4_K_M or Q8_0")
    }
}
