//! The walk of backward: by descending sequence number, without recursion, consuming each node as it goes.

use std::collections::BinaryHeap;

use smallvec::SmallVec;

use crate::code::Code;
use crate::entry::Id;
use crate::error::{Error, Result};
use crate::ops::row::Gradient;
use crate::ops::table;
use crate::recorder::Recorder;
use crate::values::Kind;

use super::back::Back;
use super::node::{Edge, Node};

/// A backward under way. It can pause at a node whose backward is a function of the caller.
pub struct Walk {
    heap: BinaryHeap<u64>,
    retain_graph: bool,
    waiting: Option<u64>,
}

/// The walk has reached a node that the caller must answer.
pub struct Pause {
    /// The caller's number for the node.
    pub callback: u64,
    /// Gradients of its outputs; 0 where nothing depends on one. The caller gets a handle on each.
    pub grads: SmallVec<[Id; 3]>,
}

impl Recorder {
    /// Begins backward at `root` with gradient `grad` (0: ones, for a scalar).
    ///
    /// # Errors
    /// [`Code::Grad`] when there is no graph, [`Code::Shape`] when the gradient does not fit.
    pub fn backward_begin(&mut self, root: Id, grad: Id, retain_graph: bool) -> Result<Walk> {
        self.check_failure()?;
        self.check_live(root)?;
        let value = self.values.get(root);
        if !value.requires_grad {
            return Err(Error::new(Code::Grad, "backward: this tensor needs no gradient and has no graph")
                .expected("a result of tensors with requiresGrad")
                .hint("was it made under noGrad, from detached or only from frozen tensors, or while layers were merged? training needs model.train()"));
        }
        let meta = value.meta.clone();
        let edge = match value.node {
            Some((number, output)) => Edge::Node(number, output),
            None => Edge::Leaf(root),
        };
        let seed = if grad != 0 {
            self.check_live(grad)?;
            let given = self.values.meta(grad);
            if given.shape != meta.shape {
                return Err(
                    Error::new(Code::Shape, "backward: the gradient has another shape than the tensor")
                        .expected(meta.shape.to_string())
                        .received(given.shape.to_string()),
                );
            }
            if given.dtype != meta.dtype.wide() && given.dtype != meta.dtype {
                return Err(
                    Error::new(Code::Dtype, "backward: the gradient has another dtype than the tensor")
                        .expected(meta.dtype.wide().name())
                        .received(given.dtype.name()),
                );
            }
            // The rules take gradients in full precision.
            if given.dtype == meta.dtype.wide() {
                grad
            } else {
                self.record_all(
                    &table::CAST,
                    &[grad],
                    &[f64::from(meta.dtype.wide() as u8)],
                    None,
                    false,
                )?[0]
            }
        } else {
            if meta.shape.numel() != 1 {
                return Err(
                    Error::new(Code::Grad, "backward: only a scalar has a gradient of its own")
                        .expected("a tensor with one element, or a gradient argument")
                        .received(format!("shape {}", meta.shape))
                        .hint("reduce it with sum() or mean(), or pass a gradient of the same shape"),
                );
            }
            let mut attrs = vec![meta.shape.rank() as f64];
            attrs.extend(meta.shape.dims().iter().map(|&d| d as f64));
            attrs.extend([1.0, f64::from(meta.dtype.wide() as u8)]);
            self.record_all(&table::FULL, &[], &attrs, None, false)?[0]
        };
        let mut walk = Walk {
            heap: BinaryHeap::new(),
            retain_graph,
            waiting: None,
        };
        let sent = self.deliver(&mut walk, edge, seed);
        self.drop_if_unused(seed);
        sent.map(|()| walk)
    }

    /// Goes on until the walk ends (`None`) or pauses.
    ///
    /// # Errors
    /// Those of the rules: a consumed graph, a saved tensor changed in place. The walk is over then.
    pub fn backward_run(&mut self, walk: &mut Walk) -> Result<Option<Pause>> {
        let result = self.run(walk);
        if result.is_err() {
            self.abandon(walk);
        }
        result
    }

