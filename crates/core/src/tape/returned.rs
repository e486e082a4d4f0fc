//! Gradients that are returned to the caller (`grad` of PyTorch): a walk visits only what leads to them, and changes no `.grad`.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::node::Site;
use super::walk::Walk;
use super::wanted::Wanted;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Id;
use crate::recorder::Recorder;

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
        for (i, &id) in inputs.iter().enumerate() {
            self.check_live(id)?;
            let value = self.values.get(id);
            if !value.requires_grad {
                return Err(Error::new(Code::Grad, "grad: an input needs no gradient")
                    .expected("inputs with requiresGrad")
                    .received(format!("input {i} with requiresGrad false"))
                    .hint("set requiresGrad on it before the forward, or leave it out"));
            }
            let site = match value.node {
                Some((number, output)) => {
                    makers.insert(number);
                    Site::Output(number, output)
                }
                None => Site::Leaf(id),
            };
            targets.entry(site).or_default().push(i);
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
        // A producer's number is lower than its consumers', so what a node leads to is known before the node.
        let below = self.tape.below(starts);
        for &number in &below {
            let edges = &self.tape.nodes[&number].edges;
            if edges.iter().any(|&edge| wanted.reaches(edge)) {
                wanted.leads.insert(number);
            }
        }
        // A consumed node no longer knows its inputs: without this check they would seem not to be used.
        let nodes = below.iter().map(|number| &self.tape.nodes[number]);
        match nodes.clone().find(|node| node.consumed) {
            Some(node) if !wanted.is_complete(nodes.flat_map(|n| &n.edges), &below, roots) => self.check_saved(node),
            _ => Ok(()),
        }?;
        Ok(wanted)
    }

    /// Notes the gradients of a node that the caller asked for; returns whether the walk continues through the node.
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
