//! The plain f64 twin of every kernel: slow loops straight from the formulas, which the tests compare against.

pub mod activation;
pub mod attention;
pub mod batch_norm;
pub mod conv;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
pub mod gemm;
pub mod index;
pub mod layer_norm;
pub mod linear;
pub mod lora;
pub mod optimizer;
pub mod pool;
pub mod reduce;
pub mod rms_norm;
pub mod rope;
pub mod scan;
pub mod softmax;
pub mod sort;
pub mod strided;
pub mod unary;
