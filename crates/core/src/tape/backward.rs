//! The walk of backward: by descending sequence number, without recursion, consuming each node as it goes.

use smallvec::SmallVec;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::{Id, Meta};
use crate::ops::back::{Back, Record, Recorded};
use crate::ops::row::{Gradient, OpRow};
use crate::ops::table;
use crate::recorder::{Kind, Recorder};
use crate::rng::Rng;

use super::node::{Edge, Node, Site};
use super::walk::{Pause, Ready, Waiting, Walk};

impl Record for Recorder {
    fn record(
        &mut self,
        row: &'static OpRow,
        inputs: &[Id],
        attrs: &[f64],
        rng: Option<Rng>,
    ) -> Result<SmallVec<[Id; 3]>> {
        self.record_all(row, inputs, attrs, rng, false)
    }

    fn meta(&self, id: Id) -> &Meta {
        self.values.meta(id)
    }

    fn is_sole(&self, id: Id) -> bool {
        self.values.is_sole(id)
    }
}

impl Recorder {
    /// Begins backward at `root` with gradient `grad` (0: ones, for a scalar).
    ///
    /// # Errors
    /// [`Code::Grad`] when there is no graph, [`Code::Shape`] when the gradient does not fit.
    pub fn backward_begin(&mut self, root: Id, grad: Id, retain_graph: bool) -> Result<Walk> {
        self.check_failure()?;
        let mut walk = Walk::new(retain_graph, None);
        self.backward_seed(&mut walk, root, grad)?;
        Ok(walk)
    }

    /// Continues until the walk ends (`None`) or pauses.
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

    /// Answers a pause: for a block with the gradients of its inputs (0: none), for a hook with the gradient to continue with (0: unchanged).
    ///
    /// # Errors
    /// As [`Recorder::backward_run`]; [`Code::Shape`] and [`Code::Dtype`] for a gradient of a hook that does not fit.
    pub fn backward_supply(&mut self, walk: &mut Walk, grads: &[Id]) -> Result<()> {
        self.resume(walk);
        let outcome = match walk.waiting.take().expect("the caller answers a pause") {
            Waiting::Hook(output) => match grads.first() {
                Some(&grad) if grad != 0 => self.replace_grad(walk, output, grad),
                _ => Ok(()),
            },
            Waiting::Block(number) => {
                let node = self
                    .tape
                    .nodes
                    .remove(&number)
                    .expect("a paused node is kept by its walk");
                let results: SmallVec<[Option<Id>; 5]> = (0..node.edges.len())
                    .map(|i| grads.get(i).copied().filter(|&g| g != 0))
                    .collect();
                if let Err(error) = self.check_answer(&node, &results) {
                    walk.waiting = Some(Waiting::Block(number));
                    self.tape.nodes.insert(number, node);
                    Err(error)
                } else {
                    self.finish(walk, number, node, &results)
                }
            }
        };
        if outcome.is_err() {
            self.abandon(walk);
        }
        outcome
    }

    /// The gradients that the caller supplies must fit the inputs.
    fn check_answer(&self, node: &Node, results: &[Option<Id>]) -> Result<()> {
        for (i, result) in results.iter().enumerate() {
            let (Some(id), Some(want)) = (*result, &node.input_metas[i]) else {
                continue;
            };
            self.check_live(id)?;
            let got = self.values.meta(id);
            if node.edges[i] != Edge::None && (got.shape != want.shape || got.dtype != want.dtype.wide()) {
                let code = if got.shape == want.shape {
                    Code::Dtype
                } else {
                    Code::Shape
                };
                return Err(Error::new(code, "backward: the gradient of an input does not fit it")
                    .expected(format!("{} {}", want.shape, want.dtype.wide()))
                    .received(format!("{} {} for input {i}", got.shape, got.dtype))
                    .path(self.path_of(node.path))
                    .hint("return a gradient with the shape and dtype of the input"));
            }
        }
        Ok(())
    }

    fn run(&mut self, walk: &mut Walk) -> Result<Option<Pause>> {
        loop {
            if let Some((output, hook)) = walk.hooks.pop_front() {
                if let Some(pause) = self.pause_at_hook(walk, output, hook) {
                    return Ok(Some(pause));
                }
                continue;
            }
            match walk.ready.take() {
                Some(Ready::Leaf { leaf, grad }) => self.arrive(walk, leaf, grad)?,
                Some(Ready::Node(number)) => {
                    if let Some(pause) = self.enter(walk, number)? {
                        return Ok(Some(pause));
                    }
                }
                None if self.next(walk) => {}
                None => return Ok(None),
            }
        }
    }

    /// Chooses what comes next, with its hooks: the newest node or, when none is left, a leaf whose gradient has been accumulated.
    fn next(&mut self, walk: &mut Walk) -> bool {
        if let Some(number) = walk.heap.pop() {
            for output in 0..self.tape.nodes.get(&number).map_or(0, |n| n.grads.len()) {
                let hooks = self.tape.hooks_of(Site::Output(number, output));
                walk.hooks.extend(hooks.map(|hook| (output, hook)));
            }
            walk.ready = Some(Ready::Node(number));
            return true;
        }
        let Some((leaf, grad)) = walk.leaves.pop_front() else {
            return false;
        };
        walk.hooks
            .extend(self.tape.hooks_of(Site::Leaf(leaf)).map(|hook| (0, hook)));
        walk.ready = Some(Ready::Leaf { leaf, grad });
        true
    }

