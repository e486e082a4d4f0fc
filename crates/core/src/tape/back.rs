//! What a gradient rule works with: it records ops, it computes nothing.

use smallvec::SmallVec;

use crate::dtype::Dtype;
use crate::entry::Id;
use crate::error::Result;
use crate::ops::row::{AttrReader, Meta, Needs, OpRow, Rng};
use crate::ops::table;
use crate::recorder::Recorder;
use crate::shape::Shape;

use super::node::Node;

/// The view of one node during backward.
pub struct Back<'a> {
    pub(crate) recorder: &'a mut Recorder,
    pub(crate) node: &'a Node,
    /// The graph is walked again later.
    pub(crate) retain_graph: bool,
    /// The inputs that get a gradient in this walk.
    pub(crate) needs: Needs,
    /// Gradients of the inputs, by position.
    pub(crate) results: SmallVec<[Option<Id>; 5]>,
    /// Everything the rule made; what is no result is freed afterwards.
    pub(crate) made: Vec<Id>,
}

impl Back<'_> {
    /// Gradient of output `i`; `None` when nothing depends on it.
    pub fn grad(&self, i: usize) -> Option<Id> {
        self.node.grads.get(i).copied().flatten()
    }

    /// Gradient of the first output. A rule only runs when some output has one; with one visible output it is this.
    pub fn dy(&self) -> Id {
        self.grad(0)
            .expect("the walk visits a node only when its visible output has a gradient")
    }

    /// Whether input `i` needs a gradient.
    pub fn needs(&self, i: usize) -> bool {
        self.needs.input(i)
    }

    /// Input `i`, which the rule's `save` asked for.
    pub fn input(&self, i: usize) -> Id {
        self.node.saved_inputs[i].expect("the rule saved this input").0
    }

    /// Input `i`, or 0 when it was not given (or not saved).
    pub fn input_or_none(&self, i: usize) -> Id {
        self.node.saved_inputs[i].map_or(0, |(id, _)| id)
    }

    /// Output `i`, which the rule's `save` asked for.
    pub fn output(&self, i: usize) -> Id {
        self.node.saved_outputs[i].expect("the rule saved this output").0
    }

    /// Whether nobody will read a saved output after this rule, so that its gradient may take its place.
    pub fn is_last_use(&self, id: Id) -> bool {
        !self.retain_graph && self.recorder.values.is_sole(id)
    }

    /// Number of inputs, lists flattened.
    pub fn len(&self) -> usize {
        self.node.input_metas.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.node.input_metas.is_empty()
    }

    /// Shape and dtype of input `i`, saved or not.
    pub fn meta(&self, i: usize) -> &Meta {
        self.node.input_metas[i]
            .as_ref()
            .expect("the rule asks for inputs that were given")
    }

    /// Whether optional input `i` was given.
    pub fn has(&self, i: usize) -> bool {
        self.node.input_metas.get(i).is_some_and(Option::is_some)
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
        self.node.output_metas[i].shape.clone()
    }

    /// Reads the op's attributes, behind the list lengths.
    pub fn reader(&self) -> AttrReader<'_> {
        AttrReader(&self.node.attrs[crate::exec::list_count(self.node.row)..])
    }

    /// The op's attributes as they came.
    pub fn attrs(&self) -> SmallVec<[f64; 12]> {
        self.node.attrs.clone()
    }

    /// The op's random numbers.
    pub fn rng(&self) -> Option<Rng> {
        self.node.rng
    }

    /// Records an op and gives its first output.
    ///
    /// # Errors
    /// Those of the op.
    pub fn op(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<Id> {
        Ok(self.ops(row, inputs, attrs)?[0])
    }

    /// Records an op and gives all its outputs.
    ///
    /// # Errors
    /// Those of the op.
    pub fn ops(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<SmallVec<[Id; 3]>> {
        self.replay(row, inputs, attrs, None)
    }

    /// Records an op that draws the numbers of `rng` again.
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
        let ids = self.recorder.record_all(row, inputs, attrs, rng, false)?;
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
        let from = self.recorder.values.meta(id).shape.clone();
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
