//! The header of a file: its fields and what it says of each tensor, checked against the length of the file.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::cursor::Cursor;
use super::field::{Field, FieldType};
use super::types::GgmlType;
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC, MAX_DIMS};
use crate::error::{Error, Result};

/// What a file says of a tensor.
#[derive(Clone, Debug)]
pub struct GgufTensor {
    /// Its name.
    pub name: String,
    /// Row-major shape: the file's own dimensions in reverse order.
    pub shape: Vec<usize>,
    /// Its type.
    pub kind: GgmlType,
    /// First byte in the file.
    pub begin: usize,
    /// One past its last byte.
    pub end: usize,
}

/// The header of a file. Values of fields stay in the bytes of the file.
#[derive(Debug)]
pub struct GgufHeader {
    /// Version of the format.
    pub version: u32,
    /// Multiple at which tensors begin.
    pub alignment: u64,
    /// Keys and fields, in the order of the file.
    pub fields: Vec<(String, Field)>,
    /// Tensors, in the order of the file.
    pub tensors: Vec<GgufTensor>,
    by_key: HashMap<String, usize>,
}

/// A field takes at least so many bytes: the length of its key, its type and its value.
const FIELD_BYTES: usize = 8 + 4 + 1;

/// A tensor takes at least so many: the length of its name, the number of its dimensions, its type and its offset.
const TENSOR_BYTES: usize = 8 + 4 + 4 + 8;

impl GgufHeader {
    /// Reads the header of a file with these bytes; `file` names it in errors.
    ///
    /// # Errors
    /// [`Code::Format`](crate::code::Code::Format) for whatever the format or the length of the file does not allow: nothing is believed before it is checked.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, file);
        let version = read_version(&mut cursor)?;
        let tensor_count = cursor.count(TENSOR_BYTES, "the number of tensors")?;
        let field_count = cursor.count(FIELD_BYTES, "the number of fields")?;
        let mut fields = Vec::new();
        let mut by_key = HashMap::new();
        for number in 0..field_count {
            let key = cursor.text("the key of a field")?.to_owned();
            let field = Field::parse(&mut cursor, &key)?;
            if by_key.insert(key.clone(), number).is_some() {
                return Err(twice(&cursor, "field", &key));
            }
            fields.push((key, field));
        }
        let alignment = read_alignment(&cursor, bytes, by_key.get(ALIGNMENT_KEY).map(|&i| &fields[i].1))?;
        let tensors = read_tensors(&mut cursor, tensor_count, alignment, bytes.len())?;
        Ok(GgufHeader {
            version,
            alignment,
            fields,
            tensors,
            by_key,
        })
    }

    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.by_key.get(key).map(|&i| &self.fields[i].1)
    }

    /// Version, alignment, tensors and metadata as JSON; `bytes` are those of the file.
    pub fn json(&self, bytes: &[u8]) -> String {
        let tensors: Vec<Value> = self
            .tensors
            .iter()
            .map(|t| {
                let dtype = t.kind.dtype.map(|dtype| dtype.name());
                json!({ "name": t.name, "dtype": dtype, "fileDtype": t.kind.name, "shape": t.shape })
            })
            .collect();
        let metadata: Map<String, Value> = self
            .fields
            .iter()
            .map(|(key, field)| {
                let list = if field.count.is_some() { "[]" } else { "" };
                let kind = format!("{}{list}", field.kind.name());
                (key.clone(), json!({ "type": kind, "value": field.json(bytes) }))
            })
            .collect();
        let (version, alignment) = (self.version, self.alignment);
        json!({ "version": version, "alignment": alignment, "tensors": tensors, "metadata": metadata }).to_string()
    }
}

fn read_version(cursor: &mut Cursor<'_>) -> Result<u32> {
    let magic = cursor.u32("its first bytes")?.to_le_bytes();
    if magic != *MAGIC {
        return Err(cursor
            .error("this is no GGUF file")
            .expected("the first bytes GGUF")
            .received(format!("{:?}", magic.escape_ascii().to_string())));
    }
    let version = cursor.u32("the version")?;
    if matches!(version, 2 | 3) {
        return Ok(version);
    }
    let is_swapped = (1..=0xffff).contains(&version.swap_bytes()) && version > 0xffff;
    let error = if is_swapped {
        cursor.error("this GGUF file is big-endian")
    } else {
        cursor.error("this version of GGUF is not supported")
    };
    Err(error
        .expected("version 2 or 3, little-endian")
        .received(if is_swapped {
            format!("version {} in the other byte order", version.swap_bytes())
        } else {
            format!("version {version}")
        })
        .hint("convert the model again with a current llama.cpp"))
}

fn twice(cursor: &Cursor<'_>, what: &str, name: &str) -> Error {
    cursor
        .error(format!("the {what} {name:?} comes twice"))
        .expected("names that differ")
        .received(format!("{name:?}"))
}

