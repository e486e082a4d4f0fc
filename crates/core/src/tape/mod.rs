//! The tape: which op made what, and what backward needs of it. Metadata only.

mod again;
mod back;
mod backward;
mod grads;
mod hooks;
mod narrow;
mod node;
mod walk;
mod wanted;

pub use back::Back;
pub use hooks::Site;
pub use node::{Edge, Node};
pub use walk::{Pause, Walk};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::entry::Id;
use crate::ops::row::{Metas, Needs, Save};
use crate::values::{Dead, Values};

/// All nodes of one environment, by sequence number: a consumer's number is higher than its producer's.
#[derive(Default)]
pub struct Tape {
    // Boxed: a node is a kilobyte, and backward takes it out and puts it back.
    nodes: FxHashMap<u64, Box<Node>>,
    last: u64,
    dead: Vec<Dead>,
    hooks: FxHashMap<Site, Vec<u64>>,
    pub(crate) dropped_callbacks: Vec<u64>,
}

/// What may have lost its last holder.
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

    /// Adds a node with edges to the inputs that need a gradient and holds on what it saves.
    #[allow(clippy::too_many_arguments, reason = "the parts of one node, used once")]
    pub fn add(
        &mut self,
        mut node: Box<Node>,
        values: &mut Values,
        inputs: &[Id],
        outputs: &[Id],
        needs: Needs,
        save: Save,
        promised: &Metas,
    ) -> u64 {
        self.last += 1;
        node.needs = needs;
        node.output_metas = promised.clone();
        node.grads = SmallVec::from_elem(None, promised.len());
        for (i, &id) in inputs.iter().enumerate() {
            node.input_metas.push((id != 0).then(|| values.meta(id).clone()));
            let edge = self.edge(values, id, id != 0 && needs.input(i.min(31)));
            let saved = id != 0 && save.inputs >> i.min(31) & 1 == 1;
            let made_again = saved && self.borrow(values, &mut node, i, id, edge);
            node.edges.push(edge);
            node.saved_inputs.push((saved && !made_again).then(|| hold(values, id)));
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

    /// Output `i` of the node is this value. A value that had another node (changed in place) lets go of it.
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

    /// The user holds a tensor, and through it the node that made it.
    pub fn hold_handle(&mut self, values: &mut Values, id: Id) {
        if values.hold_handle(id)
            && let Some((number, _)) = values.get(id).node
        {
            self.nodes.get_mut(&number).expect("a live tensor's node lives").refs += 1;
        }
    }

    /// The user lets go of a tensor once.
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

    /// Drops what is no longer held, iteratively: a graph may be far deeper than a stack.
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
                        self.let_go(values, node, &mut work);
                    }
                }
            }
        }
    }

    /// Lets go of everything a node holds.
    fn let_go(&mut self, values: &mut Values, mut node: Box<Node>, work: &mut Vec<Loose>) {
        self.dropped_callbacks.extend(node.callback);
        for (_, maker) in node.again.drain(..) {
            work.extend(self.give_back(values, maker).map(Loose::Value));
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

    /// Lets go of one hold of a value.
    pub(crate) fn unhold(&mut self, values: &mut Values, id: Id) {
        values.unhold(id);
        self.settle(values, Loose::Value(id));
    }

    /// The values that were freed since the last call.
    pub fn take_dead(&mut self) -> Vec<Dead> {
        std::mem::take(&mut self.dead)
    }
}

fn hold(values: &mut Values, id: Id) -> (Id, u32) {
    values.hold(id);
    (id, values.storage(id).version)
}
