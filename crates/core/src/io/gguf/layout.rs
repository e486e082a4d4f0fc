//! Writing a file: its header, and where each tensor goes.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::field::FieldType;
use super::types::GgmlType;
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC, MAX_DIMS, MAX_NAME_BYTES};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::file_bytes::io_error;
use crate::io::write::{CANNOT_WRITE, Replaced, Writing, replace};
use crate::meta::Meta;
use crate::storage::Bytes;

/// How a file is laid out: version 3, little-endian, tensors one after the other in the order given.
#[derive(Debug)]
pub struct GgufLayout {
    header: Vec<u8>,
    sizes: Vec<u64>,
}

/// A field to be written: `type` as [`FieldType::name`], with `[]` behind it for a list.
#[derive(Debug, Deserialize)]
struct WrittenField {
    key: String,
    r#type: String,
    value: Value,
}

impl GgufLayout {
    /// The layout of a file with these fields, as the JSON list `[{"key", "type", "value"}, …]`, and tensors. Integers beyond 2^53 and numbers that JSON
    /// lacks are texts in it.
    ///
    /// # Errors
    /// [`Code::Option`] for a field or name that cannot be written, [`Code::Dtype`] for a dtype that files do not have, [`Code::Shape`] for too many dimensions or
    /// rows that are no whole blocks.
    pub fn new(fields: &str, tensors: &[(String, Meta)]) -> Result<GgufLayout> {
        let fields: Vec<WrittenField> = serde_json::from_str(fields)
            .map_err(|e| Error::new(Code::Internal, "metadata of a GGUF file is no list of fields").source(e))?;
        let mut header = MAGIC.to_vec();
        header.extend(3u32.to_le_bytes());
        header.extend((tensors.len() as u64).to_le_bytes());
        header.extend((fields.len() as u64).to_le_bytes());
        let mut keys = HashSet::new();
        for field in &fields {
            if field.key.is_empty() || field.key == ALIGNMENT_KEY || !keys.insert(&field.key) {
                return Err(bad_key(&field.key));
            }
            put_field(&mut header, field)?;
        }
        let sizes = put_tensors(&mut header, tensors)?;
        pad(&mut header, |header| header.len() as u64);
        Ok(GgufLayout { header, sizes })
    }

    /// Size in bytes of each tensor, in the order of the file.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// Writes the file; `next` gives the bytes of the tensors in the order of the file, each in one piece or in several. A reader sees the old file or the whole
    /// new one; with `sync` also after a crash of the system. `finish` is called before the file gets its name. Returns what was there before.
    ///
    /// # Errors
    /// [`Code::File`] when the file cannot be written or a file that bytes lie in has changed; those of `next` and `finish`. The old file is then unchanged.
    pub fn write<B: Bytes>(
        &self,
        path: &Path,
        sync: bool,
        mut next: impl FnMut() -> Result<B>,
        finish: impl FnOnce() -> Result<()>,
    ) -> Result<Replaced> {
        let padded = |size: u64| size.next_multiple_of(DEFAULT_ALIGNMENT);
        let size = self.header.len() as u64 + self.sizes.iter().map(|&size| padded(size)).sum::<u64>();
        let failed = |e: std::io::Error| io_error(CANNOT_WRITE, path, &e);
        replace(path, Writing { sync, size }, |out| {
            out.write_all(&self.header).map_err(failed)?;
            for &size in &self.sizes {
                let mut left = size;
                while left > 0 {
                    left = put_piece(out, &next()?, left, &failed)?;
                }
                let zeros = vec![0; (padded(size) - size) as usize];
                out.write_all(&zeros).map_err(failed)?;
            }
            finish()
        })
    }
}

