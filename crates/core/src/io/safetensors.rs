//! A safetensors file: checked once when it is opened, then read tensor by tensor.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::io::file_bytes::FileBytes;
use crate::io::file_dtype::FileDtype;
use crate::io::header::{Entry, Header};
use crate::storage::Bytes;

/// An opened file whose header has been checked against its length.
#[derive(Debug)]
pub struct SafetensorsFile {
    bytes: Arc<FileBytes>,
    header: Header,
    by_name: HashMap<String, usize>,
}

/// The values of one tensor in a dtype of the engine, little-endian and row-major.
#[derive(Debug, PartialEq, Eq)]
pub struct RawTensor<'a> {
    /// The engine's dtype.
    pub dtype: Dtype,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// `numel · dtype.size()` bytes; borrowed where the file holds them in this dtype. They may be unaligned.
    pub bytes: Cow<'a, [u8]>,
}

impl SafetensorsFile {
    /// Maps a file of base weights; their bytes stay in the file. See [`FileBytes::map`].
    ///
    /// # Errors
    /// [`Code::File`] for the file itself, and those of [`Header::parse`].
    pub fn map(path: &Path) -> Result<Self> {
        Self::from_bytes(FileBytes::map(path)?)
    }

    /// Reads a file whole: adapters and checkpoints.
    ///
    /// # Errors
    /// As for [`SafetensorsFile::map`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(FileBytes::read(path)?)
    }

    pub(crate) fn from_bytes(bytes: FileBytes) -> Result<Self> {
        let header = Header::parse(bytes.as_ref(), &bytes.path().display().to_string());
        bytes.check()?;
        let header = header?;
        let by_name = header
            .entries
            .iter()
            .enumerate()
            .map(|(i, e)| (e.name.clone(), i))
            .collect();
        Ok(SafetensorsFile {
            bytes: Arc::new(bytes),
            header,
            by_name,
        })
    }

    /// Names, dtypes, shapes and metadata.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The whole file, to share: an entry's `begin..end` is a window into it.
    pub fn bytes(&self) -> &Arc<FileBytes> {
        &self.bytes
    }

    /// The tensor with this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|&i| &self.header.entries[i])
    }

    /// The number of the tensor with this name in the header.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The values of one of this file's entries.
    ///
    /// # Errors
    /// Those of [`read_entry`].
    pub fn tensor(&self, entry: &Entry) -> Result<RawTensor<'_>> {
        read_entry((*self.bytes).as_ref(), entry, &self.bytes.path().display().to_string())
    }
}

/// The values of an entry of the file with these bytes; `file` names it in errors. Integers other than U8 widen to i64.
///
/// # Errors
/// [`Code::Format`] when the entry lies outside `bytes`, a truth value is neither 0 nor 1, or a U64 exceeds i64.
pub fn read_entry<'a>(bytes: &'a [u8], entry: &Entry, file: &str) -> Result<RawTensor<'a>> {
    let Some(data) = bytes.get(entry.begin..entry.end) else {
        return Err(
            Error::new(Code::Format, format!("{file}: {:?} lies outside the file", entry.name))
                .expected(format!("at most {} bytes", bytes.len()))
                .received(format!("bytes {}..{}", entry.begin, entry.end))
                .hint("the file is damaged or incomplete: download or save it again"),
        );
    };
    let bytes = match entry.dtype {
        FileDtype::F64 | FileDtype::F32 | FileDtype::F16 | FileDtype::Bf16 | FileDtype::I64 | FileDtype::U8 => {
            Cow::Borrowed(data)
        }
        FileDtype::Bool => {
            if let Some(at) = data.iter().position(|&b| b > 1) {
                return Err(bad_value(file, entry, at, format!("the byte {}", data[at]), "0 or 1"));
            }
            Cow::Borrowed(data)
        }
        FileDtype::I8 => widen(data, |[b]: [u8; 1]| i64::from(i8::from_le_bytes([b])))?,
        FileDtype::I16 => widen(data, |b| i64::from(i16::from_le_bytes(b)))?,
        FileDtype::U16 => widen(data, |b| i64::from(u16::from_le_bytes(b)))?,
        FileDtype::I32 => widen(data, |b| i64::from(i32::from_le_bytes(b)))?,
        FileDtype::U32 => widen(data, |b| i64::from(u32::from_le_bytes(b)))?,
        FileDtype::U64 => {
            // The top byte's high bit is the sign of an i64.
            if let Some(at) = data.chunks_exact(8).position(|b| b[7] & 0x80 != 0) {
                return Err(bad_value(
                    file,
                    entry,
                    at,
                    "a larger number".to_owned(),
                    "at most 9223372036854775807",
                ));
            }
            Cow::Borrowed(data)
        }
    };
    Ok(RawTensor {
        dtype: entry.dtype.dtype(),
        shape: entry.shape.clone(),
        bytes,
    })
}

