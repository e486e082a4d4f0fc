//! What a row of the op table holds, and the views that its functions get.

use smallvec::SmallVec;

pub use super::attrs::AttrReader;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// Shape and dtype of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Sizes.
    pub shape: Shape,
    /// Element type.
    pub dtype: Dtype,
}

impl Meta {
    /// Both in one.
    pub fn new(shape: Shape, dtype: Dtype) -> Self {
        Meta { shape, dtype }
    }

    /// Bytes of its numbers.
    pub fn bytes(&self) -> u64 {
        (self.shape.numel() * self.dtype.size()) as u64
    }
}

/// The outputs that a shape rule promises.
pub type Metas = SmallVec<[Meta; 3]>;

/// One input of an op, for checks and for the generated TypeScript.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Name in documentation and errors.
    pub name: &'static str,
    /// One tensor, one that may be missing, or a list.
    pub kind: InputKind,
}

/// How many tensors an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// Any number; the length of each list comes first among the attributes.
    List,
}

/// One attribute, for the generated TypeScript and the reader.
#[derive(Clone, Copy, Debug)]
pub struct Attr {
    /// Name in documentation.
    pub name: &'static str,
    /// How it is written.
    pub kind: AttrKind,
}

/// Types of attributes. All travel as f64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttrKind {
    /// A number.
    Number,
    /// A truth value, 0 or 1.
    Bool,
    /// A list of integers, its length first.
    Dims,
    /// A dtype by number.
    Dtype,
}

/// Random numbers of an op: fixed when it is recorded, so that a replay draws the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    /// Key of the generator.
    pub seed: u64,
    /// First Philox block of this op.
    pub counter: u64,
}

/// What a shape rule sees.
pub struct ShapeContext<'a> {
    /// The op.
    pub row: &'static OpRow,
    /// Inputs in order; a missing optional one is `None`.
    pub inputs: &'a [Option<&'a Meta>],
    /// Attributes as they came.
    pub attrs: &'a [f64],
}

impl<'a> ShapeContext<'a> {
    /// An input that is there.
    pub fn meta(&self, i: usize) -> &'a Meta {
        self.inputs[i].expect("the recorder checked that required inputs are there")
    }

    /// Shape of an input that is there.
    pub fn shape(&self, i: usize) -> &'a Shape {
        &self.meta(i).shape
    }

    /// Dtype of an input that is there.
    pub fn dtype(&self, i: usize) -> Dtype {
        self.meta(i).dtype
    }

    /// Name of an input for errors.
    pub fn name(&self, i: usize) -> &'static str {
        self.row.inputs.get(i).map_or("input", |input| input.name)
    }

    /// Lengths of the list inputs.
    pub fn lists(&self) -> SmallVec<[usize; 6]> {
        self.row.list_lengths(self.attrs)
    }

    /// Reads the attributes, behind the list lengths.
    pub fn reader(&self) -> AttrReader<'a> {
        AttrReader(&self.attrs[crate::exec::list_count(self.row)..])
    }

    /// The one floating dtype that all these inputs share.
    ///
    /// # Errors
    /// [`Code::Dtype`] for an integer or a mixture.
    pub fn same_float(&self, inputs: &[usize]) -> Result<Dtype> {
        let dtype = self.same(inputs)?;
        if dtype.is_float() {
            return Ok(dtype);
        }
        Err(
            Error::new(Code::Dtype, format!("{} needs floating-point numbers", self.row.name))
                .expected("f32, f64, bf16 or f16")
                .received(dtype.name())
                .hint("convert with .to('f32')"),
        )
    }

    /// The one dtype that all these inputs share; missing ones do not count.
    ///
    /// # Errors
    /// [`Code::Dtype`] for a mixture.
    pub fn same(&self, inputs: &[usize]) -> Result<Dtype> {
        let first = self.dtype(inputs[0]);
        for &i in inputs {
            match self.inputs[i] {
                Some(meta) if meta.dtype != first => {
                    return Err(Error::new(Code::Dtype, format!("{}: the dtypes differ", self.row.name))
                        .expected(format!("{} like {}", first, self.name(inputs[0])))
                        .received(format!("{} {}", self.name(i), meta.dtype))
                        .hint("convert one of them with .to(dtype); nothing is converted in silence"));
                }
                _ => {}
            }
        }
        Ok(first)
    }

    /// Fails unless an input has this dtype.
    ///
    /// # Errors
    /// [`Code::Dtype`].
    pub fn want_dtype(&self, i: usize, dtype: Dtype) -> Result<()> {
        match self.inputs[i] {
            Some(meta) if meta.dtype != dtype => Err(Error::new(
                Code::Dtype,
                format!("{}: {} has the wrong dtype", self.row.name, self.name(i)),
            )
            .expected(dtype.name())
            .received(meta.dtype.name())
            .hint(format!("convert with .to('{dtype}')"))),
            _ => Ok(()),
        }
    }

    /// A shape error of this op that shows what came.
    pub fn shape_error(&self, expected: impl Into<String>) -> Error {
        let received = (0..self.inputs.len().min(6))
            .filter_map(|i| self.inputs[i].map(|m| format!("{} {} {}", self.name(i), m.shape, m.dtype)))
            .collect::<Vec<_>>()
            .join(", ");
        Error::new(Code::Shape, format!("{}: the shapes do not fit", self.row.name))
            .expected(expected)
            .received(received)
            .hint("look at the shapes before the call; reshape(), unsqueeze(), transpose() and expand() change them")
    }
}

