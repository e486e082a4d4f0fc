//! Gradient hooks: functions of the caller that see a gradient, and may replace it, before backward continues with it.

use smallvec::SmallVec;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Id;
use crate::recorder::Recorder;

use super::graph::Tape;
use super::node::Site;
use super::walk::{Pause, Ready, Waiting, Walk};

impl Tape {
    pub(super) fn has_hooks(&self, site: Site) -> bool {
        !self.hooks.is_empty() && self.hooks.contains_key(&site)
    }

    /// The hooks of a site, in the order in which they were registered.
    pub(super) fn hooks_of(&self, site: Site) -> impl Iterator<Item = u64> {
        let hooks = if self.hooks.is_empty() {
            None
        } else {
            self.hooks.get(&site)
        };
        hooks.into_iter().flatten().copied()
    }

    /// Forgets the hooks of a node that is consumed or freed.
    pub(super) fn drop_hooks(&mut self, number: u64, outputs: usize) {
        if self.hooks.is_empty() {
            return;
        }
        for output in 0..outputs {
            self.drop_site(Site::Output(number, output));
        }
    }

    /// Forgets the hooks of a site; they are reported with the dropped callbacks.
    pub(super) fn drop_site(&mut self, site: Site) {
        if !self.hooks.is_empty()
            && let Some(hooks) = self.hooks.remove(&site)
        {
            self.dropped_callbacks.extend(hooks);
        }
    }
}

impl Recorder {
    /// Calls `hook` with the gradient of a tensor in every later backward: with the whole of it, before it is added to a leaf or passed on.
    ///
    /// # Errors
    /// [`Code::Grad`] when the tensor needs no gradient.
    pub fn register_hook(&mut self, id: Id, hook: u64) -> Result<()> {
        self.check_live(id)?;
        let value = self.values.get(id);
        if !value.requires_grad {
            return Err(Error::new(
                Code::Grad,
                "registerHook: this tensor needs no gradient, so none will come",
            )
            .expected("a tensor with requiresGrad")
            .received("requiresGrad false")
            .hint("set requiresGrad first, or register the hook outside of noGrad"));
        }
        let site = match value.node {
            Some((number, output)) => Site::Output(number, output),
            None => Site::Leaf(id),
        };
        self.tape.hooks.entry(site).or_default().push(hook);
        Ok(())
    }

    /// Removes a hook. Does nothing for one that was removed already.
    pub fn remove_hook(&mut self, hook: u64) {
        self.tape.hooks.retain(|_, hooks| {
            hooks.retain(|&each| each != hook);
            !hooks.is_empty()
        });
    }

    /// Adds to what a leaf gets in this walk, so that its hooks see the whole.
    pub(super) fn gather(&mut self, walk: &mut Walk, leaf: Id, grad: Id) -> Result<()> {
        let Some(i) = walk.leaves.iter().position(|&(each, _)| each == leaf) else {
            self.values.hold(leaf);
            self.values.hold(grad);
            walk.leaves.push_back((leaf, grad));
            return Ok(());
        };
        let sum = walk.leaves[i].1;
        let new = self.add(sum, grad)?;
        if new != sum {
            self.values.hold(new);
            walk.leaves[i].1 = new;
            self.tape.unhold(&mut self.values, sum);
        }
        Ok(())
    }

    /// Delivers the gradient that a walk accumulated for a leaf.
    pub(super) fn arrive(&mut self, walk: &mut Walk, leaf: Id, grad: Id) -> Result<()> {
        let outcome = if let Some(wanted) = &mut walk.wanted {
            for _ in 0..wanted.note(Site::Leaf(leaf), grad) {
                self.tape.hold_handle(&mut self.values, grad);
            }
            self.tape.unhold(&mut self.values, grad);
            Ok(())
        } else {
            // Without the hold of the walk a fresh gradient can be moved in.
            self.values.unhold(grad);
            let outcome = self.accumulate(leaf, grad);
            self.tape.release_if_unused(&mut self.values, grad);
            outcome
        };
        self.tape.unhold(&mut self.values, leaf);
        self.free_dead();
        outcome
    }

    /// Pauses for a hook, unless its output has no gradient or another hook has removed it.
    pub(super) fn pause_at_hook(&mut self, walk: &mut Walk, output: usize, hook: u64) -> Option<Pause> {
        let (site, path) = match walk.ready {
            Some(Ready::Node(number)) => (Site::Output(number, output), self.tape.nodes[&number].path),
            Some(Ready::Leaf { leaf, .. }) => (Site::Leaf(leaf), 0),
            None => return None,
        };
        if !self.tape.hooks_of(site).any(|each| each == hook) {
            return None;
        }
        let grad = self.ready_grad(walk, output)?;
        self.tape.hold_handle(&mut self.values, grad);
        walk.waiting = Some(Waiting::Hook(output));
        walk.path = Some(self.set_path(path));
        Some(Pause {
            callback: hook,
            grads: SmallVec::from_elem(grad, 1),
            saved: SmallVec::new(),
        })
    }

    fn ready_grad(&self, walk: &Walk, output: usize) -> Option<Id> {
        match walk.ready {
            Some(Ready::Leaf { grad, .. }) => Some(grad),
            Some(Ready::Node(number)) => self.tape.nodes[&number].grads[output],
            None => None,
        }
    }

    /// Continues with the gradient that a hook returned.
    pub(super) fn replace_grad(&mut self, walk: &mut Walk, output: usize, new: Id) -> Result<()> {
        self.check_live(new)?;
        let old = self
            .ready_grad(walk, output)
            .expect("a hook is called with a gradient that is there");
        if new == old {
            return Ok(());
        }
        let (want, got) = (self.values.meta(old), self.values.meta(new));
        if want.shape != got.shape || want.dtype != got.dtype {
            let code = if want.shape == got.shape {
                Code::Dtype
            } else {
                Code::Shape
            };
            return Err(
                Error::new(code, "a gradient hook returned a gradient that does not fit the tensor")
                    .expected(format!("{} {}", want.shape, want.dtype))
                    .received(format!("{} {}", got.shape, got.dtype))
                    .hint("return a gradient of the same shape and dtype, or nothing to leave it as it is"),
            );
        }
        self.values.hold(new);
        match &mut walk.ready {
            Some(Ready::Leaf { grad, .. }) => *grad = new,
            Some(Ready::Node(number)) => {
                let node = self
                    .tape
                    .nodes
                    .get_mut(number)
                    .expect("a ready node is kept by its walk");
                node.grads[output] = Some(new);
            }
            None => {}
        }
        self.tape.unhold(&mut self.values, old);
        self.free_dead();
        Ok(())
    }
}
