//! From the heap of a pickle to what JavaScript builds its objects of.

use std::fmt::Write;

use crate::error::Result;
use crate::io::torch::globals::{DTYPES, Global};
use crate::io::torch::limits;
use crate::io::torch::value::{Heap, Node, Value};

/// The object of a file as JSON, and the tensors in it.
///
/// `{"nodes": [kind, [value…], kind, [value…], …], "root": value}`; kinds are `l` (list or tuple), `o` (dict with texts as keys, as key, value, key, value, …) and `m` (any
/// other dict). A node follows all nodes in it. Values are JSON's own, and `{"n": node}`, `{"t": tensor}`,
/// `{"f": "NaN"}`, `{"i": "0x…"}` (two's complement) with the number of bytes in `b`.
pub(super) struct Tree {
    pub json: String,
    /// Views of the heap, by the numbers that the JSON uses.
    pub views: Vec<u32>,
    /// Tensors that stand in the outermost dict under a text, with their number.
    pub named: Vec<(String, usize)>,
}

/// Flattens what the root reaches.
///
/// # Errors
/// [`Code::Format`](crate::Code::Format) for what is nested too deep, contains itself, unfolds into too much or is no plain value.
pub(super) fn flatten(heap: &Heap<'_>, root: Value) -> Result<Tree> {
    let mut walk = Walk {
        heap,
        json: String::from("{\"nodes\":["),
        seen: vec![Seen::default(); heap.nodes.len()],
        written: 0,
        numbers: vec![None; heap.views.len()],
        views: Vec::new(),
    };
    walk.nodes(root)?;
    walk.json.push_str("],\"root\":");
    walk.value(root)?;
    walk.json.push('}');
    let named = walk.named(root);
    Ok(Tree {
        json: walk.json,
        views: walk.views,
        named,
    })
}

#[derive(Clone, Copy, Default)]
struct Seen {
    state: State,
    /// The node's number in the JSON.
    number: u32,
    height: u16,
    /// Keys and values in it, including those of its nodes, counted wherever they are used.
    expanded: u32,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    New,
    Open,
    Done,
}

struct Walk<'h, 'a> {
    heap: &'h Heap<'a>,
    json: String,
    seen: Vec<Seen>,
    written: u32,
    numbers: Vec<Option<u32>>,
    views: Vec<u32>,
}

impl Walk<'_, '_> {
    fn children(&self, node: u32) -> usize {
        match &self.heap.nodes[node as usize] {
            Node::List(items) | Node::Tuple(items) => items.len(),
            Node::Dict(pairs) => pairs.len(),
        }
    }

    /// A child; the keys of dicts are not nodes.
    fn child(&self, node: u32, at: usize) -> Value {
        match &self.heap.nodes[node as usize] {
            Node::List(items) | Node::Tuple(items) => items[at],
            Node::Dict(pairs) => pairs[at].1,
        }
    }

    /// Writes each node that the root reaches once, the inner ones first. No recursion: the path is a list.
    fn nodes(&mut self, root: Value) -> Result<()> {
        let Value::Node(root) = root else { return Ok(()) };
        let mut path = vec![(root, 0)];
        self.seen[root as usize].state = State::Open;
        while let Some((node, at)) = path.last_mut() {
            let node = *node;
            if *at == self.children(node) {
                path.pop();
                self.finish(node)?;
                continue;
            }
            let child = self.child(node, *at);
            *at += 1;
            let Value::Node(child) = child else { continue };
            match self.seen[child as usize].state {
                State::Done => {}
                State::Open => return Err(self.heap.bad("a list or dict contains itself")),
                State::New => {
                    if path.len() >= limits::DEPTH {
                        return Err(self.too_deep());
                    }
                    self.seen[child as usize].state = State::Open;
                    path.push((child, 0));
                }
            }
        }
        Ok(())
    }

    fn too_deep(&self) -> crate::Error {
        self.heap
            .bad("lists and dicts are nested too deep")
            .expected(format!("at most {} levels", limits::DEPTH))
            .received("more")
    }

    fn finish(&mut self, node: u32) -> Result<()> {
        let is_dict = matches!(self.heap.nodes[node as usize], Node::Dict(_));
        let (mut height, mut expanded) = (0, 1u32);
        for at in 0..self.children(node) {
            expanded = expanded.saturating_add(if is_dict { 2 } else { 1 });
            if let Value::Node(child) = self.child(node, at) {
                let inner = self.seen[child as usize];
                height = height.max(inner.height);
                expanded = expanded.saturating_add(inner.expanded);
            }
        }
        if usize::from(height) >= limits::DEPTH {
            return Err(self.too_deep());
        }
        if expanded as usize > limits::EXPANDED {
            return Err(self.heap.too_many(
                "values, each shared list and dict counted at every use,",
                limits::EXPANDED,
            ));
        }
        if self.written as usize >= limits::CONTAINERS {
            return Err(self.heap.too_many("lists and dicts in its object", limits::CONTAINERS));
        }
        self.seen[node as usize] = Seen {
            state: State::Done,
            number: self.written,
            height: height + 1,
            expanded,
        };
        self.written += 1;
        self.write(node)
    }

