//! A backward in progress: what is still to be visited, where it pauses, how it begins and how it is abandoned.

use std::collections::{BinaryHeap, VecDeque};

use smallvec::SmallVec;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Id;
use crate::ops::table;
use crate::recorder::Recorder;

use super::node::{Edge, Node};
use super::wanted::Wanted;

/// A backward in progress. It can pause at a hook, and at a node whose backward is a function of the caller.
pub struct Walk {
    pub(super) heap: BinaryHeap<u64>,
    pub(super) retain_graph: bool,
    pub(super) waiting: Option<Waiting>,
    /// Whose hooks are being called; it is run when they are done.
    pub(super) ready: Option<Ready>,
    /// Hooks still to call, with the output of `ready` whose gradient they get.
    pub(super) hooks: VecDeque<(usize, u64)>,
    /// Leaves whose gradients are accumulated before they are delivered, in the order in which they were reached.
    pub(super) leaves: VecDeque<(Id, Id)>,
    /// Set when gradients are returned instead of added to the leaves.
    pub(super) wanted: Option<Wanted>,
    /// The module path to restore after a pause.
    pub(super) path: Option<u32>,
}

/// Something whose gradient is complete.
pub(super) enum Ready {
    Node(u64),
    Leaf { leaf: Id, grad: Id },
}

/// What the caller must answer.
pub(super) enum Waiting {
    /// The gradients of a node's inputs.
    Block(u64),
    /// The gradient of this output of what is ready.
    Hook(usize),
}

/// The walk needs an answer of the caller.
pub struct Pause {
    /// The caller's number for the node or the hook.
    pub callback: u64,
    /// Gradients; 0 where nothing depends on one. The caller gets a handle on each.
    pub grads: SmallVec<[Id; 3]>,
    /// Tensors that the node saved for its backward, without handles.
    pub saved: SmallVec<[Id; 3]>,
}

impl Walk {
    pub(super) fn new(retain_graph: bool, wanted: Option<Wanted>) -> Self {
        Walk {
            heap: BinaryHeap::new(),
            retain_graph,
            waiting: None,
            ready: None,
            hooks: VecDeque::new(),
            leaves: VecDeque::new(),
            wanted,
            path: None,
        }
    }

    /// The inputs of a node that get a gradient in this walk.
    pub(super) fn needs(&self, node: &Node) -> SmallVec<[bool; 8]> {
        let leads = |edge: &Edge| *edge != Edge::None && !self.ignores(*edge);
        node.edges.iter().map(leads).collect()
    }

    /// Whether an edge leads to nothing that was asked for.
    pub(super) fn ignores(&self, edge: Edge) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| !wanted.reaches(edge))
    }

    /// The gradients that were asked for, by position: 0 where nothing depends on one. The caller gets a handle on each.
    pub fn found(&mut self) -> Vec<Id> {
        self.wanted
            .as_mut()
            .map_or_else(Vec::new, |wanted| std::mem::take(&mut wanted.found))
    }
}

impl Recorder {
    /// Delivers the first gradient of a walk: `grad` at `root` (0: ones, for a scalar).
    pub(super) fn backward_seed(&mut self, walk: &mut Walk, root: Id, grad: Id) -> Result<()> {
        self.check_live(root)?;
        let value = self.values.get(root);
        if !value.requires_grad {
            return Err(Error::new(Code::Grad, "backward: this tensor requires no gradient and has no graph")
                .expected("a result of tensors with requiresGrad")
                .hint("was it computed under noGrad, from detached or frozen tensors only, or while layers were merged? training needs model.train()").received("a tensor without a graph"));
        }
        let edge = match value.node {
            Some((number, output)) => Edge::Node(number, output),
            None => Edge::Leaf(root),
        };
        let seed = if grad == 0 {
            self.ones_for(root)?
        } else {
            self.given_seed(root, grad)?
        };
        let sent = self.deliver(walk, edge, seed);
        self.drop_if_unused(seed);
        sent
    }

