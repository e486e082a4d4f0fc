//! The head of a safetensors file: a strict reader.
//!
//! Layout: 8 bytes with the length N of the header (little-endian), N bytes of JSON, then the tensors' bytes without
//! gaps. The format's own crate reads headers too, but lets duplicate names through and its errors do not say where;
//! both matter here, because these files come from strangers.
//!
//! Source: the format's description in the safetensors repository.

use std::cell::RefCell;
use std::fmt;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::header_json::parse_header;

pub use crate::io::header_json::{Entry, Header};

/// Longest header that the format allows, in bytes.
pub const MAX_HEADER_BYTES: usize = 100_000_000;

const LENGTH_BYTES: usize = 8;

impl Header {
    /// Reads and checks the head of `bytes`, a whole file; `file` names it in errors.
    ///
    /// # Errors
    /// [`Code::Format`] when anything is not as the format says: a bad length, bad JSON, an unknown dtype, a name twice,
    /// a byte count that is not shape times element size, tensors that overlap, leave gaps or reach past the file, bytes
    /// that belong to no tensor. [`Code::Unsupported`] for dtypes that the format knows and this library does not.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Header> {
        let json = header_json(bytes, file)?;
        let current = RefCell::new(String::new());
        let mut header = parse_header(json, &current).map_err(|error| json_error(file, &current.borrow(), &error))?;
        let data_start = LENGTH_BYTES + json.len();
        for entry in &mut header.entries {
            check_size(entry, file)?;
        }
        check_layout(&header.entries, bytes.len() - data_start, file)?;
        for entry in &mut header.entries {
            entry.begin += data_start;
            entry.end += data_start;
        }
        Ok(header)
    }
}

fn format_error(file: &str, what: impl fmt::Display) -> Error {
    Error::new(Code::Format, format!("{file}: {what}"))
}

const DAMAGED: &str = "the file is damaged or incomplete: download or save it again";

/// The JSON text of the header, after every check that needs no JSON.
fn header_json<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str> {
    if let Some(error) = other_format(bytes, file) {
        return Err(error);
    }
    let Some(length) = bytes.get(..LENGTH_BYTES) else {
        return Err(format_error(file, "too short for a weight file")
            .expected("at least 8 bytes, the length of the header")
            .received(format!("{} bytes", bytes.len()))
            .hint(DAMAGED));
    };
    let length = u64::from_le_bytes(length.try_into().expect("a slice of 8 bytes"));
    if length > MAX_HEADER_BYTES as u64 {
        return Err(format_error(file, "the header is longer than the format allows")
            .expected(format!("at most {MAX_HEADER_BYTES} bytes"))
            .received(format!("{length} bytes"))
            .hint("this is probably not a safetensors file"));
    }
    let end = LENGTH_BYTES + length as usize;
    let Some(header) = bytes.get(LENGTH_BYTES..end) else {
        return Err(format_error(file, "the file ends inside its header")
            .expected(format!("{end} bytes or more"))
            .received(format!("{} bytes", bytes.len()))
            .hint(DAMAGED));
    };
    let text = std::str::from_utf8(header).map_err(|e| {
        format_error(file, "the header is not UTF-8")
            .expected("JSON in UTF-8")
            .received(format!("a bad byte at {}", LENGTH_BYTES + e.valid_up_to()))
            .hint(DAMAGED)
    })?;
    if !text.starts_with('{') {
        return Err(format_error(file, "the header is not a JSON object")
            .expected("a header that begins with '{'")
            .received(match text.chars().next() {
                Some(c) => format!("{c:?}"),
                None => "an empty header".to_owned(),
            })
            .hint("this is probably not a safetensors file"));
    }
    Ok(text)
}

/// Says what the file is when it is plainly something else.
fn other_format(bytes: &[u8], file: &str) -> Option<Error> {
    let (received, hint) = match bytes {
        [b'P', b'K', 3, 4, ..] => (
            "a zip archive, as torch.save writes it",
            "load() reads it; its header is no safetensors header",
        ),
        [0x80, 2..=5, b'}' | b'c' | b'(' | b']' | b'\x8a' | b'\x95', ..] => (
            "a Python pickle",
            "load() reads it; its header is no safetensors header",
        ),
        [b'G', b'G', b'U', b'F', ..] => ("a GGUF file", "load it under its own name (.gguf)"),
        _ if bytes.starts_with(b"version https://git-lfs") => (
            "a Git LFS pointer, a few lines of text in place of the file",
            "run `git lfs pull` in its repository",
        ),
        _ if bytes.starts_with(b"<!DOCTYPE") || bytes.starts_with(b"<html") => {
            ("an HTML page", "the download went wrong: fetch the file itself")
        }
        _ => return None,
    };
    Some(
        format_error(file, "not a weight file")
            .expected("a safetensors file, or one of torch.save")
            .received(received)
            .hint(hint),
    )
}

fn json_error(file: &str, tensor: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let part = if tensor.is_empty() {
        "the header".to_owned()
    } else {
        format!("{tensor} in the header")
    };
    let code = if text.contains("is not supported") {
        Code::Unsupported
    } else {
        Code::Format
    };
    Error::new(code, format!("{file}: {part} is not as the format says"))
        .expected("names with dtype, shape and two data_offsets, and __metadata__ of strings")
        .received(text)
        .hint("write the file again with a safetensors library")
}

fn describe(entry: &Entry) -> String {
    format!(
        "{:?} is {} {:?} at bytes {}..{}",
        entry.name,
        entry.dtype.name(),
        entry.shape,
        entry.begin,
        entry.end
    )
}