    fn check_length(&self) -> Result<()> {
        let most = limits::json_bytes(self.heap.bytes.len());
        if self.json.len() > most {
            return Err(self.heap.too_many("bytes of texts, each counted at every use,", most));
        }
        Ok(())
    }

    fn write(&mut self, node: u32) -> Result<()> {
        if self.written > 1 {
            self.json.push(',');
        }
        let heap = self.heap;
        match &heap.nodes[node as usize] {
            Node::List(items) | Node::Tuple(items) => {
                self.json.push_str("\"l\",[");
                for (i, item) in items.iter().enumerate() {
                    self.comma(i);
                    self.value(*item)?;
                }
            }
            Node::Dict(pairs) => {
                let plain = pairs
                    .iter()
                    .all(|(key, _)| matches!(key, Value::Str(_) | Value::Text(_)));
                self.json.push_str(if plain { "\"o\",[" } else { "\"m\",[" });
                for (i, (key, value)) in pairs.iter().enumerate() {
                    self.comma(i);
                    self.value(*key)?;
                    self.json.push(',');
                    self.value(*value)?;
                }
            }
        }
        self.json.push(']');
        Ok(())
    }

    fn value(&mut self, value: Value) -> Result<()> {
        self.check_length()?;
        let heap = self.heap;
        match value {
            Value::None => self.json.push_str("null"),
            Value::Bool(b) => self.json.push_str(if b { "true" } else { "false" }),
            Value::Int(n) if n.unsigned_abs() < 1 << 53 => self.put(format_args!("{n}")),
            Value::Int(n) => self.put(format_args!("{{\"i\":\"0x{n:x}\",\"b\":8}}")),
            Value::Big(piece) => {
                self.json.push_str("{\"i\":\"0x");
                for byte in heap.piece(piece).iter().rev() {
                    self.put(format_args!("{byte:02x}"));
                }
                self.put(format_args!("\",\"b\":{}}}", piece.len));
            }
            // JSON has no name for the others; -0 keeps its sign.
            Value::Float(x) if x.is_finite() => self.put(format_args!("{x:?}")),
            Value::Float(x) if x.is_nan() => self.json.push_str("{\"f\":\"NaN\"}"),
            Value::Float(x) => self.json.push_str(if x > 0.0 {
                "{\"f\":\"Infinity\"}"
            } else {
                "{\"f\":\"-Infinity\"}"
            }),
            Value::Str(_) | Value::Text(_) => self.text(heap.str(value).unwrap_or_default()),
            Value::Global(Global::Dtype(at)) => self.put(format_args!("\"torch.{}\"", DTYPES[usize::from(at)].0)),
            Value::Node(at) => {
                let number = self.seen[at as usize].number;
                self.put(format_args!("{{\"n\":{number}}}"));
            }
            Value::Tensor(at) => {
                let number = self.tensor(at);
                self.put(format_args!("{{\"t\":{number}}}"));
            }
            Value::Storage(_) | Value::Global(_) => {
                return Err(heap
                    .bad("the object holds something that is no plain value")
                    .expected("tensors, numbers, texts, lists and dicts")
                    .received(heap.kind(value)));
            }
        }
        Ok(())
    }

    fn comma(&mut self, i: usize) {
        if i > 0 {
            self.json.push(',');
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.json.write_fmt(text).expect("a String takes all that is written");
    }

    fn text(&mut self, text: &str) {
        let quoted = serde_json::to_string(text).expect("a text is JSON");
        self.json.push_str(&quoted);
    }

    fn tensor(&mut self, view: u32) -> u32 {
        *self.numbers[view as usize].get_or_insert_with(|| {
            self.views.push(view);
            self.views.len() as u32 - 1
        })
    }

    fn named(&self, root: Value) -> Vec<(String, usize)> {
        let Value::Node(root) = root else { return Vec::new() };
        let Node::Dict(pairs) = &self.heap.nodes[root as usize] else {
            return Vec::new();
        };
        let entry = |(key, value): &(Value, Value)| match value {
            Value::Tensor(view) => Some((self.heap.str(*key)?.to_owned(), self.numbers[*view as usize]? as usize)),
            _ => None,
        };
        pairs.iter().filter_map(entry).collect()
    }
}
