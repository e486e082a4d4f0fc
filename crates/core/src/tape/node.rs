//! A node of the tape.

use smallvec::SmallVec;

use crate::dtype::Dtype;
use crate::meta::{Id, Meta, Metas};
use crate::ops::row::OpRow;
use crate::rng::Rng;

/// Where the gradient of an input goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Nowhere: the input needs no gradient, and none is ever allocated.
    None,
    /// Into the gradient of a leaf.
    Leaf(Id),
    /// To an output of an earlier node.
    Node(u64, usize),
}

/// Whose gradient a hook sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// The gradient of an output of a node.
    Output(u64, usize),
    /// The gradient of a leaf.
    Leaf(Id),
}

/// One recorded op whose result needs a gradient.
pub struct Node {
    /// The op.
    pub row: &'static OpRow,
    /// Its attributes.
    pub attrs: SmallVec<[f64; 12]>,
    /// Its random numbers.
    pub rng: Option<Rng>,
    /// Module path for errors.
    pub path: u32,
    /// Set for a node whose backward is a function of the caller (checkpoint, custom function).
    pub callback: Option<u64>,
    pub(crate) edges: SmallVec<[Edge; 5]>,
    pub(crate) input_metas: SmallVec<[Option<Meta>; 5]>,
    pub(crate) output_metas: Metas,
    /// Inputs that backward needs, with the version they had.
    pub(crate) saved_inputs: SmallVec<[Option<(Id, u32)>; 5]>,
    /// Bit mask of the saved inputs that are copies in bf16.
    pub(crate) narrowed: u32,
    /// Outputs that backward needs.
    pub(crate) saved_outputs: SmallVec<[Option<(Id, u32)>; 3]>,
    /// Inputs that backward needs and has recomputed: which one, and the node whose output it is.
    pub(crate) borrowed: SmallVec<[(usize, u64); 1]>,
    /// How many inputs of other nodes are the output of this one, to be recomputed.
    pub(crate) borrowers: u32,
    /// The recomputed output, while there are more borrowers.
    pub(crate) recomputed: Option<Id>,
    /// Gradients of the outputs, while backward is under way.
    pub(crate) grads: SmallVec<[Option<Id>; 3]>,
    /// Outputs whose gradient the user wants to keep.
    pub(crate) retain: SmallVec<[(usize, Id); 1]>,
    /// References: handles of outputs, edges of consumers, and the walk that will visit it.
    pub(crate) refs: u32,
    /// Backward has consumed it.
    pub(crate) consumed: bool,
}

impl Node {
    /// A node without edges.
    pub fn new(row: &'static OpRow, attrs: &[f64], rng: Option<Rng>, path: u32) -> Box<Self> {
        Box::new(Node {
            row,
            attrs: SmallVec::from_slice(attrs),
            rng,
            path,
            callback: None,
            edges: SmallVec::new(),
            input_metas: SmallVec::new(),
            output_metas: Metas::new(),
            saved_inputs: SmallVec::new(),
            narrowed: 0,
            saved_outputs: SmallVec::new(),
            borrowed: SmallVec::new(),
            borrowers: 0,
            recomputed: None,
            grads: SmallVec::new(),
            retain: SmallVec::new(),
            refs: 0,
            consumed: false,
        })
    }

    /// Whether it is a layer with a bf16 weight.
    pub(crate) fn has_bf16_input(&self) -> bool {
        self.input_metas.iter().flatten().any(|meta| meta.dtype == Dtype::Bf16)
    }

    /// Takes everything the node holds, for the caller to release.
    pub(crate) fn take_holds(&mut self) -> SmallVec<[Id; 8]> {
        let mut ids = SmallVec::new();
        ids.extend(self.saved_inputs.drain(..).flatten().map(|(id, _)| id));
        ids.extend(self.saved_outputs.drain(..).flatten().map(|(id, _)| id));
        ids.extend(self.grads.iter_mut().filter_map(Option::take));
        ids.extend(self.retain.drain(..).map(|(_, id)| id));
        ids
    }
}