/// Writes a piece of a tensor; gives what is left of it.
fn put_piece<B: Bytes>(
    out: &mut dyn Write,
    piece: &B,
    left: u64,
    failed: &impl Fn(std::io::Error) -> Error,
) -> Result<u64> {
    let bytes = piece.as_ref();
    let rest = left
        .checked_sub(bytes.len() as u64)
        .filter(|_| !bytes.is_empty())
        .ok_or_else(|| {
            Error::new(Code::Internal, "the bytes of a tensor do not fit its shape")
                .expected(format!("1 to {left} bytes"))
                .received(format!("{} bytes", bytes.len()))
                .hint("please report this")
        })?;
    out.write_all(bytes).map_err(failed)?;
    piece.check()?;
    Ok(rest)
}

fn pad(header: &mut Vec<u8>, len: impl Fn(&Vec<u8>) -> u64) {
    let padded = len(header).next_multiple_of(DEFAULT_ALIGNMENT);
    header.resize(padded as usize, 0);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_field(out: &mut Vec<u8>, field: &WrittenField) -> Result<()> {
    put_text(out, &field.key);
    let (name, is_list) = match field.r#type.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (field.r#type.as_str(), false),
    };
    let kind = FieldType::from_name(name).ok_or_else(|| bad_value(field, &field.value))?;
    if !is_list {
        out.extend((kind as u32).to_le_bytes());
        return put_value(out, kind, field, &field.value);
    }
    let list = field.value.as_array().ok_or_else(|| bad_value(field, &field.value))?;
    out.extend((FieldType::Array as u32).to_le_bytes());
    out.extend((kind as u32).to_le_bytes());
    out.extend((list.len() as u64).to_le_bytes());
    list.iter().try_for_each(|value| put_value(out, kind, field, value))
}

fn put_value(out: &mut Vec<u8>, kind: FieldType, field: &WrittenField, value: &Value) -> Result<()> {
    let bad = || bad_value(field, value);
    // i128 holds every integer of the format; texts are what JSON cannot hold.
    let integer = || match value {
        Value::String(text) => text.parse::<i128>().map_err(|_| bad()),
        value => match (value.as_i64(), value.as_u64()) {
            (Some(n), _) => Ok(i128::from(n)),
            (None, Some(n)) => Ok(i128::from(n)),
            _ => Err(bad()),
        },
    };
    let float = || match value {
        Value::String(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
            text.parse::<f64>().map_err(|_| bad())
        }
        value => value.as_f64().ok_or_else(bad),
    };
    macro_rules! put {
        ($T:ty) => {
            out.extend(<$T>::try_from(integer()?).map_err(|_| bad())?.to_le_bytes())
        };
    }
    match kind {
        FieldType::U8 => put!(u8),
        FieldType::I8 => put!(i8),
        FieldType::U16 => put!(u16),
        FieldType::I16 => put!(i16),
        FieldType::U32 => put!(u32),
        FieldType::I32 => put!(i32),
        FieldType::U64 => put!(u64),
        FieldType::I64 => put!(i64),
        FieldType::F32 => {
            let wide = float()?;
            let narrow = wide as f32;
            if wide.is_finite() && !narrow.is_finite() {
                return Err(bad());
            }
            out.extend(narrow.to_le_bytes());
        }
        FieldType::F64 => out.extend(float()?.to_le_bytes()),
        FieldType::Bool => out.push(u8::from(value.as_bool().ok_or_else(bad)?)),
        FieldType::String => put_text(out, value.as_str().ok_or_else(bad)?),
        FieldType::Array => return Err(bad()),
    }
    Ok(())
}

fn put_tensors(out: &mut Vec<u8>, tensors: &[(String, Meta)]) -> Result<Vec<u64>> {
    let mut names = HashSet::new();
    let mut offset = 0u64;
    let mut sizes = Vec::with_capacity(tensors.len());
    for (name, meta) in tensors {
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains('\0') || !names.insert(name) {
            return Err(Error::new(Code::Option, format!("the tensor name {name:?} cannot be written to a GGUF file"))
                .expected(format!("names that differ, of 1 to {MAX_NAME_BYTES} bytes without a zero byte"))
                .received(format!("{name:?}"))
                .hint("rename the tensor; models and adapters are written under the names of llama.cpp by their own functions"));
        }
        let kind = file_kind(name, meta)?;
        put_text(out, name);
        let dims = meta.shape.dims();
        out.extend((dims.len() as u32).to_le_bytes());
        for &size in dims.iter().rev() {
            out.extend((size as u64).to_le_bytes());
        }
        out.extend(kind.id.to_le_bytes());
        out.extend(offset.to_le_bytes());
        sizes.push(meta.bytes());
        offset += meta.bytes().next_multiple_of(DEFAULT_ALIGNMENT);
    }
    Ok(sizes)
}

