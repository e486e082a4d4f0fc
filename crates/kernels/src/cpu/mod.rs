//! The CPU kernels, one family a file.

pub mod activation;
pub mod attention;
pub mod batch_norm;
pub(crate) mod broadcast;
pub mod convert;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
pub(crate) mod fold;
pub mod gemm;
pub mod index;
pub mod layer_norm;
pub mod linear;
pub mod lora;
pub(crate) mod map;
pub mod optimizer;
pub mod pool;
pub mod reduce;
pub mod rms_norm;
pub mod rope;
pub mod small_rows;
pub mod softmax;
pub mod strided;
pub mod unary;
