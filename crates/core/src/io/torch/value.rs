//! What the pickle machine works with. A value is small and copied; lists, tuples and dicts lie in one heap, so that nothing is
//! nested in memory and dropping needs no recursion.

use std::collections::HashMap;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::file_dtype::FileDtype;
use crate::io::torch::globals::Global;
use crate::io::torch::limits;

/// One value: a scalar, a piece of the pickle's own bytes, or the number of something in the [`Heap`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// UTF-8 text in the pickle.
    Str(Piece),
    /// An integer beyond i64: two's complement, little-endian, in the pickle.
    Big(Piece),
    /// A text that is not in the pickle as it is.
    Text(u32),
    Node(u32),
    Tensor(u32),
    Storage(u32),
    Global(Global),
}

/// Bytes of the pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub at: u32,
    pub len: u32,
}

/// A list, tuple or dict. A dict keeps its pairs in order; of two with the same key the later one counts.
#[derive(Debug)]
pub(super) enum Node {
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
}

/// The storage that tensors are views of.
#[derive(Debug)]
pub(super) struct Storage<'a> {
    /// Name of its record, or its key in the list at the end of a legacy file.
    pub key: &'a str,
    /// Element type; U8 for an untyped one, whose elements are bytes.
    pub dtype: FileDtype,
    pub is_untyped: bool,
    /// Number of elements that the pickle claims.
    pub numel: usize,
}

impl Storage<'_> {
    /// Number of bytes that the pickle claims; the claim was checked not to overflow.
    pub fn bytes(&self) -> usize {
        self.numel * self.dtype.size()
    }
}

/// A tensor: its elements lie in a storage at `offset + Σ index · stride`. Checked to stay inside.
#[derive(Debug)]
pub(super) struct View {
    pub storage: u32,
    pub dtype: FileDtype,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub stride: Vec<usize>,
}

/// All that one pickle made.
pub(super) struct Heap<'a> {
    /// Names the file in errors.
    pub file: &'a str,
    /// The pickle's bytes.
    pub bytes: &'a [u8],
    pub nodes: Vec<Node>,
    pub texts: Vec<String>,
    pub storages: Vec<Storage<'a>>,
    pub by_key: HashMap<&'a str, u32>,
    pub views: Vec<View>,
    items: usize,
}

/// The usual fix.
pub(super) const DAMAGED: &str = "the file is damaged or not a checkpoint: download it or save it again";

impl<'a> Heap<'a> {
    pub fn new(file: &'a str, bytes: &'a [u8]) -> Self {
        Heap {
            file,
            bytes,
            nodes: Vec::new(),
            texts: Vec::new(),
            storages: Vec::new(),
            by_key: HashMap::new(),
            views: Vec::new(),
            items: 0,
        }
    }

    pub fn bad(&self, what: impl std::fmt::Display) -> Error {
        Error::new(Code::Format, format!("{}: {what}", self.file)).hint(DAMAGED)
    }

    pub fn unsupported(&self, what: impl std::fmt::Display, fix: &str) -> Error {
        Error::new(Code::Unsupported, format!("{}: {what}", self.file)).hint(fix)
    }

    /// Puts a container into the heap.
    pub fn add(&mut self, node: Node) -> Result<Value> {
        self.count(match &node {
            Node::List(items) | Node::Tuple(items) => items.len(),
            Node::Dict(pairs) => 2 * pairs.len(),
        })?;
        if self.nodes.len() >= limits::NODES {
            return Err(self.too_many("lists, tuples and dicts", limits::NODES));
        }
        self.nodes.push(node);
        Ok(Value::Node(self.nodes.len() as u32 - 1))
    }

    /// Counts values that go into containers.
    pub fn count(&mut self, more: usize) -> Result<()> {
        self.items += more;
        if self.items > limits::ITEMS {
            return Err(self.too_many("values", limits::ITEMS));
        }
        Ok(())
    }

    pub fn too_many(&self, what: &str, limit: usize) -> Error {
        self.bad(format!("more {what} than a checkpoint has"))
            .expected(format!("at most {limit}"))
            .received("more")
    }

    pub fn text(&mut self, text: String) -> Result<Value> {
        if self.texts.len() >= limits::TEXTS {
            return Err(self.too_many("names of devices", limits::TEXTS));
        }
        self.texts.push(text);
        Ok(Value::Text(self.texts.len() as u32 - 1))
    }

    pub fn piece(&self, piece: Piece) -> &'a [u8] {
        &self.bytes[piece.at as usize..][..piece.len as usize]
    }

    /// The text of a value that is one.
    pub fn str(&self, value: Value) -> Option<&str> {
        match value {
            Value::Str(piece) => std::str::from_utf8(self.piece(piece)).ok(),
            Value::Text(at) => self.texts.get(at as usize).map(String::as_str),
            _ => None,
        }
    }

    /// The text of a value that is a short one: long texts are not read repeatedly.
    pub fn short_str(&self, value: Value) -> Option<&str> {
        match value {
            Value::Str(piece) if piece.len as usize > limits::NAME_BYTES => None,
            _ => self.str(value),
        }
    }

    pub fn tuple(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Node(at) => match &self.nodes[at as usize] {
                Node::Tuple(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a value is, for errors.
    pub fn kind(&self, value: Value) -> &'static str {
        match value {
            Value::None => "None",
            Value::Bool(_) => "a truth value",
            Value::Int(_) | Value::Big(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Str(_) | Value::Text(_) => "a text",
            Value::Tensor(_) => "a tensor",
            Value::Storage(_) => "a storage",
            Value::Global(_) => "a class or function",
            Value::Node(at) => match self.nodes[at as usize] {
                Node::List(_) => "a list",
                Node::Tuple(_) => "a tuple",
                Node::Dict(_) => "a dict",
            },
        }
    }
}