/// The type of a tensor in the file, after its shape has been checked.
fn file_kind(name: &str, meta: &Meta) -> Result<GgmlType> {
    let kind = GgmlType::of(meta.dtype).ok_or_else(|| {
        Error::new(Code::Dtype, format!("{name}: a GGUF file holds no {}", meta.dtype))
            .expected(GgmlType::known())
            .received(meta.dtype.name())
            .hint("convert the tensor first, with .to('f32')")
    })?;
    let dims = meta.shape.dims();
    if dims.len() > MAX_DIMS {
        return Err(
            Error::new(Code::Shape, format!("{name}: too many dimensions for a GGUF file"))
                .expected(format!("at most {MAX_DIMS}"))
                .received(meta.shape.to_string())
                .hint("reshape the tensor"),
        );
    }
    if dims.last().copied().unwrap_or(1) % kind.len != 0 {
        return Err(Error::new(Code::Shape, format!("{name}: its rows are no whole blocks of {}", kind.name))
            .expected(format!("a last dimension that is a multiple of {}", kind.len))
            .received(meta.shape.to_string())
            .hint("write it in a type of smaller blocks: q5_0 for q4_k, q8_0 for q6_k, f16 for rows that are no multiple of 32"));
    }
    Ok(kind)
}

fn bad_key(key: &str) -> Error {
    Error::new(
        Code::Option,
        format!("the field {key:?} cannot be written to a GGUF file"),
    )
    .expected(format!(
        "keys that differ and are not empty; {ALIGNMENT_KEY} is written by this library, which knows 32 alone"
    ))
    .received(format!("{key:?}"))
    .hint("leave it out or rename it")
}