    fn given_seed(&mut self, root: Id, grad: Id) -> Result<Id> {
        self.check_live(grad)?;
        let (meta, given) = (self.values.meta(root), self.values.meta(grad));
        let wide = meta.dtype.wide();
        if given.shape != meta.shape {
            return Err(
                Error::new(Code::Shape, "backward: the gradient has another shape than the tensor")
                    .expected(meta.shape.to_string())
                    .received(given.shape.to_string())
                    .hint("pass a gradient of the shape of the tensor, or sum() the tensor and pass none"),
            );
        }
        if given.dtype != wide && given.dtype != meta.dtype {
            return Err(
                Error::new(Code::Dtype, "backward: the gradient has another dtype than the tensor")
                    .expected(wide.name())
                    .received(given.dtype.name())
                    .hint("convert the gradient with .to(dtype)"),
            );
        }
        // The rules take gradients in full precision.
        if given.dtype == wide {
            return Ok(grad);
        }
        self.cast(grad, wide)
    }

    fn ones_for(&mut self, root: Id) -> Result<Id> {
        let meta = self.values.meta(root).clone();
        if meta.shape.numel() != 1 {
            return Err(
                Error::new(Code::Grad, "backward: only a scalar has a gradient of its own")
                    .expected("a tensor with one element, or a gradient argument")
                    .received(format!("shape {}", meta.shape))
                    .hint("reduce it with sum() or mean(), or pass a gradient of the same shape"),
            );
        }
        // Computed from the loss, not from nothing: when the loss failed, all its gradients fail too, and no step uses them.
        let sound = self.record_all(&table::ALL_SOUND, &[root], &[1.0], None, false)?[0];
        let one = self.cast(sound, meta.dtype.wide())?;
        self.drop_if_unused(sound);
        if meta.shape.rank() == 0 {
            return Ok(one);
        }
        let mut attrs = vec![meta.shape.rank() as f64];
        attrs.extend(meta.shape.dims().iter().map(|&d| d as f64));
        let ones = self.record_all(&table::RESHAPE, &[one], &attrs, None, false)?[0];
        self.drop_if_unused(one);
        Ok(ones)
    }

    /// Pauses at a node that the caller runs.
    pub(super) fn pause_at_block(&mut self, walk: &mut Walk, number: u64, node: &Node) -> Pause {
        let grads: SmallVec<[Id; 3]> = node.grads.iter().map(|g| g.unwrap_or(0)).collect();
        for &id in grads.iter().filter(|&&id| id != 0) {
            self.tape.hold_handle(&mut self.values, id);
        }
        walk.waiting = Some(Waiting::Block(number));
        walk.path = Some(self.set_path(node.path));
        Pause {
            callback: node.callback.expect("a block has a callback"),
            grads,
            saved: node.saved_inputs.iter().flatten().map(|(id, _)| *id).collect(),
        }
    }

    /// Ends a pause: the caller has answered, or never will.
    pub(super) fn resume(&mut self, walk: &mut Walk) {
        if let Some(path) = walk.path.take() {
            self.set_path(path);
        }
    }

    /// Abandons a walk that its caller cannot continue.
    pub fn backward_abandon(&mut self, walk: &mut Walk) {
        self.abandon(walk);
    }

    /// Clears what an interrupted walk left in the nodes.
    pub(super) fn abandon(&mut self, walk: &mut Walk) {
        self.resume(walk);
        let mut numbers: Vec<u64> = walk.heap.drain().collect();
        if let Some(Waiting::Block(number)) = walk.waiting.take() {
            numbers.push(number);
        }
        match walk.ready.take() {
            Some(Ready::Node(number)) => numbers.push(number),
            Some(Ready::Leaf { leaf, grad }) => walk.leaves.push_back((leaf, grad)),
            None => {}
        }
        walk.hooks.clear();
        for number in numbers {
            self.clear_grads(number);
        }
        for (leaf, grad) in std::mem::take(&mut walk.leaves) {
            self.tape.unhold(&mut self.values, grad);
            self.tape.unhold(&mut self.values, leaf);
        }
        for id in walk.found().into_iter().filter(|&id| id != 0) {
            self.tape.drop_handle(&mut self.values, id);
        }
        self.free_dead();
    }

    /// Drops the gradients that a queued node has received, and the reference of the walk.
    pub(super) fn clear_grads(&mut self, number: u64) {
        let grads: SmallVec<[Id; 3]> = self
            .tape
            .nodes
            .get_mut(&number)
            .map(|n| n.grads.iter_mut().filter_map(Option::take).collect())
            .unwrap_or_default();
        for id in grads {
            self.tape.unhold(&mut self.values, id);
        }
        self.tape.unref(&mut self.values, number);
    }
}
