//! How exactly the products of layers with a bf16 weight are computed.

/// PyTorch's `float32_matmul_precision`, for layers whose weight is in bf16. It is fixed when an op is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// The weight is widened: factors are exact.
    #[default]
    Highest,
    /// Activations and gradients of outputs are rounded to bf16 as well, where the CPU multiplies bf16; sums are in f32.
    Medium,
}