    /// Runs a node whose gradients are complete, or pauses at one that the caller runs.
    fn enter(&mut self, walk: &mut Walk, number: u64) -> Result<Option<Pause>> {
        if !self.take_wanted(walk, number) {
            return Ok(None);
        }
        let mut node = self
            .tape
            .nodes
            .remove(&number)
            .expect("a queued node is kept by its walk");
        let rule = self.set_rule(Some(node.row.signature.name));
        let ready = self.check_saved(&node).and_then(|()| self.fetch_borrowed(&mut node));
        let outcome = ready.and_then(|()| match node.callback {
            Some(_) => Ok(None),
            None => self.visit(walk, &node).map(Some),
        });
        match outcome {
            Ok(None) => {
                self.set_rule(rule);
                let pause = self.pause_at_block(walk, number, &node);
                self.tape.nodes.insert(number, node);
                Ok(Some(pause))
            }
            Ok(Some((results, made))) => {
                let path = self.set_path(node.path);
                let finished = self.finish(walk, number, node, &results);
                for id in made {
                    self.tape.release_if_unused(&mut self.values, id);
                }
                self.free_dead();
                self.set_path(path);
                self.set_rule(rule);
                finished.map(|()| None)
            }
            Err(error) => {
                let error = error.op(node.row.signature.name).path(self.path_of(node.path));
                self.tape.nodes.insert(number, node);
                walk.heap.push(number);
                self.set_rule(rule);
                Err(error)
            }
        }
    }

    /// Runs the rule of a node.
    #[allow(clippy::type_complexity, reason = "two lists, used once")]
    fn visit(&mut self, walk: &Walk, node: &Node) -> Result<(SmallVec<[Option<Id>; 5]>, Vec<Id>)> {
        let Gradient::Rule { backward, .. } = node.row.gradient else {
            return Err(Error::new(Code::NoGrad, "this op has no gradient rule"));
        };
        let path = self.set_path(node.path);
        let mut back = Back::new(
            self,
            Recorded {
                signature: &node.row.signature,
                attrs: &node.attrs,
                rng: node.rng,
                input_metas: &node.input_metas,
                output_metas: &node.output_metas,
                saved_inputs: &node.saved_inputs,
                saved_outputs: &node.saved_outputs,
                grads: &node.grads,
                needs: walk.needs(node),
                retain_graph: walk.retain_graph,
            },
        );
        let outcome = backward(&mut back);
        let (results, made) = (back.results, back.made);
        self.set_path(path);
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

    pub(super) fn check_saved(&self, node: &Node) -> Result<()> {
        if node.consumed {
            return Err(Error::new(
                Code::Grad,
                "backward ran through this graph before, and its saved tensors are gone",
            )
            .expected("one backward per graph")
            .hint("pass { retainGraph: true } to the first backward, or compute the loss again")
            .received("a second backward"));
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

    /// Passes the gradients on to the inputs, then consumes the node.
    fn finish(&mut self, walk: &mut Walk, number: u64, mut node: Box<Node>, results: &[Option<Id>]) -> Result<()> {
        let mut outcome = Ok(());
        for (i, result) in results.iter().enumerate() {
            if let (Some(id), edge) = (*result, node.edges[i])
                && outcome.is_ok()
            {
                outcome = self.deliver(walk, edge, id);
            }
        }
        let kept = if walk.wanted.is_some() { 0 } else { node.retain.len() };
        for k in 0..kept {
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
            // Borrowers in another graph are visited later: what they need is recomputed while it still can be.
            if node.borrowers > 0 && node.recomputed.is_none() && outcome.is_ok() {
                outcome = self.recompute(&node).map(|id| node.recomputed = Some(id));
            }
            node.consumed = true;
            // No later walk visits this node.
            self.tape.drop_hooks(number, node.grads.len());
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
        // The reference of the walk.
        self.tape.unref(&mut self.values, number);
        self.free_dead();
        outcome
    }

    pub(super) fn deliver(&mut self, walk: &mut Walk, edge: Edge, grad: Id) -> Result<()> {
        match edge {
            Edge::None => Ok(()),
            edge if walk.ignores(edge) => Ok(()),
            Edge::Leaf(id) if walk.wanted.is_some() || self.tape.has_hooks(Site::Leaf(id)) => {
                self.gather(walk, id, grad)
            }
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

    /// `sum + grad`, in place when nobody else can see `sum`.
    pub(super) fn add(&mut self, sum: Id, grad: Id) -> Result<Id> {
        if self.values.is_sole(sum) && sum != grad {
            self.record_all(&table::ADD_INPLACE, &[sum, grad], &[], None, false)?;
            return Ok(sum);
        }
        Ok(self.record_all(&table::ADD, &[sum, grad], &[], None, false)?[0])
    }

    /// Accumulates into the gradient of a leaf. The first gradient is moved in, unless it is shared: then it is copied.
    pub(super) fn accumulate(&mut self, leaf: Id, grad: Id) -> Result<()> {
        if let Some(sum) = self.values.get(leaf).grad {
            if self.values.storage_number(sum) != self.values.storage_number(grad) {
                return self
                    .record_all(&table::ADD_INPLACE, &[sum, grad], &[], None, false)
                    .map(|_| ());
            }
            // The user set the incoming gradient as the accumulated one.
            let copy = self.record_all(&table::CLONE, &[grad], &[], None, false)?[0];
            let added = self.record_all(&table::ADD_INPLACE, &[sum, copy], &[], None, false);
            self.drop_if_unused(copy);
            return added.map(|_| ());
        }
        // A fresh result has no holder yet; anything that is held may be seen by others.
        let own = if self.values.is_unused(grad) && self.values.storage(grad).users == 1 {
            grad
        } else {
            self.record_all(&table::CLONE, &[grad], &[], None, false)?[0]
        };
        self.values.hold(own);
        self.values.get_mut(leaf).grad = Some(own);
        self.values.set_kind(own, Kind::Gradient);
        Ok(())
    }

    pub(crate) fn free_dead(&mut self) {
        let dead = self.tape.take_dead();
        self.free_values(dead);
    }
}