    /// Answers a pause with the gradients of the node's inputs (0: none), and goes on.
    ///
    /// # Errors
    /// As [`Recorder::backward_run`].
    pub fn backward_supply(&mut self, walk: &mut Walk, grads: &[Id]) -> Result<()> {
        let number = walk.waiting.take().expect("the caller answers a pause");
        let node = self
            .tape
            .nodes
            .remove(&number)
            .expect("a paused node is kept by its walk");
        let results: SmallVec<[Option<Id>; 5]> = (0..node.edges.len())
            .map(|i| grads.get(i).copied().filter(|&g| g != 0))
            .collect();
        let outcome = self.finish(walk, number, node, &results);
        if outcome.is_err() {
            self.abandon(walk);
        }
        outcome
    }

    fn run(&mut self, walk: &mut Walk) -> Result<Option<Pause>> {
        while let Some(number) = walk.heap.pop() {
            let node = self
                .tape
                .nodes
                .remove(&number)
                .expect("a queued node is kept by its walk");
            if let Some(callback) = node.callback {
                let grads: SmallVec<[Id; 3]> = node.grads.iter().map(|g| g.unwrap_or(0)).collect();
                for &id in grads.iter().filter(|&&id| id != 0) {
                    self.tape.hold_handle(&mut self.values, id);
                }
                self.tape.nodes.insert(number, node);
                walk.waiting = Some(number);
                return Ok(Some(Pause { callback, grads }));
            }
            let path = self.set_path(node.path);
            let outcome = self.visit(&node);
            match outcome {
                Ok((results, made)) => {
                    let finished = self.finish(walk, number, node, &results);
                    for id in made {
                        self.tape.release_if_unused(&mut self.values, id);
                    }
                    self.free_dead();
                    self.set_path(path);
                    finished?;
                }
                Err(error) => {
                    let error = error.op(node.row.name).path(self.path_name());
                    self.tape.nodes.insert(number, node);
                    walk.heap.push(number);
                    self.set_path(path);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Runs the rule of a node.
    #[allow(clippy::type_complexity, reason = "two lists, used once")]
    fn visit(&mut self, node: &Node) -> Result<(SmallVec<[Option<Id>; 5]>, Vec<Id>)> {
        self.check_saved(node)?;
        let Gradient::Rule { backward, .. } = node.row.gradient else {
            return Err(Error::new(Code::NoGrad, "this op has no gradient rule"));
        };
        let mut back = Back {
            recorder: self,
            node,
            results: SmallVec::from_elem(None, node.edges.len()),
            made: Vec::new(),
        };
        let outcome = backward(&mut back);
        let (results, made) = (back.results, back.made);
        match outcome {
            Ok(()) => Ok((results, made)),
            Err(error) => {
                for id in made {
                    self.drop_if_unused(id);
                }
                Err(error)
            }
        }
    }

    fn check_saved(&self, node: &Node) -> Result<()> {
        if node.consumed {
            return Err(Error::new(
                Code::Grad,
                "backward ran through this graph before, and its saved tensors are gone",
            )
            .expected("one backward per graph")
            .hint("pass { retainGraph: true } to the first backward, or compute the loss again"));
        }
        for (id, version) in node.saved_inputs.iter().chain(&node.saved_outputs).flatten() {
            let now = self.values.storage(*id).version;
            if now != *version {
                return Err(Error::new(
                    Code::Version,
                    "a tensor that backward needs was changed in place after it was used",
                )
                .expected(format!("version {version} of a {} tensor", self.values.meta(*id).shape))
                .received(format!("version {now}"))
                .hint("use the form without the underscore, or call backward() before optimizer.step()"));
            }
        }
        Ok(())
    }

    /// Sends gradients on, then uses the node up.
    fn finish(&mut self, walk: &mut Walk, number: u64, mut node: Node, results: &[Option<Id>]) -> Result<()> {
        let mut outcome = Ok(());
        for (i, result) in results.iter().enumerate() {
            if let (Some(id), edge) = (*result, node.edges[i])
                && outcome.is_ok()
            {
                outcome = self.deliver(walk, edge, id);
            }
        }
        for k in 0..node.retain.len() {
            let (output, id) = node.retain[k];
            if let Some(grad) = node.grads[output] {
                self.accumulate(id, grad)?;
            }
        }
        for slot in 0..node.grads.len() {
            if let Some(grad) = node.grads[slot].take() {
                self.tape.unhold(&mut self.values, grad);
            }
        }
        if !walk.retain_graph {
            node.consumed = true;
            for id in node.take_holds() {
                self.tape.unhold(&mut self.values, id);
            }
            let edges = std::mem::take(&mut node.edges);
            self.tape.nodes.insert(number, node);
            for edge in edges {
                match edge {
                    Edge::None => {}
                    Edge::Leaf(id) => self.tape.unhold(&mut self.values, id),
                    Edge::Node(producer, _) => self.tape.unref(&mut self.values, producer),
                }
            }
        } else {
            self.tape.nodes.insert(number, node);
        }
        // The walk's own hold.
        self.tape.unref(&mut self.values, number);
        self.free_dead();
        outcome
    }

    fn deliver(&mut self, walk: &mut Walk, edge: Edge, grad: Id) -> Result<()> {
        match edge {
            Edge::None => Ok(()),
            Edge::Leaf(id) => self.accumulate(id, grad),
            Edge::Node(number, output) => {
                let node = self.tape.nodes.get_mut(&number).expect("an edge keeps its node");
                let idle = node.grads.iter().all(Option::is_none);
                match node.grads[output] {
                    None => {
                        node.grads[output] = Some(grad);
                        self.values.hold(grad);
                        if idle {
                            node.refs += 1;
                            walk.heap.push(number);
                        }
                        Ok(())
                    }
                    Some(sum) => {
                        let new = self.add(sum, grad)?;
                        if new != sum {
                            self.values.hold(new);
                            self.tape.nodes.get_mut(&number).expect("it was just there").grads[output] = Some(new);
                            self.tape.unhold(&mut self.values, sum);
                        }
                        Ok(())
                    }
                }
            }
        }
    }

    /// `sum + grad`: in place when nobody else sees `sum`.
    fn add(&mut self, sum: Id, grad: Id) -> Result<Id> {
        if self.values.is_sole(sum) && sum != grad {
            self.record_all(&table::ADD_INPLACE, &[sum, grad], &[], None, false)?;
            return Ok(sum);
        }
        Ok(self.record_all(&table::ADD, &[sum, grad], &[], None, false)?[0])
    }

    /// Adds to the gradient of a leaf. The first one moves in; one that others share is copied.
    fn accumulate(&mut self, leaf: Id, grad: Id) -> Result<()> {
        if let Some(sum) = self.values.get(leaf).grad {
            if self.values.storage_number(sum) != self.values.storage_number(grad) {
                return self
                    .record_all(&table::ADD_INPLACE, &[sum, grad], &[], None, false)
                    .map(|_| ());
            }
            // The user made the gradient that comes also the one that is there.
            let copy = self.record_all(&table::CLONE, &[grad], &[], None, false)?[0];
            let added = self.record_all(&table::ADD_INPLACE, &[sum, copy], &[], None, false);
            self.drop_if_unused(copy);
            return added.map(|_| ());
        }
        // A fresh result has no holder yet; anything held elsewhere is seen by others too.
        let own = if self.values.is_unused(grad) && self.values.storage(grad).users == 1 {
            grad
        } else {
            self.record_all(&table::CLONE, &[grad], &[], None, false)?[0]
        };
        self.values.hold(own);
        self.values.get_mut(leaf).grad = Some(own);
        self.values.storage_mut(own).kind = Kind::Gradient;
        Ok(())
    }

    /// Gives up a walk that its caller cannot go on with.
    pub fn backward_abandon(&mut self, walk: &mut Walk) {
        self.abandon(walk);
    }

    /// Clears what an interrupted walk left in the nodes.
    fn abandon(&mut self, walk: &mut Walk) {
        let mut numbers: Vec<u64> = walk.heap.drain().collect();
        numbers.extend(walk.waiting.take());
        for number in numbers {
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
        self.free_dead();
    }

    pub(crate) fn free_dead(&mut self) {
        let dead = self.tape.take_dead();
        self.free_values(dead);
    }
}
