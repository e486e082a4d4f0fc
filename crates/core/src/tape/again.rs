//! What backward makes again instead of keeping it: outputs of norms and activations, in one pass over what their own backward keeps anyway.
//!
//! A node that needs such an output borrows it from the node that made it, its maker. In backward the first borrower that is visited has it made,
//! the others find it there. Borrowers come before their maker in a walk, and an edge keeps the maker for each.

use smallvec::SmallVec;

use crate::entry::Id;
use crate::error::Result;
use crate::recorder::Recorder;
use crate::values::Values;

use super::node::{Edge, Node};
use super::{Tape, hold};

impl Tape {
    /// Lets `node` borrow its input `i` where the maker of that can make it again; says whether it does.
    pub(super) fn borrow(&mut self, values: &Values, node: &mut Node, i: usize, id: Id, edge: Edge) -> bool {
        let Edge::Node(number, 0) = edge else { return false };
        // Its numbers may have been changed since.
        if values.storage(id).version != 0 {
            return false;
        }
        let maker = self.nodes.get_mut(&number).expect("an edge keeps its node");
        let given = maker.input_metas.iter().map(Option::is_some);
        let holds_all = given.eq(maker.saved_inputs.iter().map(Option::is_some));
        // What makes others again keeps its own inputs, so that one pass is enough.
        if !maker.row.again || node.row.again || maker.consumed || !holds_all {
            return false;
        }
        maker.borrowers += 1;
        node.again.push((i, number));
        true
    }

    /// A borrower needs its maker no more. What the last one leaves behind is let go of; the caller frees it when nobody else holds it.
    pub(super) fn give_back(&mut self, values: &mut Values, maker: u64) -> Option<Id> {
        let node = self.nodes.get_mut(&maker).expect("an edge keeps its node");
        node.borrowers -= 1;
        let left = (node.borrowers == 0).then(|| node.remade.take()).flatten();
        left.inspect(|&id| values.unhold(id))
    }
}

impl Recorder {
    /// Fetches what a node borrowed: from here on it holds it as any saved input.
    pub(super) fn fetch_borrowed(&mut self, node: &mut Node) -> Result<()> {
        self.widen_saved(node)?;
        while let Some(&(i, maker)) = node.again.last() {
            let id = match self.tape.nodes[&maker].remade {
                Some(id) => id,
                None => {
                    let id = self.make_again(maker)?;
                    self.tape.nodes.get_mut(&maker).expect("it was just there").remade = Some(id);
                    id
                }
            };
            node.saved_inputs[i] = Some(hold(&mut self.values, id));
            node.again.pop();
            if let Some(left) = self.tape.give_back(&mut self.values, maker) {
                self.tape.release_if_unused(&mut self.values, left);
            }
        }
        Ok(())
    }

    fn make_again(&mut self, maker: u64) -> Result<Id> {
        let mut node = self.tape.nodes.remove(&maker).expect("an edge keeps its node");
        // Its own turn comes soon.
        let made = self.widen_saved(&mut node).and_then(|()| self.run_again(&node));
        self.tape.nodes.insert(maker, node);
        made
    }

    /// Records the op of a node once more; gives its output, held.
    pub(super) fn run_again(&mut self, node: &Node) -> Result<Id> {
        self.check_saved(node)
            .map_err(|e| e.op(node.row.name).path(self.path_of(node.path)))?;
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
