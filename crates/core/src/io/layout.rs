//! Writing a safetensors file: its header, and the order of its tensors.

use std::collections::HashSet;
use std::path::Path;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::file_bytes::io_error;
use crate::io::file_dtype::FileDtype;
use crate::io::header::MAX_HEADER_BYTES;
use crate::io::write::{CANNOT_WRITE, Replaced, Writing, replace};
use crate::meta::Meta;
use crate::storage::Bytes;

/// How a safetensors file is laid out, as the reference writer does it.
///
/// Tensors go by falling element size, then by name, so that each begins at a multiple of its element size; the header
/// is padded with spaces to 8 bytes.
#[derive(Debug)]
pub struct Layout {
    names: Vec<String>,
    metas: Vec<Meta>,
    metadata: Vec<(String, String)>,
    dtypes: Vec<FileDtype>,
    order: Vec<usize>,
}

impl Layout {
    /// The layout of tensors with these names, shapes and dtypes. `metadata` must be strings; Hugging Face readers want `("format", "pt")` among
    /// them.
    ///
    /// # Errors
    /// [`Code::Option`] for a name twice or reserved; [`Code::Dtype`] for blocks.
    pub fn new(names: Vec<String>, metas: Vec<Meta>, metadata: Vec<(String, String)>) -> Result<Layout> {
        check_names(&names, &metadata)?;
        let dtypes: Vec<FileDtype> = metas
            .iter()
            .map(|meta| FileDtype::try_from(meta.dtype))
            .collect::<Result<_>>()?;
        let mut order: Vec<usize> = (0..names.len().min(metas.len())).collect();
        order.sort_by(|&a, &b| dtypes[b].cmp(&dtypes[a]).then_with(|| names[a].cmp(&names[b])));
        Ok(Layout {
            names,
            metas,
            metadata,
            dtypes,
            order,
        })
    }

    /// Indexes of the tensors, in the order of the file.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Size in bytes of tensor `i`.
    pub fn bytes(&self, i: usize) -> u64 {
        self.metas[i].bytes()
    }

    /// Writes the file; `next` gives the bytes of the tensors, little-endian, in the order of the file. A reader sees the old file or the whole new
    /// one. With `sync` this is so after a crash of the system, too, and takes as long as the disk does. Returns what was there before.
    ///
    /// # Errors
    /// [`Code::File`] when the folder does not exist or cannot be written, the disk is full, or the file that bytes lie in has changed;
    /// [`Code::Option`] for more names than a header holds; those of `next`. The old file is then unchanged.
    pub fn write<B: Bytes>(&self, path: &Path, sync: bool, mut next: impl FnMut() -> Result<B>) -> Result<Replaced> {
        // Made here, off the main thread: it takes a millisecond for a thousand tensors.
        let header = self.header()?;
        let sizes = self.order.iter().map(|&i| self.bytes(i));
        let size = size_of::<u64>() as u64 + header.len() as u64 + sizes.clone().sum::<u64>();
        let failed = |e: std::io::Error| io_error(CANNOT_WRITE, path, &e);
        replace(path, Writing { sync, size }, |out| {
            out.write_all(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
            out.write_all(header.as_bytes()).map_err(failed)?;
            for size in sizes {
                let tensor = next()?;
                let bytes = tensor.as_ref();
                if bytes.len() as u64 != size {
                    return Err(Error::new(Code::Internal, "the bytes of a tensor do not fit its shape")
                        .expected(format!("{size} bytes"))
                        .received(format!("{} bytes", bytes.len()))
                        .hint("please report this"));
                }
                out.write_all(bytes).map_err(failed)?;
                tensor.check()?;
            }
            Ok(())
        })
    }

    fn header(&self) -> Result<String> {
        let header = header_json(&self.names, &self.metas, &self.dtypes, &self.order, &self.metadata);
        if header.len() <= MAX_HEADER_BYTES {
            return Ok(header);
        }
        Err(
            Error::new(Code::Option, "names and metadata are too long for a safetensors header")
                .expected(format!("at most {MAX_HEADER_BYTES} bytes"))
                .received(format!("{} bytes", header.len()))
                .hint("use shorter names, or keep long texts in a file of their own"),
        )
    }
}

fn check_names(names: &[String], metadata: &[(String, String)]) -> Result<()> {
    let mut seen = HashSet::new();
    if let Some(name) = names.iter().find(|name| *name == "__metadata__" || !seen.insert(*name)) {
        return Err(Error::new(Code::Option, format!("the name {name:?} cannot be written"))
            .expected("names that differ, and none of them __metadata__")
            .hint("rename the tensor")
            .received(format!("{name:?}")));
    }
    let mut keys = HashSet::new();
    match metadata.iter().find(|(key, _)| !keys.insert(key)) {
        None => Ok(()),
        Some((key, _)) => Err(
            Error::new(Code::Option, format!("the metadata name {key:?} comes twice"))
                .expected("names that differ")
                .received(format!("{key:?}"))
                .hint("give each metadata name once"),
        ),
    }
}

fn header_json(
    names: &[String],
    metas: &[Meta],
    dtypes: &[FileDtype],
    order: &[usize],
    metadata: &[(String, String)],
) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut parts = Vec::with_capacity(order.len() + 1);
    if !metadata.is_empty() {
        let pairs: Vec<String> = metadata
            .iter()
            .map(|(k, v)| format!("{}:{}", quoted(k), quoted(v)))
            .collect();
        parts.push(format!("\"__metadata__\":{{{}}}", pairs.join(",")));
    }
    let mut at = 0;
    for &i in order {
        let (name, meta) = (quoted(&names[i]), &metas[i]);
        let end = at + meta.bytes();
        let shape: Vec<String> = meta.shape.dims().iter().map(usize::to_string).collect();
        let dtype = dtypes[i].name();
        parts.push(format!(
            r#"{name}:{{"dtype":"{dtype}","shape":[{}],"data_offsets":[{at},{end}]}}"#,
            shape.join(",")
        ));
        at = end;
    }
    let mut json = format!("{{{}}}", parts.join(","));
    let padded = json.len().next_multiple_of(8);
    json.extend(std::iter::repeat_n(' ', padded - json.len()));
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Dtype;
    use crate::io::safetensors::SafetensorsFile;
    use crate::shape::Shape;

