//! The directory of a zip archive whose records are stored as they are, which is how torch.save writes them. A record is a window of
//! the file; nothing is unpacked, and no name is ever used as a path.
//!
//! Checksums are not compared: torch's own reader does not, and its writer leaves them out on request.
//!
//! Source: PKWARE's APPNOTE 6.3.10.

use std::collections::HashMap;
use std::ops::Range;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::torch::limits;
use crate::io::torch::value::DAMAGED;

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const END64_LOCATOR: &[u8] = b"PK\x06\x07";
const END64_LOCATOR_BYTES: usize = 20;
const END64: &[u8] = b"PK\x06\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The longest comment behind the end record.
const COMMENT: usize = u16::MAX as usize;
/// The extra field with the sizes that do not fit 32 bits.
const ZIP64_EXTRA: u64 = 1;

/// The records of an archive by name.
pub(super) struct Archive<'a> {
    /// Name of the folder that all records lie in.
    pub folder: &'a str,
    records: HashMap<&'a str, Range<usize>>,
}

struct Directory {
    count: usize,
    range: Range<usize>,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    ///
    /// # Errors
    /// [`Code::Format`] when it is damaged, when records overlap or stand in it twice, and [`Code::Unsupported`] when one is compressed or encrypted.
    pub fn open(bytes: &'a [u8], file: &str) -> Result<Self> {
        let bad = |what: &str| bad(file, what);
        let directory = find_directory(bytes, file)?;
        if directory.count > limits::RECORDS {
            return Err(bad("the archive has more records than a checkpoint").received(directory.count.to_string()));
        }
        let mut records = HashMap::new();
        let mut first = None;
        let mut at = directory.range.start;
        for _ in 0..directory.count {
            let entry = Entry::read(bytes, at, file)?;
            at = entry.next;
            if at > directory.range.end {
                return Err(bad("the archive's directory is longer than it says"));
            }
            let range = entry.data(bytes, directory.range.start, file)?;
            first.get_or_insert(entry.name);
            if records.insert(entry.name, range).is_some() {
                return Err(bad("a record stands in the archive twice").received(shown(entry.name)));
            }
        }
        check_overlap(&records, file)?;
        let name = first.ok_or_else(|| bad("the archive is empty"))?;
        Ok(Archive {
            folder: name.split('/').next().unwrap_or_default(),
            records,
        })
    }

    /// Where the record with this name in the archive's folder lies.
    pub fn record(&self, name: &str) -> Option<Range<usize>> {
        self.records.get(format!("{}/{name}", self.folder).as_str()).cloned()
    }
}

fn bad(file: &str, what: &str) -> Error {
    Error::new(Code::Format, format!("{file}: {what}"))
        .expected("a zip archive as torch.save writes it")
        .hint(DAMAGED)
}

fn shown(name: &str) -> String {
    format!("{:?}", name.chars().take(120).collect::<String>())
}

/// A little-endian number of `len` bytes.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    Some(field.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
}

fn size(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    usize::try_from(number(bytes, at, len)?).ok()
}

fn has(bytes: &[u8], at: usize, signature: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(signature))
}

/// Finds the end record, then the directory that it or its 64-bit form points at.
fn find_directory(bytes: &[u8], file: &str) -> Result<Directory> {
    let cut = || bad(file, "the archive has no directory: the file is cut short");
    let last = bytes.len().checked_sub(END_BYTES).ok_or_else(cut)?;
    let is_end = |at: &usize| has(bytes, *at, END) && size(bytes, at + 20, 2) == Some(bytes.len() - at - END_BYTES);
    let end = (last.saturating_sub(COMMENT)..=last)
        .rev()
        .find(is_end)
        .ok_or_else(cut)?;
    let plain = || {
        Some((
            size(bytes, end + 10, 2)?,
            size(bytes, end + 12, 4)?,
            size(bytes, end + 16, 4)?,
            end,
        ))
    };
    let wide = |locator: usize| {
        let at = size(bytes, locator + 8, 8).filter(|&at| at < locator && has(bytes, at, END64))?;
        Some((
            size(bytes, at + 32, 8)?,
            size(bytes, at + 40, 8)?,
            size(bytes, at + 48, 8)?,
            at,
        ))
    };
    let locator = end
        .checked_sub(END64_LOCATOR_BYTES)
        .filter(|&at| has(bytes, at, END64_LOCATOR));
    let found = match locator {
        Some(at) => wide(at),
        None => plain(),
    };
    let (count, length, start, limit) = found.ok_or_else(|| bad(file, "the archive's end record is damaged"))?;
    match start.checked_add(length) {
        Some(stop) if stop <= limit => Ok(Directory {
            count,
            range: start..stop,
        }),
        _ => Err(bad(file, "the archive's directory lies outside the file")),
    }
}

