//! What a gradient rule works with. A rule records ops; it computes nothing itself.

use smallvec::SmallVec;

use super::attrs::AttrReader;
use super::row::OpRow;
use super::signature::Signature;
use super::table;
use crate::dtype::Dtype;
use crate::error::Result;
use crate::meta::{Id, Meta};
use crate::rng::Rng;
use crate::shape::Shape;

/// What a gradient rule needs of the recorder.
pub trait Record {
    /// Records an op without a node in the graph and returns all its outputs; with `rng` it draws these numbers.
    ///
    /// # Errors
    /// Those of the op.
    fn record(
        &mut self,
        row: &'static OpRow,
        inputs: &[Id],
        attrs: &[f64],
        rng: Option<Rng>,
    ) -> Result<SmallVec<[Id; 3]>>;

    /// Shape and dtype of a tensor.
    fn meta(&self, id: Id) -> &Meta;

    /// Whether the graph alone holds the tensor, once.
    fn is_sole(&self, id: Id) -> bool;
}

/// A call as its node keeps it for backward.
pub struct Recorded<'a> {
    /// What the op is called and takes.
    pub signature: &'static Signature,
    /// Its attributes.
    pub attrs: &'a [f64],
    /// Its random numbers.
    pub rng: Option<Rng>,
    /// Shapes and dtypes of the inputs; `None` for a missing one.
    pub input_metas: &'a [Option<Meta>],
    /// Shapes and dtypes of the outputs.
    pub output_metas: &'a [Meta],
    /// The inputs that the rule's `save` asked for, with their versions.
    pub saved_inputs: &'a [Option<(Id, u32)>],
    /// The outputs that it asked for.
    pub saved_outputs: &'a [Option<(Id, u32)>],
    /// Gradients of the outputs.
    pub grads: &'a [Option<Id>],
    /// Which inputs get a gradient in this walk, each tensor of a list by itself.
    pub needs: SmallVec<[bool; 8]>,
    /// Whether the graph is kept for another backward.
    pub retain_graph: bool,
}

/// The view of one call during backward.
pub struct Back<'a> {
    recorder: &'a mut dyn Record,
    recorded: Recorded<'a>,
    /// Gradients of the inputs, by position.
    pub(crate) results: SmallVec<[Option<Id>; 5]>,
    /// Everything that the rule recorded; what is not a result is freed afterwards.
    pub(crate) made: Vec<Id>,
}

impl<'a> Back<'a> {
    /// The view of a call during a backward of `recorder`.
    pub(crate) fn new(recorder: &'a mut dyn Record, recorded: Recorded<'a>) -> Self {
        Back {
            recorder,
            results: SmallVec::from_elem(None, recorded.input_metas.len()),
            made: Vec::new(),
            recorded,
        }
    }

    /// Shape and dtype of a tensor.
    pub fn meta_of(&self, id: Id) -> &Meta {
        self.recorder.meta(id)
    }

    /// Gradient of output `i`; `None` when nothing depends on it.
    pub fn grad(&self, i: usize) -> Option<Id> {
        self.recorded.grads.get(i).copied().flatten()
    }

    /// Gradient of the first output. A rule runs only when an output has a gradient; of a single visible output it is this one.
    pub fn dy(&self) -> Id {
        self.grad(0)
            .expect("the walk visits a node only when its visible output has a gradient")
    }

    /// Whether input `i`, lists flattened, needs a gradient.
    pub fn needs(&self, i: usize) -> bool {
        self.recorded.needs.get(i).is_some_and(|&needs| needs)
    }

    /// Input `i`, which the rule's `save` asked for.
    pub fn input(&self, i: usize) -> Id {
        self.recorded.saved_inputs[i].expect("the rule saved this input").0
    }

    /// Input `i`, or 0 when it was not given (or not saved).
    pub fn input_or_none(&self, i: usize) -> Id {
        self.recorded.saved_inputs[i].map_or(0, |(id, _)| id)
    }

    /// Output `i`, which the rule's `save` asked for.
    pub fn output(&self, i: usize) -> Id {
        self.recorded.saved_outputs[i].expect("the rule saved this output").0
    }

    /// Whether a saved output is not read after this rule, so that its gradient may overwrite it.
    pub fn is_last_use(&self, id: Id) -> bool {
        !self.recorded.retain_graph && self.recorder.is_sole(id)
    }

    /// Number of inputs, lists flattened.
    pub fn len(&self) -> usize {
        self.recorded.input_metas.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.recorded.input_metas.is_empty()
    }

