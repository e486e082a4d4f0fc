//! What a path leads to: a weight file, or an index and the files that it names.

use std::path::Path;

use crate::error::Result;
use crate::io::file_tensor::{FileTensor, no_tensor};
use crate::io::index::ShardedFile;
use crate::io::weight_file::{WeightFile, bytes_of};
use crate::storage::Bytes;

/// What a path leads to: a file, or an index with its shards.
#[derive(Debug)]
pub enum Weights {
    /// One file.
    File(WeightFile),
    /// An index and the files that it names.
    Sharded(ShardedFile),
}

impl Weights {
    /// Opens the file at a path, and for an index its shards.
    ///
    /// # Errors
    /// Those of [`WeightFile::open`] and [`ShardedFile::open`].
    pub fn open(path: &Path, mapped: bool) -> Result<Self> {
        let bytes = bytes_of(path, mapped)?;
        let names_shards = is_json(bytes.as_ref());
        bytes.check()?;
        if names_shards {
            return ShardedFile::open(path, mapped).map(Weights::Sharded);
        }
        WeightFile::from_bytes(bytes).map(Weights::File)
    }

    /// What the file holds, as JSON in the form of [`TorchFile::object`]; of other files, a dict of tensors.
    pub fn object(&self) -> String {
        match self {
            Weights::File(WeightFile::Torch { file, .. }) => file.object().to_owned(),
            Weights::File(file) => flat(file.names()),
            Weights::Sharded(sharded) => flat(sharded.entries().map(|(name, ..)| name)),
        }
    }

    /// A tensor by the number that [`Weights::object`] gives it.
    ///
    /// # Errors
    /// Those of [`WeightFile::tensor`].
    pub fn tensor(&self, number: usize) -> Result<FileTensor> {
        match self {
            Weights::File(file) => file.tensor(number),
            Weights::Sharded(sharded) => {
                let (_, file, number) = sharded.entries().nth(number).ok_or_else(no_tensor)?;
                file.tensor(number)
            }
        }
    }
}

/// JSON, as an index is; the length of a safetensors header may begin with the same byte, but zeros follow there.
fn is_json(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(8)];
    head.trim_ascii_start().starts_with(b"{") && !head.contains(&0)
}

fn flat<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let pairs: Vec<String> = names
        .enumerate()
        .map(|(i, name)| format!("{},{{\"t\":{i}}}", serde_json::Value::from(name)))
        .collect();
    format!("{{\"nodes\":[\"o\",[{}]],\"root\":{{\"n\":0}}}}", pairs.join(","))
}