/// One line of the directory.
struct Entry<'a> {
    name: &'a str,
    size: usize,
    local: usize,
    next: usize,
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8], at: usize, file: &str) -> Result<Self> {
        let damaged = || bad(file, "the archive's directory is damaged");
        let field = |offset: usize, len: usize| size(bytes, at + offset, len).ok_or_else(damaged);
        if !has(bytes, at, ENTRY) {
            return Err(damaged());
        }
        let (flags, method) = (field(8, 2)?, field(10, 2)?);
        let (packed, unpacked, local) = (field(20, 4)?, field(24, 4)?, field(42, 4)?);
        let (name_len, extra_len, comment_len) = (field(28, 2)?, field(30, 2)?, field(32, 2)?);
        let name_at = at + ENTRY_BYTES;
        let extra_at = name_at + name_len;
        let next = extra_at + extra_len + comment_len;
        let name = bytes.get(name_at..extra_at).ok_or_else(damaged)?;
        let name = std::str::from_utf8(name).map_err(|_| bad(file, "the name of a record is not UTF-8"))?;
        if flags & 1 != 0 || method != 0 {
            return Err(Error::new(
                Code::Unsupported,
                format!("{file}: a record of the archive is compressed or encrypted"),
            )
            .expected("records stored as they are, as torch.save writes them")
            .received(format!("{}, method {method}", shown(name)))
            .hint("load and save the checkpoint again with torch"));
        }
        let extra = bytes.get(extra_at..extra_at + extra_len).ok_or_else(damaged)?;
        let [unpacked, packed, local] = widen([unpacked, packed, local], extra).ok_or_else(damaged)?;
        if packed != unpacked {
            return Err(bad(file, "a stored record has two sizes").received(shown(name)));
        }
        Ok(Entry {
            name,
            size: unpacked,
            local,
            next,
        })
    }

    /// Where the record's bytes lie: behind its own head, before the directory.
    fn data(&self, bytes: &[u8], directory: usize, file: &str) -> Result<Range<usize>> {
        let damaged = |what: &str| bad(file, what).received(shown(self.name));
        if !has(bytes, self.local, LOCAL) {
            return Err(damaged("a record does not lie where the directory says"));
        }
        let sizes = (size(bytes, self.local + 26, 2), size(bytes, self.local + 28, 2));
        let (Some(name_len), Some(extra_len)) = sizes else {
            return Err(damaged("a record's head is cut short"));
        };
        let name_at = self.local + LOCAL_BYTES;
        if bytes.get(name_at..name_at + name_len) != Some(self.name.as_bytes()) {
            return Err(damaged("a record has another name than the directory says"));
        }
        let begin = name_at + name_len + extra_len;
        match begin.checked_add(self.size) {
            Some(end) if end <= directory || cfg!(feature = "planted") => Ok(begin..end),
            _ => Err(damaged("a record reaches past the end of the file")),
        }
    }
}

/// Replaces each size that says "see the extra field" by the one in it, in order.
fn widen(fields: [usize; 3], extra: &[u8]) -> Option<[usize; 3]> {
    let is_full = |n: usize| n == u32::MAX as usize;
    if !fields.iter().any(|&n| is_full(n)) {
        return Some(fields);
    }
    let mut at = 0;
    while number(extra, at, 2)? != ZIP64_EXTRA {
        at += 4 + size(extra, at + 2, 2)?;
    }
    at += 4;
    let mut wide = fields;
    for field in &mut wide {
        if is_full(*field) {
            *field = size(extra, at, 8)?;
            at += 8;
        }
    }
    Some(wide)
}

/// Records that share bytes are a trick: a small file that unfolds into a large one.
fn check_overlap(records: &HashMap<&str, Range<usize>>, file: &str) -> Result<()> {
    let mut ranges: Vec<(usize, usize)> = records
        .values()
        .filter(|r| !r.is_empty())
        .map(|r| (r.start, r.end))
        .collect();
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(bad(file, "records of the archive overlap"));
    }
    Ok(())
}
