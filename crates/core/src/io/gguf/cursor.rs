//! Reading the header of a file, never past its end.

use std::ops::Range;

use crate::code::Code;
use crate::error::{Error, Result};

/// A place in the bytes of a file.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    file: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], file: &'a str) -> Self {
        Cursor { bytes, at: 0, file }
    }

    /// Bytes from the beginning of the file.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Bytes to the end of the file.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// An error about this file.
    pub fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::new(Code::Format, format!("{}: {what}", self.file))
            .hint("the file is damaged, incomplete or no GGUF file: download or write it again")
    }

    /// The next `len` bytes, as a range of the file.
    pub fn skip(&mut self, len: u64, what: &str) -> Result<Range<usize>> {
        let left = self.left();
        match usize::try_from(len).ok().filter(|&len| len <= left) {
            Some(len) => {
                self.at += len;
                Ok(self.at - len..self.at)
            }
            None => Err(self
                .error(format!("the file ends within {what}"))
                .expected(format!("{len} bytes at {}", self.at))
                .received(format!("{left} bytes to the end of the file"))),
        }
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let range = self.skip(N as u64, what)?;
        Ok(self.bytes[range].try_into().expect("a range of N bytes"))
    }

    pub fn byte(&mut self, what: &str) -> Result<u8> {
        self.array(what).map(u8::from_le_bytes)
    }

    pub fn u32(&mut self, what: &str) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub fn u64(&mut self, what: &str) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A text: its length and its bytes, which must be UTF-8. The length is checked before anything is read.
    pub fn text(&mut self, what: &str) -> Result<&'a str> {
        let len = self.u64(what)?;
        let range = self.skip(len, what)?;
        let start = range.start;
        std::str::from_utf8(&self.bytes[range]).map_err(|e| {
            self.error(format!("{what} is not UTF-8"))
                .expected("UTF-8")
                .received(format!("another byte at {}", start + e.valid_up_to()))
        })
    }

    /// A number of things that take at least `least` bytes each, so that no count makes us reserve more than the file could hold.
    pub fn count(&mut self, least: usize, what: &str) -> Result<usize> {
        let count = self.u64(what)?;
        let most = self.left() / least;
        match usize::try_from(count).ok().filter(|&count| count <= most) {
            Some(count) => Ok(count),
            None => Err(self
                .error(format!("{what} is larger than the file allows"))
                .expected(format!("at most {most}: {least} bytes for each"))
                .received(count.to_string())),
        }
    }
}
