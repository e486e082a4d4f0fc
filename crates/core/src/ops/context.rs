//! What an op sees: its shape rule gets shapes, its forward values, its twin candle tensors.

use std::cell::{Cell, Ref, RefCell, RefMut};

use smallvec::SmallVec;

use super::attrs::AttrReader;
use super::signature::Signature;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::memory::{Pool, Pooled};
use crate::meta::Meta;
use crate::precision::Precision;
use crate::rng::Rng;
use crate::shape::Shape;
use crate::storage::{Buffer, Element, Value};

/// What a shape rule sees.
pub struct ShapeContext<'a> {
    /// What the op is called and takes.
    pub signature: &'static Signature,
    /// Inputs in order; a missing optional one is `None`.
    pub inputs: &'a [Option<&'a Meta>],
    /// Attributes as recorded.
    pub attrs: &'a [f64],
}

impl<'a> ShapeContext<'a> {
    /// Input `i`, which must have been given.
    pub fn meta(&self, i: usize) -> &'a Meta {
        self.inputs[i].expect("the recorder checked that required inputs are there")
    }

    /// Shape of input `i`, which must have been given.
    pub fn shape(&self, i: usize) -> &'a Shape {
        &self.meta(i).shape
    }

    /// Dtype of input `i`, which must have been given.
    pub fn dtype(&self, i: usize) -> Dtype {
        self.meta(i).dtype
    }

    /// Name of an input for errors.
    pub fn name(&self, i: usize) -> &'static str {
        self.signature.inputs.get(i).map_or("input", |input| input.name)
    }

    /// Lengths of the list inputs.
    pub fn lists(&self) -> SmallVec<[usize; 6]> {
        self.signature.list_lengths(self.attrs)
    }

    /// Reads the attributes, after the list lengths.
    pub fn reader(&self) -> AttrReader<'a> {
        AttrReader(&self.attrs[self.signature.list_count()..])
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
        Err(Error::new(
            Code::Dtype,
            format!("{} needs floating-point numbers", self.signature.name),
        )
        .expected("f32, f64, bf16 or f16")
        .received(dtype.name())
        .hint("convert with .to('f32')"))
    }

    /// The dtype of a weight, which may be in blocks.
    ///
    /// # Errors
    /// [`Code::Dtype`] for an integer.
    pub fn weight_dtype(&self, i: usize) -> Result<Dtype> {
        if self.dtype(i).blocks().is_some() {
            return Ok(self.dtype(i));
        }
        self.same_float(&[i])
    }

    /// The one dtype that all these inputs share; missing ones are ignored.
    ///
    /// # Errors
    /// [`Code::Dtype`] for a mixture.
    pub fn same(&self, inputs: &[usize]) -> Result<Dtype> {
        let first = self.dtype(inputs[0]);
        for &i in inputs {
            match self.inputs[i] {
                Some(meta) if meta.dtype != first => {
                    return Err(
                        Error::new(Code::Dtype, format!("{}: the dtypes differ", self.signature.name))
                            .expected(format!("{} like {}", first, self.name(inputs[0])))
                            .received(format!("{} {}", self.name(i), meta.dtype))
                            .hint("convert one of them with .to(dtype); nothing is converted silently"),
                    );
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
                format!("{}: {} has the wrong dtype", self.signature.name, self.name(i)),
            )
            .expected(dtype.name())
            .received(meta.dtype.name())
            .hint(format!("convert with .to('{dtype}')"))),
            _ => Ok(()),
        }
    }

    /// A shape error of this op that shows its inputs.
    pub fn shape_error(&self, expected: impl Into<String>) -> Error {
        let received = (0..self.inputs.len().min(6))
            .filter_map(|i| self.inputs[i].map(|m| format!("{} {} {}", self.name(i), m.shape, m.dtype)))
            .collect::<Vec<_>>()
            .join(", ");
        Error::new(Code::Shape, format!("{}: the shapes do not fit", self.signature.name))
            .expected(expected)
            .received(received)
            .hint("check the shapes before the call; reshape(), unsqueeze(), transpose() and expand() change them")
    }
}

/// One output of a forward.
pub enum Output {
    /// A new buffer.
    New(Buffer),
    /// The storage of input `i` under another shape.
    Alias(usize),
}

/// Outputs in the order of the shape rule.
pub type Outputs = SmallVec<[Output; 3]>;

