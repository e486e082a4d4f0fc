//! The tensors whose gradients a walk returns to the caller, and the way to them.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::graph::Tape;
use super::node::{Edge, Site};
use crate::meta::Id;

/// The tensors whose gradients a walk was asked for.
pub(super) struct Wanted {
    /// Where each is delivered, and its positions in the caller's list.
    pub(super) targets: FxHashMap<Site, SmallVec<[usize; 1]>>,
    /// Nodes with a target among their outputs.
    pub(super) makers: FxHashSet<u64>,
    /// Nodes whose inputs lead to a target.
    pub(super) leads: FxHashSet<u64>,
    /// The gradients found, by position in that list; 0 is none.
    pub(super) found: Vec<Id>,
}

impl Wanted {
    /// Whether this edge leads to a target.
    pub(super) fn reaches(&self, edge: Edge) -> bool {
        match edge {
            Edge::None => false,
            Edge::Leaf(id) => self.targets.contains_key(&Site::Leaf(id)),
            Edge::Node(number, _) => self.leads.contains(&number) || self.makers.contains(&number),
        }
    }

    /// Whether every target is a root, or an input or output of the nodes that are reached.
    pub(super) fn is_complete<'a>(
        &self,
        edges: impl Iterator<Item = &'a Edge>,
        nodes: &[u64],
        roots: &[(Id, Id)],
    ) -> bool {
        let leaves: FxHashSet<Id> = edges
            .filter_map(|edge| match edge {
                Edge::Leaf(id) => Some(*id),
                _ => None,
            })
            .chain(roots.iter().map(|&(id, _)| id))
            .collect();
        self.targets.keys().all(|site| match site {
            Site::Leaf(id) => leaves.contains(id),
            Site::Output(number, _) => nodes.binary_search(number).is_ok(),
        })
    }

    /// Notes the gradient of a site; returns how often the caller asked for it, as each takes a handle.
    pub(super) fn note(&mut self, site: Site, grad: Id) -> usize {
        let Some(positions) = self.targets.get(&site) else {
            return 0;
        };
        for &i in positions {
            self.found[i] = grad;
        }
        positions.len()
    }
}

impl Tape {
    /// These nodes and all that they depend on, from the oldest to the newest.
    pub(super) fn below(&self, starts: Vec<u64>) -> Vec<u64> {
        let mut seen: FxHashSet<u64> = starts.iter().copied().collect();
        let mut work = starts;
        while let Some(number) = work.pop() {
            for edge in &self.nodes[&number].edges {
                if let Edge::Node(next, _) = *edge
                    && seen.insert(next)
                {
                    work.push(next);
                }
            }
        }
        let mut all: Vec<u64> = seen.into_iter().collect();
        all.sort_unstable();
        all
    }
}