/// Which inputs need a gradient, as a rule sees it when it decides what to save.
#[derive(Clone, Copy)]
pub struct Needs(pub u32);

impl Needs {
    /// Whether input `i` needs a gradient.
    pub fn input(self, i: usize) -> bool {
        self.0 >> i & 1 == 1
    }

    /// A bit mask of the given indexes, when `condition` holds.
    pub fn when(condition: bool, indexes: &[usize]) -> u32 {
        if condition {
            indexes.iter().fold(0, |mask, i| mask | 1 << i)
        } else {
            0
        }
    }
}

/// What backward will need: bit masks of inputs and outputs. Everything else is freed as soon as its users are done.
#[derive(Clone, Copy, Default)]
pub struct Save {
    /// Bit i: input i.
    pub inputs: u32,
    /// Bit i: output i.
    pub outputs: u32,
}

/// How gradients flow through an op.
#[derive(Clone, Copy)]
pub enum Gradient {
    /// The result depends on no input in a differentiable way (comparisons, argmax): it needs no gradient.
    Stop,
    /// The op has no rule: recording it with an input that requires a gradient is `ERR_LORA_NO_GRAD`.
    None,
    /// A rule.
    Rule {
        /// What to save.
        save: fn(Needs) -> Save,
        /// Records the backward ops.
        backward: fn(&mut crate::tape::Back<'_>) -> Result<()>,
    },
}

/// How an op meets half-precision inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The executor widens half inputs to f32 and rounds outputs to their promised dtype.
    Widen,
    /// The op reads half types itself (weights widened by panel, copies).
    Native,
}

/// One row of the op table: everything there is to know about an op.
pub struct OpRow {
    /// Name, as the generated TypeScript function has it.
    pub name: &'static str,
    /// One line of documentation with the formula.
    pub doc: &'static str,
    /// Inputs in order.
    pub inputs: &'static [Input],
    /// Attributes in order.
    pub attrs: &'static [Attr],
    /// Whether TypeScript gets a function for it; the gradient ops are the tape's own.
    pub public: bool,
    /// Outputs that the user sees; the rest belongs to the tape.
    pub visible: usize,
    /// Indexes of the inputs that the op changes in place. Such an op returns no new tensor.
    pub mutates: Mutates,
    /// Bit mask of the inputs that the gradient rule takes as constants: one that requires a gradient is refused at recording.
    pub constants: u32,
    /// Philox blocks that the op draws.
    pub random: Option<fn(&ShapeContext<'_>) -> Result<u64>>,
    /// Checks the inputs and promises the outputs. A pure function.
    pub shape: fn(&ShapeContext<'_>) -> Result<Metas>,
    /// Runs the op on the CPU.
    pub forward: fn(&mut crate::exec::Exec<'_>) -> Result<crate::exec::Outputs>,
    /// The same in candle's tensor operations.
    pub twin: fn(&crate::exec::Twin<'_>) -> Result<Vec<candle_core::Tensor>>,
    /// Gradient rule.
    pub gradient: Gradient,
    /// Whether its output costs one pass to make again from what its own backward keeps: then nobody else keeps it for backward.
    pub again: bool,
    /// Whether backward may keep its inputs in bf16 where products round to bf16 anyway ([`crate::precision::Precision::Medium`]).
    pub narrow: bool,
    /// Half-precision inputs.
    pub half: Half,
}

/// Which inputs an op changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mutates {
    /// None.
    Nothing,
    /// The first input.
    First,
    /// Whole lists, by number of the list: an optimizer changes parameters and moments, all or nothing.
    Lists(&'static [usize]),
}

impl OpRow {
    /// Whether input `i` is changed by a call with these attributes.
    pub fn is_mutated(&self, i: usize, attrs: &[f64]) -> bool {
        match self.mutates {
            Mutates::Nothing => false,
            Mutates::First => i == 0,
            Mutates::Lists(lists) => {
                // Asked for each of a thousand inputs: nothing is gathered first.
                let (mut lengths, mut end) = (attrs.iter(), 0);
                for (number, input) in self.inputs.iter().enumerate() {
                    end += length_of(input, &mut lengths);
                    if i < end {
                        return lists.contains(&number);
                    }
                }
                false
            }
        }
    }

    /// Lengths of the list inputs, which stand first among the attributes; single inputs count as lists of one.
    pub fn list_lengths(&self, attrs: &[f64]) -> SmallVec<[usize; 6]> {
        let mut lengths = attrs.iter();
        self.inputs.iter().map(|input| length_of(input, &mut lengths)).collect()
    }
}

fn length_of(input: &Input, lengths: &mut std::slice::Iter<'_, f64>) -> usize {
    match input.kind {
        InputKind::List => lengths.next().map_or(0, |n| *n as usize),
        _ => 1,
    }
}
