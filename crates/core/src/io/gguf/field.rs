//! Metadata of a file: typed values that stay in its bytes until they are asked for.

use std::ops::Range;

use serde_json::Value;

use super::cursor::Cursor;
use crate::error::{Error, Result};

/// Type of a value, by its number in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the format's own and say it all")]
pub enum FieldType {
    U8 = 0,
    I8 = 1,
    U16 = 2,
    I16 = 3,
    U32 = 4,
    I32 = 5,
    F32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    U64 = 10,
    I64 = 11,
    F64 = 12,
}

const ALL: [FieldType; 13] = [
    FieldType::U8,
    FieldType::I8,
    FieldType::U16,
    FieldType::I16,
    FieldType::U32,
    FieldType::I32,
    FieldType::F32,
    FieldType::Bool,
    FieldType::String,
    FieldType::Array,
    FieldType::U64,
    FieldType::I64,
    FieldType::F64,
];

impl FieldType {
    fn from_number(number: u32) -> Option<FieldType> {
        ALL.get(number as usize).copied()
    }

    /// Name as TypeScript has it.
    pub fn name(self) -> &'static str {
        [
            "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64",
        ][self as usize]
    }

    /// The type with this name; arrays have none of their own.
    pub fn from_name(name: &str) -> Option<FieldType> {
        ALL.into_iter().find(|t| t.name() == name && *t != FieldType::Array)
    }

    /// Bytes of a value; of a text at least.
    pub(super) fn size(self) -> usize {
        [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8][self as usize]
    }
}

/// A value, or a list of values of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Type of the value, or of each value of the list.
    pub kind: FieldType,
    /// How many a list has; none for a single value.
    pub count: Option<usize>,
    /// Where the values are in the file.
    range: Range<usize>,
}

impl Field {
    /// Checks the value at the cursor and steps over it.
    pub(super) fn parse(cursor: &mut Cursor<'_>, key: &str) -> Result<Field> {
        let what = format!("the field {key:?}");
        let kind = read_type(cursor, &what)?;
        if kind != FieldType::Array {
            let start = cursor.position();
            check_value(cursor, kind, &what)?;
            let range = start..cursor.position();
            return Ok(Field {
                kind,
                count: None,
                range,
            });
        }
        let kind = read_type(cursor, &what)?;
        if kind == FieldType::Array {
            return Err(cursor
                .error(format!("{what} is a list of lists"))
                .expected("a list of numbers, truth values or texts")
                .received("lists in a list"));
        }
        let count = cursor.count(kind.size(), &format!("the length of {what}"))?;
        let start = cursor.position();
        if matches!(kind, FieldType::String | FieldType::Bool) {
            for _ in 0..count {
                check_value(cursor, kind, &what)?;
            }
        } else {
            cursor.skip((count * kind.size()) as u64, &what)?;
        }
        let range = start..cursor.position();
        let count = Some(count);
        Ok(Field { kind, count, range })
    }

    /// The value as JSON; `bytes` are those of the file. Integers beyond 2^53 and numbers that JSON lacks are texts.
    pub fn json(&self, bytes: &[u8]) -> Value {
        let mut rest = &bytes[self.range.clone()];
        match self.count {
            None => take_json(&mut rest, self.kind),
            Some(count) => (0..count).map(|_| take_json(&mut rest, self.kind)).collect(),
        }
    }

    /// The texts of a field that is a list of texts.
    pub fn texts<'a>(&self, bytes: &'a [u8]) -> Option<Vec<&'a str>> {
        let count = self.count.filter(|_| self.kind == FieldType::String)?;
        let mut rest = &bytes[self.range.clone()];
        Some((0..count).map(|_| take_text(&mut rest)).collect())
    }

    /// The text of a field that is one.
    pub fn text<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        (self.count.is_none() && self.kind == FieldType::String).then(|| take_text(&mut &bytes[self.range.clone()]))
    }

    /// The numbers of a list, as f64; of a single number, one.
    pub fn numbers(&self, bytes: &[u8]) -> Option<Vec<f64>> {
        let mut rest = &bytes[self.range.clone()];
        (0..self.count.unwrap_or(1))
            .map(|_| take_number(&mut rest, self.kind))
            .collect()
    }

    /// A truth value.
    pub fn flag(&self, bytes: &[u8]) -> Option<bool> {
        (self.count.is_none() && self.kind == FieldType::Bool).then(|| bytes[self.range.start] != 0)
    }
}

