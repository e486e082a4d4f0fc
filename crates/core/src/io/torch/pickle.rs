//! The pickle machine: the opcodes that torch.save writes in protocols 2 to 5, and no others.
//!
//! A pickle is a program for a stack machine. This one makes numbers, texts, lists, tuples, dicts and descriptions of tensors; names of
//! Python mean something only when they stand in [`globals`](super::globals), and even those are never called, only interpreted.

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::torch::globals::{self, Global, Known};
use crate::io::torch::memo::Memo;
use crate::io::torch::value::{Heap, Node, Value};
use crate::io::torch::{calls, limits};

/// The opcode before the length of a frame.
pub(super) const FRAME: u8 = 0x95;

/// The result of a pickle: its value, what the value refers to, and where the pickle ended.
pub(super) struct Outcome<'a> {
    pub root: Value,
    pub heap: Heap<'a>,
    pub end: usize,
}

/// Runs the pickle at the start of `bytes`.
///
/// # Errors
/// [`Code::Format`] for everything that torch.save does not write, with the name of the class or function where there is one.
pub(super) fn run<'a>(bytes: &'a [u8], file: &'a str) -> Result<Outcome<'a>> {
    let bytes = &bytes[..bytes.len().min(u32::MAX as usize)];
    let mut machine = Machine {
        heap: Heap::new(file, bytes),
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::default(),
    };
    loop {
        let at = machine.at;
        let op = machine.byte()?;
        if op == b'.' {
            break;
        }
        machine.step(op, at)?;
    }
    let root = machine.pop()?;
    Ok(Outcome {
        root,
        heap: machine.heap,
        end: machine.at,
    })
}

/// The stack machine.
pub(super) struct Machine<'a> {
    pub(super) heap: Heap<'a>,
    /// The next byte of the pickle.
    pub(super) at: usize,
    stack: Vec<Value>,
    /// Heights of the stack at open marks.
    marks: Vec<u32>,
    memo: Memo,
}

impl<'a> Machine<'a> {
    fn step(&mut self, op: u8, at: usize) -> Result<()> {
        match op {
            0x80 => self.protocol(),
            // Frames only tell how much may be read at once.
            FRAME => self.take(8).map(drop),
            b'(' => self.mark(),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'J' | b'K' | b'M' | 0x8a | 0x8b | b'G' => self.number(op),
            b'X' | 0x8c | 0x8d | b'U' | b'T' => self.text(op),
            b'}' => self.make(Node::Dict(Vec::new())),
            b']' => self.make(Node::List(Vec::new())),
            b')' => self.make(Node::Tuple(Vec::new())),
            b't' => self.tuple_to_mark(),
            0x85..=0x87 => self.small_tuple(usize::from(op - 0x84)),
            b'a' | b'e' => self.append(op),
            b's' | b'u' => self.set_items(op),
            b'c' | 0x93 => self.global(op),
            b'R' | 0x81 => self.reduce(op),
            b'b' => self.build(),
            b'Q' => self.persistent(),
            b'q' | b'r' | 0x94 => self.put(op),
            b'h' | b'j' => self.get(op),
            b'B' | b'C' | 0x8e | 0x96 => Err(self.no_type("bytes")),
            0x8f..=0x91 => Err(self.no_type("set")),
            _ => Err(self
                .heap
                .bad("the pickle does what no checkpoint does")
                .expected("the opcodes that torch.save writes")
                .received(format!("opcode 0x{op:02x} at byte {at}"))),
        }
    }

    fn no_type(&self, name: &str) -> Error {
        self.heap.unsupported(
            format!("a Python value of type {name}"),
            "save tensors, numbers, texts, lists and dicts alone",
        )
    }

    fn protocol(&mut self) -> Result<()> {
        match self.byte()? {
            2..=5 => Ok(()),
            other => Err(self
                .heap
                .bad("the pickle is of another protocol")
                .expected("protocol 2, 3, 4 or 5")
                .received(format!("protocol {other}"))),
        }
    }

    fn mark(&mut self) -> Result<()> {
        if self.marks.len() >= limits::STACK {
            return Err(self.heap.too_many("open marks", limits::STACK));
        }
        self.marks.push(self.stack.len() as u32);
        Ok(())
    }

    pub(super) fn push(&mut self, value: Value) -> Result<()> {
        if self.stack.len() >= limits::STACK {
            return Err(self.heap.too_many("values on the stack", limits::STACK));
        }
        self.stack.push(value);
        Ok(())
    }

    fn floor(&self) -> usize {
        self.marks.last().map_or(0, |&m| m as usize)
    }

    fn underflow(&self) -> Error {
        self.heap
            .bad("the pickle takes more from its stack than it put there")
            .received(format!("byte {}", self.at - 1))
    }

    fn pop(&mut self) -> Result<Value> {
        if self.stack.len() <= self.floor() {
            return Err(self.underflow());
        }
        self.stack.pop().ok_or_else(|| self.underflow())
    }

    fn top(&self) -> Result<Value> {
        if self.stack.len() <= self.floor() {
            return Err(self.underflow());
        }
        self.stack.last().copied().ok_or_else(|| self.underflow())
    }

    /// All values above the last mark, which goes, too.
    fn above_mark(&mut self) -> Result<Vec<Value>> {
        let Some(mark) = self.marks.pop() else {
            return Err(self.underflow());
        };
        Ok(self.stack.split_off(mark as usize))
    }