fn read_alignment(cursor: &Cursor<'_>, bytes: &[u8], field: Option<&Field>) -> Result<u64> {
    let Some(field) = field else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    let value = field.json(bytes);
    let number = value
        .as_u64()
        .filter(|n| field.kind == FieldType::U32 && n.is_power_of_two());
    number.ok_or_else(|| {
        cursor
            .error(format!("{ALIGNMENT_KEY} is not an alignment"))
            .expected("a power of two, as u32")
            .received(value.to_string())
    })
}

/// Before the offsets are known to be in the file: name, shape, type, offset from the beginning of the data, bytes.
struct Raw {
    name: String,
    shape: Vec<usize>,
    kind: GgmlType,
    offset: u64,
    len: u64,
}

fn read_tensors(cursor: &mut Cursor<'_>, count: usize, alignment: u64, total: usize) -> Result<Vec<GgufTensor>> {
    let mut names = HashSet::new();
    let mut raw = Vec::new();
    for _ in 0..count {
        let tensor = read_tensor(cursor, alignment)?;
        if !names.insert(tensor.name.clone()) {
            return Err(twice(cursor, "tensor", &tensor.name));
        }
        raw.push(tensor);
    }
    let start = (cursor.position() as u64)
        .checked_next_multiple_of(alignment)
        .unwrap_or(u64::MAX);
    let tensors: Vec<GgufTensor> = raw
        .into_iter()
        .map(|raw| place(cursor, raw, start, total))
        .collect::<Result<_>>()?;
    check_overlap(cursor, &tensors)?;
    Ok(tensors)
}

fn read_tensor(cursor: &mut Cursor<'_>, alignment: u64) -> Result<Raw> {
    let name = cursor.text("the name of a tensor")?.to_owned();
    let what = format!("the tensor {name:?}");
    let dims = cursor.u32(&what)?;
    if dims as usize > MAX_DIMS {
        return Err(cursor
            .error(format!("{what} has too many dimensions"))
            .expected(format!("at most {MAX_DIMS}"))
            .received(dims.to_string()));
    }
    let mut sizes = Vec::with_capacity(MAX_DIMS);
    for _ in 0..dims {
        sizes.push(cursor.u64(&what)?);
    }
    let id = cursor.u32(&what)?;
    let kind = GgmlType::from_id(id).ok_or_else(|| {
        cursor
            .error(format!("{what} has an unknown type"))
            .expected(GgmlType::known())
            .received(format!("type {id}"))
    })?;
    let offset = cursor.u64(&what)?;
    if offset % alignment != 0 {
        return Err(cursor
            .error(format!("{what} is not aligned"))
            .expected(format!("an offset that is a multiple of {alignment}"))
            .received(offset.to_string()));
    }
    let len = byte_len(&sizes, kind).ok_or_else(|| {
        let block = format!("rows of a multiple of {} values for {}", kind.len, kind.name);
        cursor
            .error(format!("{what} has an impossible shape"))
            .expected(format!("sizes whose product can be counted; {block}"))
            .received(format!("{sizes:?}, first the row"))
    })?;
    let shape = sizes
        .iter()
        .rev()
        .map(|&n| usize::try_from(n))
        .collect::<std::result::Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| cursor.error(format!("{what} is too large for this machine")))?;
    Ok(Raw {
        name,
        shape,
        kind,
        offset,
        len,
    })
}

/// Bytes of a tensor; none when rows are no whole blocks, or too many to count.
fn byte_len(sizes: &[u64], kind: GgmlType) -> Option<u64> {
    let numel = sizes
        .iter()
        .try_fold(1u64, |n, &size| n.checked_mul(size))
        .filter(|&n| n <= i64::MAX as u64)?;
    let row = sizes.first().copied().unwrap_or(1);
    if row % kind.len as u64 != 0 {
        return None;
    }
    (numel / kind.len as u64).checked_mul(kind.bytes as u64)
}

fn place(cursor: &Cursor<'_>, raw: Raw, start: u64, total: usize) -> Result<GgufTensor> {
    let begin = start.checked_add(raw.offset);
    let end = begin
        .and_then(|begin| begin.checked_add(raw.len))
        .filter(|&end| end <= total as u64);
    let (Some(begin), Some(end)) = (begin, end) else {
        return Err(cursor
            .error(format!("the tensor {:?} lies outside the file", raw.name))
            .expected(format!("{} bytes at {start} + {}", raw.len, raw.offset))
            .received(format!("a file of {total} bytes")));
    };
    Ok(GgufTensor {
        name: raw.name,
        shape: raw.shape,
        kind: raw.kind,
        begin: begin as usize,
        end: end as usize,
    })
}

/// Tensors that share bytes would let a small file ask for much memory.
fn check_overlap(cursor: &Cursor<'_>, tensors: &[GgufTensor]) -> Result<()> {
    let mut order: Vec<&GgufTensor> = tensors.iter().filter(|t| t.begin < t.end).collect();
    order.sort_by_key(|t| t.begin);
    match order.windows(2).find(|pair| pair[0].end > pair[1].begin) {
        None => Ok(()),
        Some(pair) => Err(cursor
            .error("two tensors share bytes")
            .expected("each tensor at a place of its own")
            .received(format!("{:?} and {:?}", pair[0].name, pair[1].name))),
    }
}