fn read_type(cursor: &mut Cursor<'_>, what: &str) -> Result<FieldType> {
    let number = cursor.u32(what)?;
    FieldType::from_number(number).ok_or_else(|| unknown_type(cursor, what, number))
}

fn unknown_type(cursor: &Cursor<'_>, what: &str, number: u32) -> Error {
    cursor
        .error(format!("{what} has an unknown type"))
        .expected("a type from 0 to 12")
        .received(number.to_string())
}

fn check_value(cursor: &mut Cursor<'_>, kind: FieldType, what: &str) -> Result<()> {
    match kind {
        FieldType::String => cursor.text(what).map(drop),
        FieldType::Bool => {
            let value = cursor.byte(what)?;
            if value < 2 {
                return Ok(());
            }
            Err(cursor
                .error(format!("{what} is no truth value"))
                .expected("0 or 1")
                .received(value.to_string()))
        }
        _ => cursor.skip(kind.size() as u64, what).map(drop),
    }
}

// What follows reads bytes that `parse` has checked.

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (head, tail) = rest.split_first_chunk().expect("checked when the file was opened");
    *rest = tail;
    *head
}

fn take_text<'a>(rest: &mut &'a [u8]) -> &'a str {
    let len = u64::from_le_bytes(take(rest)) as usize;
    let (head, tail) = rest.split_at(len);
    *rest = tail;
    std::str::from_utf8(head).expect("checked when the file was opened")
}

fn take_number(rest: &mut &[u8], kind: FieldType) -> Option<f64> {
    Some(match kind {
        FieldType::U8 => f64::from(u8::from_le_bytes(take(rest))),
        FieldType::I8 => f64::from(i8::from_le_bytes(take(rest))),
        FieldType::U16 => f64::from(u16::from_le_bytes(take(rest))),
        FieldType::I16 => f64::from(i16::from_le_bytes(take(rest))),
        FieldType::U32 => f64::from(u32::from_le_bytes(take(rest))),
        FieldType::I32 => f64::from(i32::from_le_bytes(take(rest))),
        FieldType::F32 => f64::from(f32::from_le_bytes(take(rest))),
        FieldType::U64 => u64::from_le_bytes(take(rest)) as f64,
        FieldType::I64 => i64::from_le_bytes(take(rest)) as f64,
        FieldType::F64 => f64::from_le_bytes(take(rest)),
        FieldType::Bool | FieldType::String | FieldType::Array => return None,
    })
}

fn take_json(rest: &mut &[u8], kind: FieldType) -> Value {
    const EXACT: u64 = 1 << 53;
    match kind {
        FieldType::String => take_text(rest).into(),
        FieldType::Bool => (take::<1>(rest) == [1]).into(),
        FieldType::U64 => match u64::from_le_bytes(take(rest)) {
            value if value <= EXACT => value.into(),
            value => value.to_string().into(),
        },
        FieldType::I64 => match i64::from_le_bytes(take(rest)) {
            value if value.unsigned_abs() <= EXACT => value.into(),
            value => value.to_string().into(),
        },
        FieldType::F32 | FieldType::F64 => {
            let value = take_number(rest, kind).unwrap_or(f64::NAN);
            let name = if value > 0.0 { "Infinity" } else { "-Infinity" };
            match serde_json::Number::from_f64(value) {
                Some(number) => number.into(),
                None if value.is_nan() => "NaN".into(),
                None => name.into(),
            }
        }
        _ => match take_number(rest, kind) {
            Some(value) => (value as i64).into(),
            None => Value::Null,
        },
    }
}