fn widen<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> i64) -> Result<Cow<'static, [u8]>> {
    let mut wide = crate::memory::host_vec(data.len() / N * 8, "a tensor of this file")?;
    for bytes in data.chunks_exact(N) {
        wide.extend_from_slice(&value(bytes.try_into().expect("chunks of N bytes")).to_le_bytes());
    }
    Ok(Cow::Owned(wide))
}

fn bad_value(file: &str, entry: &Entry, at: usize, received: String, expected: &str) -> Error {
    Error::new(
        Code::Format,
        format!(
            "{file}: {:?} holds a value that {} does not allow",
            entry.name,
            entry.dtype.name()
        ),
    )
    .expected(expected)
    .received(format!("{received} at element {at}"))
    .hint("write the file again with a safetensors library")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dtype: FileDtype, n: usize) -> Entry {
        Entry {
            name: "t".to_owned(),
            dtype,
            shape: vec![n],
            begin: 0,
            end: n * dtype.size(),
        }
    }

    fn ints(raw: &RawTensor<'_>) -> Vec<i64> {
        raw.bytes
            .chunks_exact(8)
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn small_integers_widen_to_i64() {
        let cases: [(FileDtype, Vec<u8>, Vec<i64>); 5] = [
            (FileDtype::I8, vec![0x80, 0x7f, 0xff], vec![-128, 127, -1]),
            (
                FileDtype::I16,
                [i16::MIN, 5, -1].iter().flat_map(|v| v.to_le_bytes()).collect(),
                vec![-32768, 5, -1],
            ),
            (
                FileDtype::U16,
                [u16::MAX, 0].iter().flat_map(|v| v.to_le_bytes()).collect(),
                vec![65535, 0],
            ),
            (
                FileDtype::I32,
                [i32::MIN, 7].iter().flat_map(|v| v.to_le_bytes()).collect(),
                vec![-2147483648, 7],
            ),
            (
                FileDtype::U32,
                [u32::MAX].iter().flat_map(|v| v.to_le_bytes()).collect(),
                vec![4294967295],
            ),
        ];
        for (dtype, bytes, want) in cases {
            let raw = read_entry(&bytes, &entry(dtype, want.len()), "x").unwrap();
            assert_eq!((raw.dtype, ints(&raw)), (Dtype::I64, want), "{dtype:?}");
        }
    }

    #[test]
    fn floats_and_bytes_are_borrowed() {
        for dtype in [
            FileDtype::F64,
            FileDtype::F32,
            FileDtype::F16,
            FileDtype::Bf16,
            FileDtype::I64,
            FileDtype::U8,
        ] {
            let bytes = vec![9u8; 2 * dtype.size()];
            let raw = read_entry(&bytes, &entry(dtype, 2), "x").unwrap();
            assert!(matches!(raw.bytes, Cow::Borrowed(_)));
            assert_eq!(raw.bytes.len(), 2 * raw.dtype.size());
        }
    }

    #[test]
    fn values_that_the_dtype_does_not_allow_are_refused() {
        let error = read_entry(&[0, 1, 2], &entry(FileDtype::Bool, 3), "x").unwrap_err();
        assert_eq!(error.code(), Code::Format);
        assert!(error.to_string().contains("element 2"), "{error}");
        assert!(read_entry(&u64::MAX.to_le_bytes(), &entry(FileDtype::U64, 1), "x").is_err());
        assert!(read_entry(&[0; 3], &entry(FileDtype::F32, 1), "x").is_err());
    }
}
