//! From a view of a storage to the plain bytes of a tensor.

use std::borrow::Cow;

use crate::dtype::Dtype;
use crate::error::Result;
use crate::io::header::Entry;
use crate::io::safetensors::read_entry;
use crate::io::torch::value::View;

/// Where the values of a tensor are.
pub(super) enum Values {
    /// In the file, as the engine reads them.
    File { begin: usize, len: usize },
    /// Reordered, byte-swapped or widened.
    Made(Vec<u8>),
}

/// The bytes of a tensor in its engine dtype. `begin` is where its storage begins in the file.
///
/// # Errors
/// Those of [`read_entry`]: a truth value that is neither 0 nor 1, a U64 beyond i64.
pub(super) fn values(bytes: &[u8], begin: usize, view: &View, is_big_endian: bool, file: &str) -> Result<Values> {
    let size = view.dtype.size();
    let len = view.shape.iter().product::<usize>() * size;
    let start = begin + if len == 0 { 0 } else { view.offset * size };
    let entry = |begin: usize| Entry {
        name: "a tensor".to_owned(),
        dtype: view.dtype,
        shape: view.shape.clone(),
        begin,
        end: begin + len,
    };
    if len == 0 || (is_contiguous(view) && (!is_big_endian || size == 1)) {
        return Ok(match read_entry(bytes, &entry(start), file)?.bytes {
            Cow::Borrowed(_) => Values::File { begin: start, len },
            Cow::Owned(made) => Values::Made(made),
        });
    }
    let mut made = crate::memory::host_vec(len, "a tensor of this file")?;
    gather(&bytes[start..], view, size, &mut made);
    if is_big_endian {
        for element in made.chunks_exact_mut(size) {
            element.reverse();
        }
    }
    let wider = match read_entry(&made, &entry(0), file)?.bytes {
        Cow::Borrowed(_) => None,
        Cow::Owned(wider) => Some(wider),
    };
    Ok(Values::Made(wider.unwrap_or(made)))
}

/// Bytes that a tensor takes in memory beyond those of a mapped file; the view's sizes were checked not to overflow.
pub(super) fn memory(view: &View, is_big_endian: bool, is_mapped: bool) -> usize {
    let numel: usize = view.shape.iter().product();
    let dtype: Dtype = view.dtype.dtype();
    let in_place = dtype.size() == view.dtype.size() && is_contiguous(view) && !is_big_endian;
    if in_place && is_mapped { 0 } else { numel * dtype.size() }
}

/// Row-major without gaps. The stride of a dimension of one element does not matter.
fn is_contiguous(view: &View) -> bool {
    let mut expected = 1;
    for (&size, &stride) in view.shape.iter().zip(&view.stride).rev() {
        if size != 1 && stride != expected {
            return false;
        }
        expected *= size;
    }
    true
}

/// Copies the elements in row-major order, row by row of the last dimension.
fn gather(bytes: &[u8], view: &View, size: usize, out: &mut Vec<u8>) {
    let (Some((&width, outer)), Some((&step, strides))) = (view.shape.split_last(), view.stride.split_last()) else {
        out.extend_from_slice(&bytes[..size]);
        return;
    };
    let mut index = vec![0; outer.len()];
    loop {
        let row: usize = index.iter().zip(strides).map(|(i, s)| i * s).sum();
        for i in 0..width {
            let at = (row + i * step) * size;
            out.extend_from_slice(&bytes[at..at + size]);
        }
        // The next index, the last dimension first.
        let Some(d) = (0..outer.len()).rev().find(|&d| index[d] + 1 < outer[d]) else {
            return;
        };
        index[d] += 1;
        index[d + 1..].fill(0);
    }
}
