//! Gradients that are returned to the caller: a walk goes only where they lie, and leaves every `grad` as it is.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::code::Code;
use crate::entry::Id;
use crate::error::{Error, Result};
use crate::recorder::Recorder;

use super::Tape;
use super::hooks::Site;
use super::node::Edge;
use super::walk::Walk;

/// The tensors whose gradients a walk was asked for.
pub(super) struct Wanted {
    /// Where they come by, and their places in the caller's list.
    targets: FxHashMap<Site, SmallVec<[usize; 1]>>,
    /// Nodes with a target among their outputs.
    makers: FxHashSet<u64>,
    /// Nodes whose inputs lead to a target.
    leads: FxHashSet<u64>,
    /// What was found, by place; 0 is nothing.
    pub(super) found: Vec<Id>,
}

impl Wanted {
    /// Whether a gradient that goes this way finds a target.
    pub(super) fn reaches(&self, edge: Edge) -> bool {
        match edge {
            Edge::None => false,
            Edge::Leaf(id) => self.targets.contains_key(&Site::Leaf(id)),
            Edge::Node(number, _) => self.leads.contains(&number) || self.makers.contains(&number),
        }
    }

    /// Whether every target is a root, or an input or output of the nodes that are reached.
    fn is_complete<'a>(&self, edges: impl Iterator<Item = &'a Edge>, nodes: &[u64], roots: &[(Id, Id)]) -> bool {
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

    /// Notes the gradient of a site; says at how many places, each of which takes a handle.
    pub(super) fn note(&mut self, site: Site, grad: Id) -> usize {
        let Some(places) = self.targets.get(&site) else {
            return 0;
        };
        for &place in places {
            self.found[place] = grad;
        }
        places.len()
    }
}

impl Recorder {
    /// Begins a walk from several roots, each with its gradient (0: ones, for a scalar), for the gradients of `inputs` alone.
    ///
    /// # Errors
    /// As [`Recorder::backward_begin`]; [`Code::Grad`] when an input needs no gradient.
    pub fn grads_begin(&mut self, roots: &[(Id, Id)], inputs: &[Id], retain_graph: bool) -> Result<Walk> {
        self.check_failure()?;
        let wanted = self.wanted(roots, inputs)?;
        let mut walk = Walk::new(retain_graph, Some(wanted));
        for &(root, grad) in roots {
            if let Err(error) = self.backward_seed(&mut walk, root, grad) {
                self.abandon(&mut walk);
                return Err(error);
            }
        }
        Ok(walk)
    }

    fn wanted(&self, roots: &[(Id, Id)], inputs: &[Id]) -> Result<Wanted> {
        let mut targets: FxHashMap<Site, SmallVec<[usize; 1]>> = FxHashMap::default();
        let mut makers = FxHashSet::default();
        for (place, &id) in inputs.iter().enumerate() {
            self.check_live(id)?;
            let value = self.values.get(id);
            if !value.requires_grad {
                return Err(Error::new(Code::Grad, "grad: an input needs no gradient")
                    .expected("inputs with requiresGrad")
                    .received(format!("input {place} with requiresGrad false"))
                    .hint("set requiresGrad on it before the forward, or leave it out"));
            }
            let site = match value.node {
                Some((number, output)) => {
                    makers.insert(number);
                    Site::Output(number, output)
                }
                None => Site::Leaf(id),
            };
            targets.entry(site).or_default().push(place);
        }
        let mut starts = Vec::new();
        for &(root, _) in roots {
            self.check_live(root)?;
            starts.extend(self.values.get(root).node.map(|(number, _)| number));
        }
        let mut wanted = Wanted {
            targets,
            makers,
            leads: FxHashSet::default(),
            found: vec![0; inputs.len()],
        };
        // A producer's number is lower than its consumers', so what lies behind a node is known before the node.
        let below = self.tape.below(starts);
        for &number in &below {
            let edges = &self.tape.nodes[&number].edges;
            if edges.iter().any(|&edge| wanted.reaches(edge)) {
                wanted.leads.insert(number);
            }
        }
        // A node that is used up no longer knows its inputs: they look as if nothing depended on them.
        let nodes = below.iter().map(|number| &self.tape.nodes[number]);
        match nodes.clone().find(|node| node.consumed) {
            Some(node) if !wanted.is_complete(nodes.flat_map(|n| &n.edges), &below, roots) => self.check_saved(node),
            _ => Ok(()),
        }?;
        Ok(wanted)
    }

    /// Notes the gradients of a node that the caller asked for. Whether the walk goes on through the node.
    pub(super) fn take_wanted(&mut self, walk: &mut Walk, number: u64) -> bool {
        let Some(wanted) = &mut walk.wanted else {
            return true;
        };
        let grads: SmallVec<[Option<Id>; 3]> = self.tape.nodes[&number].grads.clone();
        for (output, grad) in grads.iter().enumerate() {
            if let Some(grad) = *grad {
                for _ in 0..wanted.note(Site::Output(number, output), grad) {
                    self.tape.hold_handle(&mut self.values, grad);
                }
            }
        }
        if wanted.leads.contains(&number) {
            return true;
        }
        self.clear_grads(number);
        self.free_dead();
        false
    }
}

impl Tape {
    /// Every node that these depend on, themselves too, from the oldest to the newest.
    fn below(&self, starts: Vec<u64>) -> Vec<u64> {
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