/// What a CPU forward works with.
pub struct Exec<'a> {
    pub(crate) signature: &'static Signature,
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
        self.signature.list_lengths(self.attrs)
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

    /// The values of input `i`.
    ///
    /// # Errors
    /// [`Code::Internal`] when the buffer is of another type.
    pub fn read<T: Element>(&self, i: usize) -> Result<Ref<'a, [T]>> {
        self.value(i).read()
    }

    /// The values of an input that may be missing.
    ///
    /// # Errors
    /// As [`Exec::read`].
    pub fn read_optional<T: Element>(&self, i: usize) -> Result<Option<Ref<'a, [T]>>> {
        self.inputs[i].as_ref().map(Value::read).transpose()
    }

    /// The values of input `i`, to change in place.
    ///
    /// # Errors
    /// As [`Exec::read`].
    pub fn write<T: Element>(&self, i: usize) -> Result<RefMut<'a, [T]>> {
        self.value(i).write()
    }

    /// Reads the attributes, after the list lengths.
    pub fn reader(&self) -> AttrReader<'a> {
        AttrReader(&self.attrs[self.signature.list_count()..])
    }

    /// Shape of output `i`.
    pub fn out(&self, i: usize) -> &'a Meta {
        &self.outs[i]
    }

    /// Random numbers of this op.
    pub fn rng(&self) -> Rng {
        self.rng.expect("the recorder gives every random op its numbers")
    }

    /// Precision of the products of this op.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// A vector for output `i`, with arbitrary content.
    ///
    /// # Errors
    /// [`Code::Memory`].
    pub fn alloc<T: Pooled>(&mut self, i: usize) -> Result<Vec<T>> {
        self.pool
            .borrow_mut()
            .take(self.outs[i].dtype.units(self.outs[i].shape.numel()))
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

/// Outputs from buffers.
pub fn outputs<const N: usize>(buffers: [Buffer; N]) -> Outputs {
    buffers.into_iter().map(Output::New).collect()
}

/// One output from a vector.
pub fn output<T: Element>(vec: Vec<T>) -> Outputs {
    outputs([T::wrap(vec)])
}

/// What a twin works with: candle tensors, booleans as bytes; half types are widened unless the op reads them itself or takes whole lists.
pub struct Twin<'a> {
    pub(crate) signature: &'static Signature,
    pub(crate) inputs: &'a [Option<candle_core::Tensor>],
    pub(crate) attrs: &'a [f64],
    pub(crate) rng: Option<Rng>,
    pub(crate) outs: &'a [Meta],
    pub(crate) device: &'a candle_core::Device,
    pub(crate) checks: &'a RefCell<Vec<Check>>,
    pub(crate) changed: &'a Cell<bool>,
    pub(crate) reused: &'a Cell<Option<usize>>,
}

/// Something that must not be, as the device found it: bytes of 0 and 1.
pub struct Check {
    /// At least one element.
    pub(crate) bad: candle_core::Tensor,
    /// Looks for it on the host, to name it.
    pub(crate) again: Box<dyn Fn() -> Result<()>>,
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
        self.signature.list_lengths(self.attrs)
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

    /// Reads the attributes, after the list lengths.
    pub fn reader(&self) -> AttrReader<'a> {
        AttrReader(&self.attrs[self.signature.list_count()..])
    }

    /// Shape and dtype of output `i`.
    pub fn out(&self, i: usize) -> &'a Meta {
        &self.outs[i]
    }

    /// The device it runs on.
    pub fn device(&self) -> &'a candle_core::Device {
        self.device
    }

    /// Random numbers of this op.
    pub fn rng(&self) -> Rng {
        self.rng.expect("the recorder gives every random op its numbers")
    }

    /// Input `i` in full precision.
    ///
    /// # Errors
    /// candle's.
    pub fn wide(&self, i: usize) -> Result<candle_core::Tensor> {
        super::twins::wide(self.tensor(i))
    }

    /// Fails later, where the host reads or something is changed, if any of `bad` is not 0. `again` finds it on the host and gives the error.
    pub fn forbid(&self, bad: candle_core::Tensor, again: impl Fn() -> Result<()> + 'static) {
        if bad.elem_count() > 0 {
            let again = Box::new(again);
            self.checks.borrow_mut().push(Check { bad, again });
        }
    }

    /// Overwrites input `i` where it lies, converted.
    ///
    /// # Errors
    /// candle's.
    pub fn change(&self, i: usize, to: &candle_core::Tensor) -> Result<()> {
        self.change_from(i, 0, to)
    }

    /// The same for the elements from flat index `start`.
    ///
    /// # Errors
    /// candle's.
    pub fn change_from(&self, i: usize, start: usize, to: &candle_core::Tensor) -> Result<()> {
        let target = self.tensor(i).flatten_all()?;
        let to = to.to_dtype(target.dtype())?.flatten_all()?;
        self.changed.set(true);
        if to.elem_count() > 0 && !super::own::share(&target, &to) {
            target.slice_set(&to, 0, start)?;
        }
        Ok(())
    }

    /// Elements `start..start + len` of input `i`, in full precision.
    ///
    /// # Errors
    /// candle's.
    pub fn part(&self, i: usize, start: usize, len: usize) -> Result<candle_core::Tensor> {
        super::twins::wide(&self.tensor(i).flatten_all()?.narrow(0, start, len)?)
    }

    /// Says that the one result is input `i`, which nothing else reads, changed where it lies.
    pub fn reuse(&self, i: usize) {
        self.reused.set(Some(i));
    }
}
