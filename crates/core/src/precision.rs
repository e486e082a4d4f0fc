//! The precision of products, and the kernel path that computes them.

/// PyTorch's `float32_matmul_precision`, for layers whose weight is in bf16. It is fixed when an op is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// The weight is widened to f32, so the factors are exact.
    #[default]
    Highest,
    /// Activations and gradients of outputs are rounded to bf16 as well, where the CPU multiplies bf16; sums are in f32.
    Medium,
}

/// The kernel path that runs: avx512, avx2, neon or scalar.
pub fn isa_name() -> &'static str {
    kernels::isa::current().name()
}

/// Whether this CPU is an x86 one without AVX2, which the plain path runs on alone.
pub fn lacks_vectors() -> bool {
    kernels::isa::detect() == kernels::isa::Isa::Scalar
}

/// Whether that path multiplies pairs of bf16, which [`Precision::Medium`] asks for.
pub fn has_bf16_products() -> bool {
    kernels::isa::has_bf16_products()
}

/// Whether those use AMX, whose sums are rounded in another order.
pub fn has_amx() -> bool {
    kernels::isa::has_amx()
}
