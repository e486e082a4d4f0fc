//! Storage of tensors: pooled CPU buffers, mapped files, candle tensors.

mod buffer;
mod doubt;
mod value;
mod window;

pub use buffer::{Buffer, Element, Held};
pub use doubt::{Doubt, Doubts};
pub use value::Value;
pub use window::{Bytes, SharedBytes, Window};