    fn tensor(dtype: Dtype, shape: &[usize]) -> Meta {
        Meta::new(Shape::new(shape), dtype)
    }

    fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
        names.map(str::to_owned).to_vec()
    }

    #[test]
    fn what_is_written_is_read_back_in_the_reference_order() {
        let path = std::env::temp_dir().join(format!("loralib-layout-{}.safetensors", std::process::id()));
        let data: Vec<u8> = (0..48).map(|i| i % 2).collect();
        let names = names(["b", "a", "half \"ü\"", "i", "flag", "empty"]);
        let metas = [
            tensor(Dtype::F32, &[2, 3]),
            tensor(Dtype::F32, &[]),
            tensor(Dtype::Bf16, &[3]),
            tensor(Dtype::I64, &[2]),
            tensor(Dtype::Bool, &[2]),
            tensor(Dtype::F64, &[0, 4]),
        ];
        let metadata = vec![
            ("format".to_owned(), "pt".to_owned()),
            ("line\n".to_owned(), "\u{2028}\"".to_owned()),
        ];
        let layout = Layout::new(names.clone(), metas.to_vec(), metadata.clone()).unwrap();
        let bytes = |i: usize| &data[..metas[i].bytes() as usize];
        for sync in [true, false] {
            let mut order = layout.order().iter();
            layout
                .write(&path, sync, || Ok(bytes(*order.next().expect("one for each"))))
                .unwrap();
            assert!(order.next().is_none());
            let file = SafetensorsFile::read(&path).unwrap();
            assert_eq!(file.header().metadata, metadata);
            let read: Vec<&str> = file.header().entries.iter().map(|e| e.name.as_str()).collect();
            assert_eq!(read, ["i", "empty", "a", "b", "half \"ü\"", "flag"]);
            for (i, (name, meta)) in names.iter().zip(&metas).enumerate() {
                let entry = file.entry(name).unwrap();
                let raw = file.tensor(entry).unwrap();
                assert_eq!(
                    (raw.dtype, &raw.shape[..], &raw.bytes[..]),
                    (meta.dtype, meta.shape.dims(), bytes(i))
                );
                assert_eq!(entry.begin % meta.dtype.size(), 0, "{name}");
            }
            // The format's own crate reads it too.
            let whole = std::fs::read(&path).unwrap();
            assert_eq!(::safetensors::SafeTensors::deserialize(&whole).unwrap().len(), 6);
        }
        // A failure leaves the file as it was.
        let before = std::fs::read(&path).unwrap();
        for wrong in [Ok(vec![0u8; 3]), Err(Error::new(Code::Aborted, "on purpose"))] {
            let code = wrong.as_ref().map_or_else(Error::code, |_| Code::Internal);
            let mut wrong = Some(wrong);
            let failed = layout.write(&path, true, || wrong.take().expect("it ends at the first"));
            assert_eq!(failed.unwrap_err().code(), code);
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn names_that_cannot_be_written_are_refused() {
        let two = [tensor(Dtype::F32, &[1]), tensor(Dtype::F32, &[1])];
        let twice = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        for (names, metadata) in [
            (names(["a", "a"]), vec![]),
            (names(["b", "__metadata__"]), vec![]),
            (names(["a", "b"]), twice),
        ] {
            assert_eq!(
                Layout::new(names, two.to_vec(), metadata).unwrap_err().code(),
                Code::Option
            );
        }
    }
}
