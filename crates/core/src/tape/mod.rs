//! The tape: which op made what, and what backward needs of it. Metadata only.

mod backward;
mod grads;
mod graph;
mod hooks;
mod narrow;
mod node;
mod recompute;
mod returned;
mod walk;
mod wanted;

pub use graph::{Tape, Taped};
pub use node::{Edge, Node, Site};
pub use walk::{Pause, Walk};
