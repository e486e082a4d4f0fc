//! What a row of the op table holds.

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin};
use super::cost::Shapes;
use super::signature::Signature;
use crate::error::Result;
use crate::meta::Metas;

/// Which inputs need a gradient, for the rule that decides what to save. A list has one bit: whether one of its tensors does.
#[derive(Clone, Copy)]
pub struct Needs(pub u32);

impl Needs {
    /// Whether input `i` of the signature needs a gradient.
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

/// What backward needs: bit masks of inputs and outputs. Everything else is freed as soon as its users are done.
#[derive(Clone, Copy, Default)]
pub struct Save {
    /// Bit i: input i of the signature, of a list all tensors.
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
        backward: fn(&mut Back<'_>) -> Result<()>,
    },
}

/// How an op handles half-precision inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The executor widens half inputs to f32 and rounds outputs to their promised dtype.
    Widen,
    /// The op reads half types itself (weights widened by panel, copies).
    Native,
}

/// One row of the op table: everything known about an op.
pub struct OpRow {
    /// What it is called and takes.
    pub signature: Signature,
    /// Whether TypeScript gets a function for it; gradient ops are recorded by rules only.
    pub public: bool,
    /// Outputs that the user sees; the others are for backward.
    pub visible: usize,
    /// The inputs that the op changes in place. Such an op returns no new tensor.
    pub mutates: Mutates,
    /// Whether it writes every element of what it changes and reads none of them: a mapped weight then needs memory, and no copy.
    pub overwrites: bool,
    /// Bit mask of the inputs that the gradient rule treats as constants: one that requires a gradient is refused when recorded.
    pub constants: u32,
    /// Philox blocks that the op draws.
    pub random: Option<fn(&ShapeContext<'_>) -> Result<u64>>,
    /// Checks the inputs and promises the outputs. A pure function.
    pub shape: fn(&ShapeContext<'_>) -> Result<Metas>,
    /// Runs the op on the CPU.
    pub forward: fn(&mut Exec<'_>) -> Result<Outputs>,
    /// The same in candle's tensor operations.
    pub twin: fn(&Twin<'_>) -> Result<Vec<candle_core::Tensor>>,
    /// Gradient rule.
    pub gradient: Gradient,
    /// Whether its output can be recomputed in one pass from what its own backward keeps: then no other node keeps it for backward.
    pub recompute: bool,
    /// Whether backward may keep its inputs in bf16 where products round to bf16 anyway ([`crate::precision::Precision::Medium`]).
    pub narrow: bool,
    /// Half-precision inputs.
    pub half: Half,
    /// Bit mask of the inputs that may be weights in blocks ([`Dtype::blocks`](crate::dtype::Dtype::blocks)).
    pub blocks: u32,
    /// Whether it can give blocks.
    pub gives_blocks: bool,
    /// Whether its output is a view: it shares the storage of the first input, and with it the version.
    pub view: bool,
    /// Multiplications in its products, for GFLOP/s in timelines; `None` for an op without products.
    pub products: Option<fn(&Shapes<'_>) -> Option<f64>>,
    /// Bytes that its twin takes beside its results; `None`: a few copies of inputs and outputs.
    pub twin_bytes: Option<fn(&Shapes<'_>) -> u64>,
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
                // Called for each of up to a thousand inputs: nothing is collected first.
                let (mut lengths, mut end) = (attrs.iter(), 0);
                for (number, input) in self.signature.inputs.iter().enumerate() {
                    end += input.length(&mut lengths);
                    if i < end {
                        return lists.contains(&number);
                    }
                }
                false
            }
        }
    }
}
