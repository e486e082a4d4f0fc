//! The forms of a torch file: the zip archive of torch 1.6 and later, and the row of pickles before it.

use std::ops::Range;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::torch::pickle::{self, Outcome};
use crate::io::torch::value::{DAMAGED, Heap, Node, Value};
use crate::io::torch::zip::Archive;

/// What a file holds: its object, and where the bytes of each storage lie in the file.
pub(super) struct Loaded<'a> {
    pub root: Value,
    pub heap: Heap<'a>,
    pub storages: Vec<Range<usize>>,
    pub is_big_endian: bool,
}

/// Reads the form of torch 1.6 and later: `data.pkl`, a record for each storage, `byteorder`.
pub(super) fn zip<'a>(bytes: &'a [u8], file: &'a str) -> Result<Loaded<'a>> {
    let archive = Archive::open(bytes, file)?;
    let bad = |what: &str| Error::new(Code::Format, format!("{file}: {what}"));
    let Some(pickle) = archive.record("data.pkl") else {
        return Err(bad("not a torch file")
            .expected("an archive with data.pkl in its first folder")
            .received("a zip archive without it")
            .hint(DAMAGED));
    };
    if archive.record("constants.pkl").is_some() {
        return Err(Error::new(Code::Unsupported, format!("{file}: a TorchScript program"))
            .expected("a checkpoint of torch.save")
            .received("an archive of torch.jit.save")
            .hint("save its state dict in Python: torch.save(model.state_dict(), path)"));
    }
    let is_big_endian = match archive.record("byteorder").map(|range| &bytes[range]) {
        None | Some(b"little") => false,
        Some(b"big") => true,
        Some(_) => return Err(bad("the byte order is neither little nor big").hint(DAMAGED)),
    };
    let Outcome { root, heap, .. } = pickle::run(&bytes[pickle], file)?;
    let mut storages = Vec::with_capacity(heap.storages.len());
    for storage in &heap.storages {
        let Some(range) = archive.record(&format!("data/{}", storage.key)) else {
            return Err(heap
                .bad(format!("the numbers of storage {:?} are missing", storage.key))
                .expected(format!(
                    "the record {}/data/{} in the archive",
                    archive.folder, storage.key
                )));
        };
        check_length(&heap, storages.len(), range.len())?;
        storages.push(range);
    }
    Ok(Loaded {
        root,
        heap,
        storages,
        is_big_endian,
    })
}

fn check_length(heap: &Heap<'_>, storage: usize, bytes: usize) -> Result<()> {
    let storage = &heap.storages[storage];
    if storage.bytes() == bytes {
        return Ok(());
    }
    Err(heap
        .bad(format!(
            "storage {:?} has another size than the pickle says",
            storage.key
        ))
        .expected(format!("{} bytes", storage.bytes()))
        .received(format!("{bytes} bytes")))
}

/// 0x1950a86a20f9469cfc6c, the first pickle of a legacy file.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_PROTOCOL: i64 = 1001;

/// Reads the form before torch 1.6: pickles of a magic number, a version, facts about the machine, the object and the list of storages; then
/// the storages, each behind its number of elements. They are little-endian on every machine.
pub(super) fn legacy<'a>(bytes: &'a [u8], file: &'a str) -> Result<Loaded<'a>> {
    let magic = pickle::run(bytes, file)?;
    let is_magic = matches!(magic.root, Value::Big(piece) if magic.heap.piece(piece) == MAGIC);
    if !is_magic {
        return Err(magic
            .heap
            .bad("a Python pickle, but no torch file")
            .expected("the magic number of torch.save")
            .received(magic.heap.kind(magic.root)));
    }
    let mut at = magic.end;
    let version = next(bytes, &mut at, file)?;
    if version.root != Value::Int(LEGACY_PROTOCOL) {
        return Err(version
            .heap
            .bad("a torch file of an unknown version")
            .expected("version 1001"));
    }
    let machine = next(bytes, &mut at, file)?;
    if machine.heap.kind(machine.root) != "a dict" {
        return Err(machine.heap.bad("the facts about the machine are no dict"));
    }
    let Outcome { root, heap, .. } = next(bytes, &mut at, file)?;
    let keys = next(bytes, &mut at, file)?;
    let storages = legacy_storages(bytes, at, &heap, &keys)?;
    Ok(Loaded {
        root,
        heap,
        storages,
        is_big_endian: false,
    })
}

fn next<'a>(bytes: &'a [u8], at: &mut usize, file: &'a str) -> Result<Outcome<'a>> {
    let outcome = pickle::run(&bytes[*at..], file)?;
    *at += outcome.end;
    Ok(outcome)
}

/// Where each storage lies. The list must name each of them once, and no others.
fn legacy_storages(bytes: &[u8], mut at: usize, heap: &Heap<'_>, keys: &Outcome<'_>) -> Result<Vec<Range<usize>>> {
    let listed = match keys.root {
        Value::Node(node) => match &keys.heap.nodes[node as usize] {
            Node::List(items) => items,
            _ => return Err(heap.bad("the list of storages is no list")),
        },
        _ => return Err(heap.bad("the list of storages is no list")),
    };
    let mut ranges = vec![None; heap.storages.len()];
    for key in listed {
        let known = keys.heap.str(*key).and_then(|key| heap.by_key.get(key));
        let Some(&number) = known else {
            return Err(heap.bad("the list of storages names one that no tensor has"));
        };
        let storage = &heap.storages[number as usize];
        let cut = || heap.bad(format!("the file ends before the numbers of storage {:?}", storage.key));
        let head = bytes.get(at..at.saturating_add(8)).ok_or_else(cut)?;
        let numel = u64::from_le_bytes(head.try_into().expect("8 bytes"));
        if numel != storage.numel as u64 {
            return Err(heap
                .bad(format!(
                    "storage {:?} has another size than the pickle says",
                    storage.key
                ))
                .expected(format!("{} elements", storage.numel))
                .received(format!("{numel} elements")));
        }
        let begin = at + 8;
        at = begin
            .checked_add(storage.bytes())
            .filter(|&end| end <= bytes.len())
            .ok_or_else(cut)?;
        if ranges[number as usize].replace(begin..at).is_some() {
            return Err(heap.bad("the list of storages names one twice"));
        }
    }
    if at != bytes.len() {
        return Err(heap
            .bad("bytes at the end belong to no storage")
            .expected(format!("{at} bytes"))
            .received(format!("{} bytes", bytes.len())));
    }
    let missing = || heap.bad("the list of storages lacks one that a tensor has");
    ranges.into_iter().map(|range| range.ok_or_else(missing)).collect()
}
