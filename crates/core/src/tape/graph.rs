//! The graph: nodes, what they hold, and how they are released.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::node::{Edge, Node, Site};
use crate::meta::{Id, Metas};
use crate::ops::row::{Needs, Save};
use crate::recorder::{Dead, Values};

/// All nodes of one environment, by sequence number: a consumer's number is higher than its producer's.
#[derive(Default)]
pub struct Tape {
    // Boxed: a node is a kilobyte, and backward takes it out and puts it back.
    pub(super) nodes: FxHashMap<u64, Box<Node>>,
    pub(super) last: u64,
    pub(super) dead: Vec<Dead>,
    pub(super) hooks: FxHashMap<Site, Vec<u64>>,
    pub(crate) dropped_callbacks: Vec<u64>,
}

/// What a new node is made of.
pub struct Taped<'a> {
    /// Inputs of the op; 0 is none.
    pub inputs: &'a [Id],
    /// What it produces, or changes in place.
    pub outputs: &'a [Id],
    /// Shapes and dtypes of the outputs.
    pub metas: Metas,
    /// The inputs that need a gradient.
    pub needs: Needs,
    /// What backward will need.
    pub save: Save,
}

/// What may have lost its last reference.
enum Loose {
    Value(Id),
    Node(u64),
}

impl Tape {
    /// Number of live nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no node lives.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a node with edges to the inputs that need a gradient, and holds what it saves.
    pub fn add(&mut self, values: &mut Values, mut node: Box<Node>, taped: Taped<'_>) -> u64 {
        let Taped {
            inputs,
            outputs,
            metas,
            needs,
            save,
        } = taped;
        self.last += 1;
        node.grads = SmallVec::from_elem(None, metas.len());
        node.output_metas = metas;
        let bits: SmallVec<[usize; 8]> = node.row.signature.bits(&node.attrs).take(inputs.len()).collect();
        for (i, (&id, &bit)) in inputs.iter().zip(&bits).enumerate() {
            node.input_metas.push((id != 0).then(|| values.meta(id).clone()));
            let edge = self.edge(values, id, id != 0 && needs.input(bit));
            let saved = id != 0 && save.inputs >> bit & 1 == 1;
            let borrowed = saved && self.borrow(values, &mut node, i, id, edge);
            node.edges.push(edge);
            node.saved_inputs.push((saved && !borrowed).then(|| hold(values, id)));
        }
        for (i, &id) in outputs.iter().enumerate() {
            node.saved_outputs
                .push((save.outputs >> i & 1 == 1).then(|| hold(values, id)));
        }
        self.nodes.insert(self.last, node);
        self.last
    }

    fn edge(&mut self, values: &mut Values, id: Id, needed: bool) -> Edge {
        if !needed || !values.get(id).requires_grad {
            return Edge::None;
        }
        match values.get(id).node {
            Some((number, output)) => {
                self.nodes.get_mut(&number).expect("a live tensor's node lives").refs += 1;
                Edge::Node(number, output)
            }
            None => {
                values.hold(id);
                Edge::Leaf(id)
            }
        }
    }

    /// Makes the value output `i` of the node. A value that had another node (changed in place) gives up its reference to that.
    pub fn attach_output(&mut self, values: &mut Values, id: Id, number: u64, i: usize) {
        let handled = values.has_handle(id);
        let value = values.get_mut(id);
        value.requires_grad = true;
        let before = value.node.replace((number, i));
        if handled {
            self.nodes.get_mut(&number).expect("it was just added").refs += 1;
            if let Some((old, _)) = before {
                self.unref(values, old);
            }
        }
    }

    /// Adds a handle to a tensor, and with the first one a reference to the node that produced it.
    pub fn hold_handle(&mut self, values: &mut Values, id: Id) {
        if values.hold_handle(id)
            && let Some((number, _)) = values.get(id).node
        {
            self.nodes.get_mut(&number).expect("a live tensor's node lives").refs += 1;
        }
    }

    /// Drops one handle of a tensor.
    pub fn drop_handle(&mut self, values: &mut Values, id: Id) {
        if values.drop_handle(id)
            && let Some((number, _)) = values.get(id).node
        {
            self.unref(values, number);
        }
        self.release_if_unused(values, id);
    }

    pub(crate) fn unref(&mut self, values: &mut Values, number: u64) {
        let node = self
            .nodes
            .get_mut(&number)
            .expect("a node lives while something refers to it");
        node.refs -= 1;
        if node.refs == 0 {
            self.settle(values, Loose::Node(number));
        }
    }

    /// Frees a value that nobody holds.
    pub fn release_if_unused(&mut self, values: &mut Values, id: Id) {
        self.settle(values, Loose::Value(id));
    }

    /// Releases what is no longer referenced, iteratively: a graph may be far deeper than the stack.
    fn settle(&mut self, values: &mut Values, first: Loose) {
        if let Loose::Value(id) = first
            && !values.is_unused(id)
        {
            return;
        }
        let mut work = vec![first];
        while let Some(loose) = work.pop() {
            match loose {
                Loose::Value(id) if values.is_unused(id) => {
                    self.drop_site(Site::Leaf(id));
                    let (dead, grad) = values.remove(id);
                    self.dead.push(dead);
                    if let Some(grad) = grad {
                        values.unhold(grad);
                        work.push(Loose::Value(grad));
                    }
                }
                Loose::Value(_) => {}
                Loose::Node(number) => {
                    if self.nodes.get(&number).is_some_and(|n| n.refs == 0) {
                        let node = self.nodes.remove(&number).expect("it was just there");
                        self.drop_hooks(number, node.grads.len());
                        self.release(values, node, &mut work);
                    }
                }
            }
        }
    }

    /// Releases everything a node holds.
    fn release(&mut self, values: &mut Values, mut node: Box<Node>, work: &mut Vec<Loose>) {
        self.dropped_callbacks.extend(node.callback);
        for (_, producer) in node.borrowed.drain(..) {
            work.extend(self.give_back(values, producer).map(Loose::Value));
        }
        for id in node.take_holds() {
            values.unhold(id);
            work.push(Loose::Value(id));
        }
        for edge in node.edges.drain(..) {
            self.cut(values, edge, work);
        }
    }

    fn cut(&mut self, values: &mut Values, edge: Edge, work: &mut Vec<Loose>) {
        match edge {
            Edge::None => {}
            Edge::Leaf(id) => {
                values.unhold(id);
                work.push(Loose::Value(id));
            }
            Edge::Node(number, _) => {
                let node = self.nodes.get_mut(&number).expect("an edge keeps its node");
                node.refs -= 1;
                if node.refs == 0 {
                    work.push(Loose::Node(number));
                }
            }
        }
    }

    /// Drops one hold of a value.
    pub(crate) fn unhold(&mut self, values: &mut Values, id: Id) {
        values.unhold(id);
        self.settle(values, Loose::Value(id));
    }

    /// The values that were freed since the last call.
    pub fn take_dead(&mut self) -> Vec<Dead> {
        std::mem::take(&mut self.dead)
    }
}

pub(super) fn hold(values: &mut Values, id: Id) -> (Id, u32) {
    values.hold(id);
    (id, values.storage(id).version)
}