fn check_size(entry: &Entry, file: &str) -> Result<()> {
    let numel = entry.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let size = numel.and_then(|n| n.checked_mul(entry.dtype.size()));
    let Some(size) = size else {
        return Err(
            format_error(file, format!("the shape of {:?} is too large", entry.name))
                .expected("a size that fits 64 bits")
                .received(describe(entry))
                .hint(DAMAGED),
        );
    };
    if entry.begin.checked_add(size) != Some(entry.end) && !cfg!(feature = "planted") {
        return Err(
            format_error(file, format!("the bytes of {:?} do not fit its shape", entry.name))
                .expected(format!("{size} bytes"))
                .received(describe(entry))
                .hint(DAMAGED),
        );
    }
    Ok(())
}

/// The tensors must cover the data bytes from the first to the last: no gap, no overlap, nothing left over.
fn check_layout(entries: &[Entry], data_bytes: usize, file: &str) -> Result<()> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_unstable_by_key(|e| (e.begin, e.end));
    let mut at = 0;
    for entry in order {
        if entry.begin != at {
            let what = if entry.begin < at {
                "shares bytes with another tensor"
            } else {
                "leaves a gap before it"
            };
            return Err(format_error(file, format!("{:?} {what}", entry.name))
                .expected(format!("a tensor that begins at data byte {at}"))
                .received(describe(entry))
                .hint(DAMAGED));
        }
        at = entry.end;
        if at > data_bytes {
            return Err(
                format_error(file, format!("{:?} reaches past the end of the file", entry.name))
                    .expected(format!("at most {data_bytes} data bytes"))
                    .received(describe(entry))
                    .hint(DAMAGED),
            );
        }
    }
    if at != data_bytes {
        return Err(format_error(file, "bytes at the end belong to no tensor")
            .expected(format!("{at} data bytes"))
            .received(format!("{data_bytes} data bytes"))
            .hint(DAMAGED));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(json: &str, data: usize) -> Vec<u8> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json.as_bytes());
        bytes.extend(std::iter::repeat_n(7u8, data));
        bytes
    }

    fn refused(json: &str, data: usize) -> Error {
        Header::parse(&file(json, data), "x.safetensors").unwrap_err()
    }

    #[test]
    fn entries_keep_the_order_of_the_header_and_count_from_the_file_start() {
        let json = r#"{"__metadata__":{"z":"1","a":"2"},"b":{"dtype":"F32","shape":[2],"data_offsets":[2,10]},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}"#;
        let header = Header::parse(&file(json, 10), "x").unwrap();
        let names: Vec<&str> = header.entries.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(header.entries[1].begin, 8 + json.len());
        assert_eq!(
            header.metadata,
            [("z".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())]
        );
    }

    #[test]
    fn a_bad_entry_is_refused_and_named() {
        let entry =
            |body: &str| format!(r#"{{"good":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},"bad":{{{body}}}}}"#);
        for body in [
            r#""dtype":"F32","shape":[2,2],"data_offsets":[0,12]"#,
            r#""dtype":"F32","shape":[2,2],"data_offsets":[4,20]"#,
            r#""dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,16]"#,
            r#""dtype":"F32","shape":[-2],"data_offsets":[0,16]"#,
            r#""dtype":"F32","shape":[2.0],"data_offsets":[0,16]"#,
            r#""dtype":"F32","shape":[4],"data_offsets":[0,16,32]"#,
            r#""dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551616]"#,
            r#""dtype":"Q9","shape":[4],"data_offsets":[0,16]"#,
            r#""shape":[4],"data_offsets":[0,16]"#,
            r#""dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]"#,
        ] {
            let error = refused(&entry(body), 16);
            assert_eq!(error.code(), Code::Format, "{body}");
            assert!(error.to_string().contains("\"bad\""), "{body}: {error}");
            assert!(error.to_string().contains("x.safetensors"), "{body}: {error}");
        }
    }

    #[test]
    fn a_known_dtype_that_is_not_supported_says_so() {
        let error = refused(r#"{"w":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#, 4);
        assert_eq!(error.code(), Code::Unsupported);
        assert!(
            error.to_string().contains("\"w\"") && error.to_string().contains("F8_E4M3"),
            "{error}"
        );
    }

    #[test]
    fn a_name_twice_is_refused_even_where_the_bytes_fit() {
        let json = r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
        assert!(refused(json, 4).to_string().contains("twice"));
        assert!(
            refused(r#"{"__metadata__":{"k":"1","k":"2"}}"#, 0)
                .to_string()
                .contains("twice")
        );
    }

    #[test]
    fn metadata_must_be_strings() {
        for metadata in [
            "{\"x\":NaN}",
            "{\"x\":3}",
            "{\"x\":{\"y\":\"z\"}}",
            "[\"x\"]",
            "{\"x\":null}",
        ] {
            let error = refused(&format!("{{\"__metadata__\":{metadata}}}"), 0);
            assert_eq!(error.code(), Code::Format, "{metadata}");
            assert!(error.to_string().contains("__metadata__"), "{error}");
        }
    }

    #[test]
    fn metadata_may_be_null() {
        let json = r#"{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
        let header = Header::parse(&file(json, 1), "x").unwrap();
        assert!(header.metadata.is_empty() && header.entries.len() == 1);
    }

    #[test]
    fn other_formats_are_named() {
        for (bytes, word) in [
            (&b"PK\x03\x04rest of it"[..], "zip"),
            (&b"\x80\x02}q\x00."[..], "pickle"),
            (&b"GGUF\x03\0\0\0"[..], "GGUF"),
            (&b"version https://git-lfs.github.com/spec/v1\n"[..], "git lfs pull"),
        ] {
            let error = Header::parse(bytes, "x").unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
