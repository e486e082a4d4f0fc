//! Files of `torch.save` (`.pt`, `.pth`, `.bin`), read without running what is in them.
//!
//! | file           | concern                                                          |
//! |----------------|------------------------------------------------------------------|
//! | `container.rs` | the two forms: zip archive, row of pickles                       |
//! | `zip.rs`       | the archive's directory                                          |
//! | `pickle.rs`    | the stack machine of pickles; `scalars.rs`, `memo.rs`, `value.rs` |
//! | `globals.rs`   | the list of names that mean something; all others are refused    |
//! | `calls.rs`     | what those names do: storages, tensors, dicts                    |
//! | `tree.rs`      | the object as JSON                                               |
//! | `gather.rs`    | values out of views with offsets and strides                     |
//! | `limits.rs`    | how much a file may ask for                                      |
//!
//! Source: torch/serialization.py, torch/_utils.py and torch/_weights_only_unpickler.py; Python's pickletools.

mod calls;
mod container;
mod gather;
mod globals;
mod limits;
mod memo;
mod pickle;
mod scalars;
mod tree;
mod value;
mod zip;

use std::collections::HashMap;
use std::sync::Arc;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::io::file_bytes::FileBytes;
use crate::io::torch::gather::Values;
use crate::io::torch::pickle::FRAME;
use crate::storage::{SharedBytes, Window};

/// An opened file of torch.save: its object and its tensors.
#[derive(Debug)]
pub struct TorchFile {
    object: String,
    tensors: Vec<Tensor>,
    named: HashMap<String, usize>,
}

#[derive(Debug)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Shared,
    begin: usize,
    len: usize,
}

#[derive(Clone, Debug)]
enum Shared {
    File(Arc<FileBytes>),
    Made(Arc<Vec<u8>>),
}

/// Whether a file's first bytes are those of a torch file, in any of its forms.
pub fn is_torch(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || is_pickle(bytes) || is_tar(bytes)
}

/// A pickle of protocol 2 or later. The length of a safetensors header may begin with the same two bytes, but its last four are zeros, and the header
/// itself begins behind them. From protocol 4 on a pickle begins with the length of its first frame, whose zeros reach further.
fn is_pickle(bytes: &[u8]) -> bool {
    let has_zeros =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(|&byte| byte == 0));
    let is_framed = bytes.get(2) == Some(&FRAME) && has_zeros(8..11);
    matches!(bytes, [0x80, 2..=5, ..]) && (is_framed || !has_zeros(4..8))
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

impl TorchFile {
    /// Reads the object and finds its tensors. No code in the file is run: names of Python that are not on a short list are refused.
    ///
    /// Memory: the file, its object, and the tensors that must be put in order; at most 8 times the file and 16 MiB.
    ///
    /// # Errors
    /// [`Code::Format`] for what torch.save does not write or is damaged, naming the class or function where there is one; [`Code::Unsupported`]
    /// for what torch can and this library cannot hold: complex, quantised and sparse tensors, TorchScript, compressed records, tar files.
    pub fn open(bytes: &Arc<FileBytes>) -> Result<Self> {
        let file = bytes.path().display().to_string();
        let all = (**bytes).as_ref();
        if is_tar(all) {
            return Err(Error::new(
                Code::Unsupported,
                format!("{file}: a tar file, as torch before 0.1.10 wrote it"),
            )
            .expected("a file of torch 0.1.10 or later")
            .hint("load and save it again with a current torch"));
        }
        let loaded = if is_pickle(all) {
            container::legacy(all, &file)?
        } else {
            container::zip(all, &file)?
        };
        let tree = tree::flatten(&loaded.heap, loaded.root)?;
        check_memory(&loaded, &tree.views, bytes)?;
        let tensors = tree
            .views
            .iter()
            .map(|&view| tensor(&loaded, view, bytes, &file))
            .collect::<Result<_>>()?;
        Ok(TorchFile {
            object: tree.json,
            tensors,
            named: tree.named.into_iter().collect(),
        })
    }

    /// The object as JSON; see `tree.rs` for its form.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether the object holds no tensor.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The number of the tensor under this name of the outermost dict.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.named.get(name).copied()
    }

    /// Names of the tensors in the outermost dict.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// Shape and values of a tensor, and whether the values are in the file itself.
    ///
    /// # Errors
    /// [`Code::Internal`] when there is no such tensor.
    pub fn tensor(&self, number: usize) -> Result<(&[usize], Dtype, Window, bool)> {
        let tensor = self
            .tensors
            .get(number)
            .ok_or_else(|| Error::new(Code::Internal, "no such tensor in the file"))?;
        let (shared, in_file): (SharedBytes, bool) = match &tensor.bytes {
            Shared::File(bytes) => (bytes.clone(), true),
            Shared::Made(bytes) => (bytes.clone(), false),
        };
        let window = Window::new(shared, tensor.begin, tensor.len, tensor.dtype)?;
        Ok((&tensor.shape, tensor.dtype, window, in_file))
    }
}

/// Views may overlap and repeat values: the sum of their sizes is checked before any of them is made.
fn check_memory(loaded: &container::Loaded<'_>, views: &[u32], bytes: &FileBytes) -> Result<()> {
    let file_bytes = bytes.as_ref().len();
    let allowed = limits::tensor_bytes(file_bytes);
    let sum = views
        .iter()
        .map(|&view| &loaded.heap.views[view as usize])
        .map(|view| gather::memory(view, loaded.is_big_endian, bytes.is_mapped()))
        .fold(0usize, usize::saturating_add);
    if sum > allowed {
        return Err(loaded
            .heap
            .bad("the tensors take far more memory than the file has bytes")
            .expected(format!("at most {allowed} bytes, 8 times the file and 16 MiB"))
            .received(format!("{sum} bytes: views that repeat numbers, or many views of the same ones"))
            .hint("save the tensors in Python without sharing: {name: tensor.clone()}; or load with { mapped: true }, which shares contiguous views"));
    }
    Ok(())
}

fn tensor(loaded: &container::Loaded<'_>, view: u32, bytes: &Arc<FileBytes>, file: &str) -> Result<Tensor> {
    let view = &loaded.heap.views[view as usize];
    let begin = loaded.storages[view.storage as usize].start;
    let values = gather::values((**bytes).as_ref(), begin, view, loaded.is_big_endian, file)?;
    let (bytes, begin, len) = match values {
        Values::File { begin, len } => (Shared::File(bytes.clone()), begin, len),
        Values::Made(made) => {
            let len = made.len();
            (Shared::Made(Arc::new(made)), 0, len)
        }
    };
    Ok(Tensor {
        dtype: view.dtype.dtype(),
        shape: view.shape.clone(),
        bytes,
        begin,
        len,
    })
}
