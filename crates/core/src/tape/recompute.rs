//! What backward recomputes instead of keeping: outputs of norms and activations, in one pass over what their own backward keeps anyway.
//!
//! A node that needs such an output borrows it from the node that produced it. In backward the first borrower that is visited has it recomputed, and
//! the others share it. Borrowers are visited before their producer, and an edge keeps the producer alive for each of them.

use smallvec::SmallVec;

use crate::error::Result;
use crate::meta::Id;
use crate::recorder::{Recorder, Values};

use super::graph::{Tape, hold};
use super::node::{Edge, Node};

impl Tape {
    /// Lets `node` borrow its input `i` where the producer of that can recompute it; returns whether it does.
    pub(super) fn borrow(&mut self, values: &Values, node: &mut Node, i: usize, id: Id, edge: Edge) -> bool {
        let Edge::Node(number, 0) = edge else { return false };
        // Its values were changed after they were computed.
        if values.storage(id).version != 0 {
            return false;
        }
        let producer = self.nodes.get_mut(&number).expect("an edge keeps its node");
        let given = producer.input_metas.iter().map(Option::is_some);
        let holds_all = given.eq(producer.saved_inputs.iter().map(Option::is_some));
        // A node that recomputes for others keeps its own inputs, so that one pass is enough.
        if !producer.row.recompute || node.row.recompute || producer.consumed || !holds_all {
            return false;
        }
        producer.borrowers += 1;
        node.borrowed.push((i, number));
        true
    }

    /// A borrower no longer needs its producer. After the last one the recomputed output is released; the caller frees it when nobody else holds it.
    pub(super) fn give_back(&mut self, values: &mut Values, producer: u64) -> Option<Id> {
        let node = self.nodes.get_mut(&producer).expect("an edge keeps its node");
        node.borrowers -= 1;
        let left = (node.borrowers == 0).then(|| node.recomputed.take()).flatten();
        left.inspect(|&id| values.unhold(id))
    }
}

impl Recorder {
    /// Fetches what a node borrowed; from here on the node holds it like any saved input.
    pub(super) fn fetch_borrowed(&mut self, node: &mut Node) -> Result<()> {
        self.widen_saved(node)?;
        while let Some(&(i, producer)) = node.borrowed.last() {
            let id = match self.tape.nodes[&producer].recomputed {
                Some(id) => id,
                None => {
                    let id = self.recompute_output(producer)?;
                    self.tape
                        .nodes
                        .get_mut(&producer)
                        .expect("it was just there")
                        .recomputed = Some(id);
                    id
                }
            };
            node.saved_inputs[i] = Some(hold(&mut self.values, id));
            node.borrowed.pop();
            if let Some(left) = self.tape.give_back(&mut self.values, producer) {
                self.tape.release_if_unused(&mut self.values, left);
            }
        }
        Ok(())
    }

    fn recompute_output(&mut self, producer: u64) -> Result<Id> {
        let mut node = self.tape.nodes.remove(&producer).expect("an edge keeps its node");
        // It is widened for its own visit too, which comes soon.
        let made = self.widen_saved(&mut node).and_then(|()| self.recompute(&node));
        self.tape.nodes.insert(producer, node);
        made
    }

    /// Records the op of a node once more and returns its output, held.
    pub(super) fn recompute(&mut self, node: &Node) -> Result<Id> {
        self.check_saved(node)
            .map_err(|e| e.op(node.row.signature.name).path(self.path_of(node.path)))?;
        let inputs: SmallVec<[Id; 5]> = node
            .saved_inputs
            .iter()
            .map(|saved| saved.map_or(0, |(id, _)| id))
            .collect();
        let path = self.set_path(node.path);
        let outputs = self.record_all(node.row, &inputs, &node.attrs, None, false);
        self.set_path(path);
        let outputs = outputs?;
        self.values.hold(outputs[0]);
        for &hidden in &outputs[1..] {
            self.drop_if_unused(hidden);
        }
        Ok(outputs[0])
    }
}
