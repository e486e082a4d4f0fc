//! What an op is called and takes.

use smallvec::SmallVec;

/// Name, inputs and attributes of an op.
#[derive(Debug)]
pub struct Signature {
    /// Name, as the generated TypeScript function has it.
    pub name: &'static str,
    /// One line of documentation with the formula.
    pub doc: &'static str,
    /// Inputs in order.
    pub inputs: &'static [Input],
    /// Attributes in order.
    pub attrs: &'static [Attr],
}

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
    /// Its type.
    pub kind: AttrKind,
}

/// Types of attributes. All are passed as f64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttrKind {
    /// A number.
    Number,
    /// A boolean, 0 or 1.
    Bool,
    /// A list of integers, its length first.
    Dims,
    /// A list of numbers, its length first.
    Numbers,
    /// A dtype by number.
    Dtype,
}

impl Signature {
    /// Lengths of the list inputs, which stand first among the attributes; single inputs count as lists of one.
    pub fn list_lengths(&self, attrs: &[f64]) -> SmallVec<[usize; 6]> {
        let mut lengths = attrs.iter();
        self.inputs.iter().map(|input| input.length(&mut lengths)).collect()
    }

    /// For each tensor of a call, the number of the input that it belongs to: its bit in the masks of [`super::row`]. The tensors of a list share one, and so do
    /// those beyond the last bit of a function of the caller, which has no signature.
    pub fn bits<'a>(&'static self, attrs: &'a [f64]) -> impl Iterator<Item = usize> + 'a {
        let mut lengths = attrs.iter();
        let named = self
            .inputs
            .iter()
            .enumerate()
            .flat_map(move |(bit, input)| std::iter::repeat_n(bit, input.length(&mut lengths)));
        named.chain(self.inputs.len()..).map(|bit| bit.min(31))
    }

    /// Number of list inputs, and so of attributes that are their lengths.
    pub fn list_count(&self) -> usize {
        self.inputs.iter().filter(|input| input.kind == InputKind::List).count()
    }
}

impl Input {
    /// How many tensors it takes; that of a list is the next of `lengths`.
    pub(super) fn length(&self, lengths: &mut std::slice::Iter<'_, f64>) -> usize {
        match self.kind {
            InputKind::List => lengths.next().map_or(0, |n| *n as usize),
            _ => 1,
        }
    }
}
