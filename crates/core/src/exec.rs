//! The views that an op's forward and twin get from the executor.

use std::cell::{Ref, RefCell, RefMut};

use smallvec::SmallVec;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::memory::{Pool, Pooled};
use crate::ops::row::{AttrReader, Meta, OpRow, Rng};
use crate::precision::Precision;
use crate::shape::Shape;
use crate::storage::{Buffer, Element, Value};

/// One output of a forward.
pub enum Output {
    /// New numbers.
    New(Buffer),
    /// The storage of input `i` under another shape.
    Alias(usize),
}

/// Outputs in the order of the shape rule.
pub type Outputs = SmallVec<[Output; 3]>;

/// What a CPU forward works with.
pub struct Exec<'a> {
    pub(crate) row: &'static OpRow,
    pub(crate) inputs: &'a [Option<Value>],
    pub(crate) attrs: &'a [f64],
    pub(crate) rng: Option<Rng>,
    pub(crate) precision: Precision,
    pub(crate) outs: &'a [Meta],
    pub(crate) pool: &'a RefCell<Pool>,
}

impl<'a> Exec<'a> {
    /// Number of inputs, lists flattened.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Lengths of the list inputs.
    pub fn lists(&self) -> SmallVec<[usize; 6]> {
        self.row.list_lengths(self.attrs)
    }

    /// Input `i`.
    pub fn value(&self, i: usize) -> &'a Value {
        self.inputs[i]
            .as_ref()
            .expect("the recorder checked that required inputs are there")
    }

    /// Whether optional input `i` was given.
    pub fn has(&self, i: usize) -> bool {
        self.inputs[i].is_some()
    }

    /// Shape of input `i`.
    pub fn shape(&self, i: usize) -> &'a Shape {
        &self.value(i).shape
    }

    /// Dtype of input `i`.
    pub fn dtype(&self, i: usize) -> Dtype {
        self.value(i).dtype
    }

    /// The numbers of input `i`.
    ///
    /// # Errors
    /// [`Code::Internal`] when the buffer is of another type.
    pub fn read<T: Element>(&self, i: usize) -> Result<Ref<'a, [T]>> {
        self.value(i).read()
    }

    /// The numbers of an input that may be missing.
    ///
    /// # Errors
    /// As [`Exec::read`].
    pub fn read_optional<T: Element>(&self, i: usize) -> Result<Option<Ref<'a, [T]>>> {
        self.inputs[i].as_ref().map(Value::read).transpose()
    }

    /// The numbers of input `i`, to change in place.
    ///
    /// # Errors
    /// As [`Exec::read`].
    pub fn write<T: Element>(&self, i: usize) -> Result<RefMut<'a, [T]>> {
        self.value(i).write()
    }

    /// Reads the attributes, behind the list lengths.
    pub fn reader(&self) -> AttrReader<'a> {
        AttrReader(&self.attrs[list_count(self.row)..])
    }

    /// Shape of output `i`.
    pub fn out(&self, i: usize) -> &'a Meta {
        &self.outs[i]
    }

    /// Random numbers of this op.
    pub fn rng(&self) -> Rng {
        self.rng.expect("the recorder gives every random op its numbers")
    }

    /// How exactly this op multiplies.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// A vector for output `i`, with arbitrary content.
    ///
    /// # Errors
    /// [`Code::Memory`].
    pub fn alloc<T: Pooled>(&mut self, i: usize) -> Result<Vec<T>> {
        self.pool.borrow_mut().take(self.outs[i].shape.numel())
    }

    /// A scratch vector; give it back with [`Exec::give`].
    ///
    /// # Errors
    /// [`Code::Memory`].
    pub fn scratch<T: Pooled>(&mut self, n: usize) -> Result<Vec<T>> {
        self.pool.borrow_mut().take(n)
    }

    /// Takes a scratch vector back.
    pub fn give<T: Pooled>(&mut self, vec: Vec<T>) {
        self.pool.borrow_mut().give(T::wrap(vec));
    }
}

/// The list lengths stand first among the attributes.
pub(crate) fn list_count(row: &OpRow) -> usize {
    row.inputs
        .iter()
        .filter(|i| i.kind == crate::ops::row::InputKind::List)
        .count()
}

/// Outputs made of vectors.
pub fn outputs<const N: usize>(buffers: [Buffer; N]) -> Outputs {
    buffers.into_iter().map(Output::New).collect()
}

/// One output made of a vector.
pub fn output<T: Element>(vec: Vec<T>) -> Outputs {
    outputs([T::wrap(vec)])
}

/// What a twin works with: candle tensors, half types widened, truth values as bytes.
pub struct Twin<'a> {
    pub(crate) row: &'static OpRow,
    pub(crate) inputs: &'a [Option<candle_core::Tensor>],
    pub(crate) attrs: &'a [f64],
    pub(crate) rng: Option<Rng>,
    pub(crate) outs: &'a [Meta],
    pub(crate) device: &'a candle_core::Device,
}

impl<'a> Twin<'a> {
    /// Number of inputs, lists flattened.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Lengths of the list inputs.
    pub fn lists(&self) -> SmallVec<[usize; 6]> {
        self.row.list_lengths(self.attrs)
    }

    /// Input `i`.
    pub fn tensor(&self, i: usize) -> &'a candle_core::Tensor {
        self.inputs[i]
            .as_ref()
            .expect("the recorder checked that required inputs are there")
    }

    /// An input that may be missing.
    pub fn optional(&self, i: usize) -> Option<&'a candle_core::Tensor> {
        self.inputs[i].as_ref()
    }

    /// Reads the attributes, behind the list lengths.
    pub fn reader(&self) -> AttrReader<'a> {
        AttrReader(&self.attrs[list_count(self.row)..])
    }

    /// What output `i` must be.
    pub fn out(&self, i: usize) -> &'a Meta {
        &self.outs[i]
    }

    /// Where it runs.
    pub fn device(&self) -> &'a candle_core::Device {
        self.device
    }

    /// Random numbers of this op.
    pub fn rng(&self) -> Rng {
        self.rng.expect("the recorder gives every random op its numbers")
    }
}

/// Runs a block for the floating type of a wide dtype: `float!(dtype, T => { … })`.
#[macro_export]
macro_rules! float {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::Dtype::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::Dtype::F64 => {
                type $T = f64;
                $body
            }
            other => Err($crate::exec::wrong_dtype(other)),
        }
    };
}

/// Runs a block for the storage type of any dtype: copies and moves do not care what the bits mean.
#[macro_export]
macro_rules! any {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::Dtype::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::Dtype::F64 => {
                type $T = f64;
                $body
            }
            $crate::dtype::Dtype::Bf16 => {
                type $T = half::bf16;
                $body
            }
            $crate::dtype::Dtype::F16 => {
                type $T = half::f16;
                $body
            }
            $crate::dtype::Dtype::I64 => {
                type $T = i64;
                $body
            }
            $crate::dtype::Dtype::U8 | $crate::dtype::Dtype::Bool => {
                type $T = u8;
                $body
            }
        }
    };
}

/// What `float!` answers for a dtype that a shape rule should have refused.
pub fn wrong_dtype(dtype: Dtype) -> Error {
    Error::new(
        Code::Internal,
        "an operation ran on a dtype that its shape rule should refuse",
    )
    .received(dtype.name())
}
