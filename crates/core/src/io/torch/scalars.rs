//! The part of the pickle machine that reads bytes: numbers, texts, names. A length is compared with what is there before anything is taken.

use crate::error::Result;
use crate::io::torch::limits;
use crate::io::torch::pickle::Machine;
use crate::io::torch::value::{Piece, Value};

impl<'a> Machine<'a> {
    pub(super) fn byte(&mut self) -> Result<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let bytes = self.heap.bytes;
        let Some(taken) = bytes.get(self.at..).and_then(|rest| rest.get(..len)) else {
            return Err(self
                .heap
                .bad("the pickle ends too early")
                .expected(format!("{len} more bytes at byte {}", self.at))
                .received(format!("{} bytes in all", bytes.len())));
        };
        self.at += len;
        Ok(taken)
    }

    pub(super) fn unsigned<const N: usize>(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(self.take(N)?);
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn length<const N: usize>(&mut self) -> Result<usize> {
        // Where it does not fit it is longer than any file, too.
        self.unsigned::<N>().map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    pub(super) fn number(&mut self, op: u8) -> Result<()> {
        let value = match op {
            b'J' => Value::Int(i64::from(self.unsigned::<4>()? as i32)),
            b'K' => Value::Int(self.unsigned::<1>()? as i64),
            b'M' => Value::Int(self.unsigned::<2>()? as i64),
            b'G' => {
                let bytes = self.take(8)?;
                Value::Float(f64::from_be_bytes(bytes.try_into().expect("8 bytes")))
            }
            0x8a => {
                let len = self.length::<1>()?;
                self.integer(len)?
            }
            _ => {
                let len = self.unsigned::<4>()? as i32;
                self.integer(usize::try_from(len).unwrap_or(usize::MAX))?
            }
        };
        self.push(value)
    }

    /// An integer of `len` bytes, two's complement.
    fn integer(&mut self, len: usize) -> Result<Value> {
        if len > limits::INTEGER_BYTES {
            return Err(self
                .heap
                .bad("an integer is longer than any in a checkpoint")
                .expected(format!("at most {} bytes", limits::INTEGER_BYTES))
                .received(if len == usize::MAX {
                    "a negative length".to_owned()
                } else {
                    format!("{len} bytes")
                }));
        }
        let at = self.at as u32;
        let bytes = self.take(len)?;
        if len > 8 {
            return Ok(Value::Big(Piece { at, len: len as u32 }));
        }
        let sign = if bytes.last().is_some_and(|b| b & 0x80 != 0) {
            0xff
        } else {
            0
        };
        let mut wide = [sign; 8];
        wide[..len].copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(wide)))
    }

    pub(super) fn text(&mut self, op: u8) -> Result<()> {
        let len = match op {
            b'X' | b'T' => self.length::<4>()?,
            0x8d => self.length::<8>()?,
            _ => self.length::<1>()?,
        };
        let at = self.at as u32;
        let bytes = self.take(len)?;
        if std::str::from_utf8(bytes).is_err() {
            return Err(self
                .heap
                .bad("a text is not UTF-8")
                .received(format!("{len} bytes at byte {at}")));
        }
        self.push(Value::Str(Piece { at, len: len as u32 }))
    }

    /// A line of ASCII, as GLOBAL has two.
    pub(super) fn line(&mut self) -> Result<&'a str> {
        let rest = &self.heap.bytes[self.at..];
        let Some(len) = rest.iter().position(|&b| b == b'\n') else {
            return Err(self.heap.bad("the pickle ends inside a name"));
        };
        self.at += len + 1;
        std::str::from_utf8(&rest[..len]).map_err(|_| self.heap.bad("a name is not UTF-8"))
    }
}