    fn make(&mut self, node: Node) -> Result<()> {
        let value = self.heap.add(node)?;
        self.push(value)
    }

    fn tuple_to_mark(&mut self) -> Result<()> {
        let items = self.above_mark()?;
        self.make(Node::Tuple(items))
    }

    fn small_tuple(&mut self, len: usize) -> Result<()> {
        let from = self.stack.len().checked_sub(len).filter(|&from| from >= self.floor());
        let Some(from) = from else {
            return Err(self.underflow());
        };
        let items = self.stack.split_off(from);
        self.make(Node::Tuple(items))
    }

    fn append(&mut self, op: u8) -> Result<()> {
        let mut items = if op == b'a' {
            vec![self.pop()?]
        } else {
            self.above_mark()?
        };
        self.heap.count(items.len())?;
        let target = self.top()?;
        match target {
            Value::Node(at) => match &mut self.heap.nodes[at as usize] {
                Node::List(list) => list.append(&mut items),
                _ => return Err(self.wrong_target(target, "a list")),
            },
            _ => return Err(self.wrong_target(target, "a list")),
        }
        Ok(())
    }

    fn set_items(&mut self, op: u8) -> Result<()> {
        let items = if op == b's' {
            let value = self.pop()?;
            vec![self.pop()?, value]
        } else {
            self.above_mark()?
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.underflow());
        }
        self.heap.count(items.len())?;
        for [key, _] in pairs {
            calls::check_key(&self.heap, *key)?;
        }
        let target = self.top()?;
        match target {
            Value::Node(at) => match &mut self.heap.nodes[at as usize] {
                Node::Dict(dict) => dict.extend(pairs.iter().map(|[key, value]| (*key, *value))),
                _ => return Err(self.wrong_target(target, "a dict")),
            },
            _ => return Err(self.wrong_target(target, "a dict")),
        }
        Ok(())
    }

    fn wrong_target(&self, target: Value, expected: &str) -> Error {
        self.heap
            .bad("the pickle puts values into something that holds none")
            .expected(expected)
            .received(self.heap.kind(target))
    }

    fn global(&mut self, op: u8) -> Result<()> {
        if op == b'c' {
            let (module, name) = (self.line()?, self.line()?);
            let global = self.find(module, name)?;
            return self.push(Value::Global(global));
        }
        let (name, module) = (self.pop()?, self.pop()?);
        let global = match (self.heap.str(module), self.heap.str(name)) {
            (Some(module), Some(name)) => self.find(module, name)?,
            _ => return Err(self.heap.bad("the pickle names a class by something that is no text")),
        };
        self.push(Value::Global(global))
    }

    fn find(&self, module: &str, name: &str) -> Result<Global> {
        let shown = || format!("{module}.{name}").chars().take(120).collect::<String>();
        match globals::find(module, name) {
            Known::Yes(global) => Ok(global),
            Known::No(what, fix) => Err(self.heap.unsupported(format!("{what} ({})", shown()), fix)),
            Known::Unknown => Err(Error::new(
                Code::Format,
                format!(
                    "{}: the file asks for {}, which is not on the list of what a checkpoint needs",
                    self.heap.file,
                    shown()
                ),
            )
            .expected("tensors, numbers, texts, lists and dicts")
            .received(shown())
            .hint(globals::cure(module))),
        }
    }

    fn reduce(&mut self, op: u8) -> Result<()> {
        let (args, callee) = (self.pop()?, self.pop()?);
        let Value::Global(global) = callee else {
            return Err(self
                .heap
                .bad("the pickle calls something that is no function")
                .received(self.heap.kind(callee)));
        };
        if op == 0x81 && global != Global::OrderedDict {
            return Err(self.heap.bad("the pickle makes an object of its own class"));
        }
        let result = calls::call(&mut self.heap, global, args)?;
        self.push(result)
    }

    /// Attributes: torch hangs `_metadata` on a state dict. They are not content.
    fn build(&mut self) -> Result<()> {
        let (state, target) = (self.pop()?, self.top()?);
        if self.heap.kind(target) == "a dict" && matches!(self.heap.kind(state), "a dict" | "None") {
            return Ok(());
        }
        Err(self
            .heap
            .bad("the pickle sets attributes")
            .expected("attributes of a state dict at most")
            .received(format!("{} set on {}", self.heap.kind(state), self.heap.kind(target))))
    }

    fn persistent(&mut self) -> Result<()> {
        let id = self.pop()?;
        let storage = calls::storage(&mut self.heap, id)?;
        self.push(storage)
    }

    fn put(&mut self, op: u8) -> Result<()> {
        let value = self.top()?;
        let number = match op {
            b'q' => self.unsigned::<1>()?,
            b'r' => self.unsigned::<4>()?,
            _ => self.memo.len() as u64,
        };
        if self.memo.put(number as u32, value) {
            return Ok(());
        }
        Err(self.heap.too_many("values in its memo", limits::MEMO))
    }

    fn get(&mut self, op: u8) -> Result<()> {
        let number = if op == b'h' {
            self.unsigned::<1>()?
        } else {
            self.unsigned::<4>()?
        };
        match self.memo.get(number as u32) {
            Some(value) => self.push(value),
            None => Err(self
                .heap
                .bad("the pickle reads a memo index that it never wrote")
                .received(format!("index {number}"))),
        }
    }
}
