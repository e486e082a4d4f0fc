//! The low-rank update and its gradients. The (out, in) product B · A is never computed.
//!
//! LoRA's products are skinny: they are bound by the memory traffic of x, y and dy, not by arithmetic. So a chunk of rows goes
//! through all steps while it is in the cache, and dropout masks are recomputed rather than stored.

mod backward;
mod embedding;
mod grouped;
mod linear;
mod merge;
mod operands;
#[cfg(test)]
mod tests;
mod update;

pub use backward::lora_update_backward;
pub use embedding::{LoraEmbeddingDims, lora_embedding};
pub use grouped::{
    GroupedDims, GroupedGradients, GroupedOperands, GroupedOutputs, RowGroup, RowSegment, lora_grouped,
    lora_grouped_backward,
};
pub use linear::{lora_linear, lora_linear_backward};
pub use merge::{WeightMut, lora_merge};
pub use operands::{Block, LoraDims, LoraFactors, LoraGradients, LoraOperands, LoraOutputs};
pub use update::lora_update;