    /// Shape and dtype of input `i`, saved or not.
    pub fn meta(&self, i: usize) -> &Meta {
        self.recorded.input_metas[i]
            .as_ref()
            .expect("the rule asks for inputs that were given")
    }

    /// Whether optional input `i` was given.
    pub fn has(&self, i: usize) -> bool {
        self.recorded.input_metas.get(i).is_some_and(Option::is_some)
    }

    /// Shape of input `i`.
    pub fn shape(&self, i: usize) -> Shape {
        self.meta(i).shape.clone()
    }

    /// The dtype of input `i`'s gradient: half types get f32 gradients.
    pub fn grad_dtype(&self, i: usize) -> Dtype {
        self.meta(i).dtype.wide()
    }

    /// Shape of output `i`.
    pub fn out_shape(&self, i: usize) -> Shape {
        self.recorded.output_metas[i].shape.clone()
    }

    /// Lengths of the list inputs.
    pub fn lists(&self) -> SmallVec<[usize; 6]> {
        self.recorded.signature.list_lengths(self.recorded.attrs)
    }

    /// Reads the op's attributes, after the list lengths.
    pub fn reader(&self) -> AttrReader<'_> {
        AttrReader(&self.recorded.attrs[self.recorded.signature.list_count()..])
    }

    /// The op's attributes as recorded.
    pub fn attrs(&self) -> SmallVec<[f64; 12]> {
        SmallVec::from_slice(self.recorded.attrs)
    }

    /// The op's random numbers.
    pub fn rng(&self) -> Option<Rng> {
        self.recorded.rng
    }

    /// Records an op and returns its first output.
    ///
    /// # Errors
    /// Those of the op.
    pub fn op(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<Id> {
        Ok(self.ops(row, inputs, attrs)?[0])
    }

    /// Records an op and returns all its outputs.
    ///
    /// # Errors
    /// Those of the op.
    pub fn ops(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<SmallVec<[Id; 3]>> {
        self.replay(row, inputs, attrs, None)
    }

    /// Records an op that draws the random numbers of `rng`.
    ///
    /// # Errors
    /// Those of the op.
    pub fn replay(
        &mut self,
        row: &'static OpRow,
        inputs: &[Id],
        attrs: &[f64],
        rng: Option<Rng>,
    ) -> Result<SmallVec<[Id; 3]>> {
        let ids = self.recorder.record(row, inputs, attrs, rng)?;
        self.made.extend_from_slice(&ids);
        Ok(ids)
    }

    /// Makes `id` the gradient of input `i`, summed over dimensions that broadcasting added.
    ///
    /// # Errors
    /// Those of the ops that sum.
    pub fn set_reduced(&mut self, i: usize, id: Id) -> Result<()> {
        let target = self.shape(i);
        let id = self.reduce_to(id, &target)?;
        self.set(i, id);
        Ok(())
    }

    /// Sums `id` down to a shape that broadcasts to it.
    ///
    /// # Errors
    /// Those of the ops that sum.
    pub fn reduce_to(&mut self, id: Id, target: &Shape) -> Result<Id> {
        let from = self.recorder.meta(id).shape.clone();
        if from == *target {
            return Ok(id);
        }
        let lead = from.rank() - target.rank();
        let dims: Vec<f64> = (0..from.rank())
            .filter(|&d| d < lead || (target.dims()[d - lead] == 1 && from.dims()[d] != 1))
            .map(|d| d as f64)
            .collect();
        let mut attrs = vec![dims.len() as f64];
        attrs.extend(dims);
        attrs.push(1.0);
        let summed = self.op(&table::SUM, &[id], &attrs)?;
        self.reshape(summed, target)
    }

    /// Views `id` under another shape.
    ///
    /// # Errors
    /// Those of reshape.
    pub fn reshape(&mut self, id: Id, shape: &Shape) -> Result<Id> {
        let mut attrs = vec![shape.rank() as f64];
        attrs.extend(shape.dims().iter().map(|&d| d as f64));
        self.op(&table::RESHAPE, &[id], &attrs)
    }

    /// `mul · id + add`, elementwise.
    ///
    /// # Errors
    /// Those of the op.
    pub fn affine(&mut self, id: Id, mul: f64, add: f64) -> Result<Id> {
        self.op(&table::AFFINE, &[id], &[mul, add])
    }

    /// Makes `id` the gradient of input `i`.
    pub fn set(&mut self, i: usize, id: Id) {
        self.results[i] = Some(id);
    }
}