fn bad_value(field: &WrittenField, value: &Value) -> Error {
    let mut shown: String = value.to_string().chars().take(80).collect();
    if shown.len() < value.to_string().len() {
        shown.push('…');
    }
    Error::new(Code::Option, format!("the field {:?} cannot be written as {}", field.key, field.r#type))
        .expected("a value that its type holds: u8 to u64, i8 to i64, f32, f64, bool, string, or a list of one of them, such as string[]")
        .received(shown)
        .hint("give the field another type, or another value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Dtype;
    use crate::io::FileBytes;
    use crate::io::gguf::GgufFile;
    use crate::shape::Shape;

    fn meta(dtype: Dtype, shape: &[usize]) -> Meta {
        Meta::new(Shape::new(shape), dtype)
    }

    const FIELDS: &str = r#"[
        {"key":"a.u64","type":"u64","value":"18446744073709551615"},
        {"key":"a.i64","type":"i64","value":"-9223372036854775808"},
        {"key":"a.f32","type":"f32","value":"NaN"},
        {"key":"a.f64","type":"f64[]","value":[1e300,"-Infinity",-0.0]},
        {"key":"a.i8","type":"i8[]","value":[-128,127]},
        {"key":"a.empty","type":"string[]","value":[]},
        {"key":"a.text","type":"string[]","value":["","ü\n"]},
        {"key":"a.flag","type":"bool","value":true}
    ]"#;

    #[test]
    fn what_is_written_is_read_back() {
        let tensors = [
            ("x".to_owned(), meta(Dtype::F32, &[2, 3])),
            ("none".to_owned(), meta(Dtype::F16, &[0, 4])),
            ("scalar".to_owned(), meta(Dtype::F64, &[])),
            ("q".to_owned(), meta(Dtype::Q8_0, &[2, 32])),
        ];
        let layout = GgufLayout::new(FIELDS, &tensors).unwrap();
        assert_eq!(layout.sizes(), [24, 0, 8, 68]);
        let path = std::env::temp_dir().join(format!("loralib-gguf-{}", std::process::id()));
        let pieces: [Vec<u8>; 4] = [vec![1; 20], vec![2; 4], vec![3; 8], vec![4; 68]];
        let mut next = pieces.iter();
        layout
            .write(&path, true, || Ok(next.next().expect("four pieces").clone()), || Ok(()))
            .unwrap();
        let file = GgufFile::from_bytes(FileBytes::map(&path).unwrap()).unwrap();
        let read: Vec<_> = file
            .header()
            .tensors
            .iter()
            .map(|t| (&t.name[..], &t.shape[..], t.begin % 32))
            .collect();
        assert_eq!(
            read,
            [
                ("x", &[2, 3][..], 0),
                ("none", &[0, 4], 0),
                ("scalar", &[], 0),
                ("q", &[2, 32], 0)
            ]
        );
        for (i, want) in [&[1u8, 2][..], &[], &[3], &[4]].into_iter().enumerate() {
            let tensor = file.tensor(i).unwrap();
            assert_eq!(
                (tensor.dtype, tensor.window.bytes().len() as u64),
                (tensors[i].1.dtype, layout.sizes()[i])
            );
            let mut bytes = tensor.window.bytes().to_vec();
            bytes.dedup();
            assert_eq!(bytes, want);
        }
        let json: Value = serde_json::from_str(&file.json().unwrap()).unwrap();
        let want: Vec<WrittenField> = serde_json::from_str(FIELDS).unwrap();
        assert_eq!(json["metadata"].as_object().unwrap().len(), want.len());
        for field in want {
            assert_eq!(json["metadata"][&field.key]["value"], field.value, "{}", field.key);
            assert_eq!(json["metadata"][&field.key]["type"], field.r#type);
        }
        // A failure leaves the file as it was.
        let before = std::fs::read(&path).unwrap();
        let too_long = layout.write(&path, true, || Ok(vec![0u8; 25]), || Ok(()));
        assert_eq!(too_long.unwrap_err().code(), Code::Internal);
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_the_format_cannot_hold_is_refused() {
        let one = |kind: &str, value: &str| format!(r#"[{{"key":"k","type":"{kind}","value":{value}}}]"#);
        for (kind, value) in [
            ("u8", "256"),
            ("i8", "-129"),
            ("u32", "1.5"),
            ("u64", "-1"),
            ("f32", "1e39"),
            ("f32", "\"1\""),
            ("bool", "1"),
            ("string", "1"),
            ("string[]", "\"a\""),
            ("u8[]", "[1,-1]"),
            ("array", "[]"),
            ("u9", "1"),
        ] {
            assert_eq!(
                GgufLayout::new(&one(kind, value), &[]).unwrap_err().code(),
                Code::Option,
                "{kind} {value}"
            );
        }
        for key in ["", ALIGNMENT_KEY] {
            let fields = format!(r#"[{{"key":"{key}","type":"u32","value":32}}]"#);
            assert_eq!(GgufLayout::new(&fields, &[]).unwrap_err().code(), Code::Option);
        }
        let tensor = |name: &str, dtype, shape: &[usize]| {
            let twice = vec![(name.to_owned(), meta(dtype, shape)); if name == "twice" { 2 } else { 1 }];
            GgufLayout::new("[]", &twice).unwrap_err().code()
        };
        assert_eq!(tensor("", Dtype::F32, &[1]), Code::Option);
        assert_eq!(tensor(&"n".repeat(64), Dtype::F32, &[1]), Code::Option);
        assert_eq!(tensor("twice", Dtype::F32, &[1]), Code::Option);
        assert_eq!(tensor("x", Dtype::Bool, &[1]), Code::Dtype);
        assert_eq!(tensor("x", Dtype::F32, &[1, 1, 1, 1, 1]), Code::Shape);
        assert_eq!(tensor("x", Dtype::Q4K, &[2, 128]), Code::Shape);
    }
}
