//! Under [`Precision::Medium`] backward keeps the inputs of activation functions in bf16: half the memory of the largest tensors of a block. Products
//! round the same numbers to bf16 anyway; here only the derivative of the function is affected.

use smallvec::SmallVec;

use crate::dtype::Dtype;
use crate::error::Result;
use crate::meta::Id;
use crate::ops::table;
use crate::precision::Precision;
use crate::recorder::Recorder;

use super::graph::hold;
use super::node::{Edge, Node};

/// Elements from which on the memory saved is worth two more ops.
const LEAST: usize = 1 << 16;

impl Recorder {
    /// Lets the node that has just produced `output` keep in bf16 those of its inputs that a layer with a bf16 weight produced.
    pub(crate) fn narrow_saved(&mut self, output: Id) -> Result<()> {
        let Some((number, _)) = self.values.get(output).node else {
            return Ok(());
        };
        let node = &self.tape.nodes[&number];
        if self.precision() != Precision::Medium || !node.row.narrow || !crate::precision::has_bf16_products() {
            return Ok(());
        }
        let edges = node.edges.iter().zip(&node.saved_inputs).enumerate();
        let large: SmallVec<[(usize, Id); 2]> = edges
            .filter_map(|(i, (edge, saved))| {
                let ((id, _), &Edge::Node(producer, _)) = ((*saved)?, edge) else {
                    return None;
                };
                let meta = self.values.meta(id);
                let is_large = meta.dtype == Dtype::F32 && meta.shape.numel() >= LEAST;
                (is_large && self.tape.nodes[&producer].has_bf16_input()).then_some((i, id))
            })
            .collect();
        for (i, id) in large {
            let half = self.cast(id, Dtype::Bf16)?;
            let held = hold(&mut self.values, half);
            let node = self.tape.nodes.get_mut(&number).expect("its output lives");
            node.saved_inputs[i] = Some(held);
            node.narrowed |= 1 << i;
            self.tape.unhold(&mut self.values, id);
        }
        Ok(())
    }

    /// Widens the saved inputs of a node back to f32, before it or a borrower of its output needs them.
    pub(super) fn widen_saved(&mut self, node: &mut Node) -> Result<()> {
        while node.narrowed != 0 {
            let i = node.narrowed.trailing_zeros() as usize;
            let (half, _) = node.saved_inputs[i].expect("what is narrowed is saved");
            let wide = self.cast(half, Dtype::F32)?;
            node.saved_inputs[i] = Some(hold(&mut self.values, wide));
            node.narrowed &= !(1 << i);
            self.tape.unhold(&mut self.values, half);
        }
        Ok(())
    }

    /// Records the same numbers in another dtype, off the tape.
    pub(super) fn cast(&mut self, id: Id, to: Dtype) -> Result<Id> {
        Ok(self.record_all(&table::CAST, &[id], &[f64::from(to as u8)], None, false)?[0])
    }
}
