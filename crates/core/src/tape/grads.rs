//! Gradients as the user sees them, and blocks whose backward is a function of the caller.

use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Id;
use crate::ops::row::{Needs, Save};
use crate::ops::table;
use crate::recorder::{Kind, Recorder};

use super::graph::{Taped, hold};
use super::node::Node;

impl Recorder {
    /// The gradient of a tensor, with a handle for the caller; 0 when there is none.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn grad(&mut self, id: Id) -> Result<Id> {
        self.check_live(id)?;
        let Some(grad) = self.values.get(id).grad else {
            return Ok(0);
        };
        self.tape.hold_handle(&mut self.values, grad);
        Ok(grad)
    }

    /// Replaces each tensor's id with that of its gradient, with a handle for the caller; 0 where there is none.
    ///
    /// # Errors
    /// [`Code::Disposed`]; nothing is changed then.
    pub fn grads(&mut self, ids: &mut [Id]) -> Result<()> {
        for &id in &*ids {
            self.check_live(id)?;
        }
        for id in ids {
            *id = self.values.get(*id).grad.unwrap_or(0);
            if *id != 0 {
                self.tape.hold_handle(&mut self.values, *id);
            }
        }
        Ok(())
    }

    /// Whether a tensor has a gradient.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn has_grad(&self, id: Id) -> Result<bool> {
        self.check_live(id)?;
        Ok(self.values.get(id).grad.is_some())
    }

    /// Whether a gradient flows to a tensor.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn requires_grad(&self, id: Id) -> Result<bool> {
        self.check_live(id)?;
        Ok(self.values.get(id).requires_grad)
    }

    /// Whether a tensor is a leaf: no recorded op produced it.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn is_leaf(&self, id: Id) -> Result<bool> {
        self.check_live(id)?;
        Ok(self.values.get(id).node.is_none())
    }

    /// A view of the same values without a graph.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn detach(&mut self, id: Id) -> Result<Id> {
        self.check_live(id)?;
        let shape = self.values.meta(id).shape.clone();
        let mut attrs = vec![shape.rank() as f64];
        attrs.extend(shape.dims().iter().map(|&d| d as f64));
        let view = self.record_all(&table::RESHAPE, &[id], &attrs, None, false)?[0];
        self.tape.hold_handle(&mut self.values, view);
        Ok(view)
    }

    /// Numbers of callbacks whose nodes are gone since the last call.
    pub fn take_dropped_callbacks(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.tape.dropped_callbacks)
    }

    /// Sets or clears (0) the gradient of a tensor.
    ///
    /// # Errors
    /// [`Code::Shape`] or [`Code::Dtype`] when it does not fit.
    pub fn set_grad(&mut self, id: Id, grad: Id) -> Result<()> {
        self.check_live(id)?;
        if grad != 0 {
            self.check_live(grad)?;
            let (want, got) = (self.values.meta(id), self.values.meta(grad));
            if want.shape != got.shape || want.dtype.wide() != got.dtype {
                let code = if want.shape == got.shape {
                    Code::Dtype
                } else {
                    Code::Shape
                };
                return Err(Error::new(code, "this gradient does not fit the tensor")
                    .expected(format!("{} {}", want.shape, want.dtype.wide()))
                    .received(format!("{} {}", got.shape, got.dtype))
                    .hint("a gradient has the shape of its tensor; that of a half type is f32"));
            }
            self.values.hold(grad);
            self.values.set_kind(grad, Kind::Gradient);
        }
        let before = std::mem::replace(&mut self.values.get_mut(id).grad, (grad != 0).then_some(grad));
        if let Some(before) = before {
            self.tape.unhold(&mut self.values, before);
        }
        self.free_dead();
        Ok(())
    }

    /// Makes a leaf trainable or frozen.
    ///
    /// # Errors
    /// [`Code::Grad`] for a tensor that has a graph, [`Code::Dtype`] for integers.
    pub fn set_requires_grad(&mut self, id: Id, on: bool) -> Result<()> {
        self.check_live(id)?;
        let value = self.values.get(id);
        if value.node.is_some() && !on {
            return Err(Error::new(Code::Grad, "only a leaf can stop requiring a gradient")
                .hint("use detach()")
                .expected("a leaf: a tensor that no recorded operation made")
                .received("a result of recorded operations"));
        }
        if on && !value.meta.dtype.is_float() {
            return Err(Error::new(Code::Dtype, "only floating-point tensors have gradients")
                .received(value.meta.dtype.name())
                .expected("f32, f64, bf16 or f16")
                .hint(match value.meta.dtype.blocks() {
                    Some(_) => {
                        "a weight in blocks stays frozen: train LoRA factors beside it, or widen it with .to('f32')"
                    }
                    None => "convert it first: t.to('f32')",
                }));
        }
        self.values.get_mut(id).requires_grad = on;
        Ok(())
    }

    /// Keeps the gradient of a tensor that is not a leaf.
    ///
    /// # Errors
    /// [`Code::Grad`] when it needs none.
    pub fn retain_grad(&mut self, id: Id) -> Result<()> {
        self.check_live(id)?;
        let value = self.values.get(id);
        if !value.requires_grad {
            return Err(Error::new(Code::Grad, "retainGrad: this tensor needs no gradient")
                .expected("a result of tensors with requiresGrad")
                .received("a tensor without a graph")
                .hint("set requiresGrad on what it is made from"));
        }
        if let Some((number, output)) = value.node
            && !value.retain_grad
        {
            self.values.get_mut(id).retain_grad = true;
            self.values.hold(id);
            self.tape
                .nodes
                .get_mut(&number)
                .expect("a live tensor's node lives")
                .retain
                .push((output, id));
        }
        Ok(())
    }

    /// Makes the outputs depend on the inputs through a function of the caller (checkpoint, custom function). The tensors of `saved` are kept
    /// for it, and backward fails when one of them has been changed in place.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn attach_callback(&mut self, callback: u64, inputs: &[Id], outputs: &[Id], saved: &[Id]) -> Result<()> {
        for &id in inputs.iter().chain(outputs).chain(saved) {
            self.check_live(id)?;
        }
        if !outputs.iter().any(|&id| self.values.meta(id).dtype.is_float()) {
            // No gradient comes back, and a node that no tensor refers to would never be freed.
            self.tape.dropped_callbacks.push(callback);
            return Ok(());
        }
        let mut mask = 0;
        for (i, &id) in inputs.iter().enumerate() {
            if self.values.get(id).requires_grad {
                mask |= 1 << i.min(31);
            }
        }
        // A checkpointed block uses trainable parameters that are not among its inputs, so it always gets a node.
        let mut node = Node::new(&table::CALLBACK, &[], None, self.path());
        node.callback = Some(callback);
        let taped = Taped {
            inputs,
            outputs,
            metas: outputs.iter().map(|&id| self.values.meta(id).clone()).collect(),
            needs: Needs(mask),
            save: Save::default(),
        };
        let number = self.tape.add(&mut self.values, node, taped);
        let kept = saved.iter().map(|&id| Some(hold(&mut self.values, id))).collect();
        self.tape
            .nodes
            .get_mut(&number)
            .expect("it was just added")
            .saved_inputs = kept;
        for (i, &id) in outputs.iter().enumerate() {
            if self.values.meta(id).dtype.is_float() {
                self.tape.attach_output(&mut self.values, id, number, i);
            }
        }
        self.free_dead();
        Ok(())
    }
}
