//! The ops: one family a file, each with shape rule, forward, backward and candle twin; the table is the truth about them all.

mod attrs;
pub mod methods;
pub mod row;
pub mod table;
pub mod twins;

pub mod attention;
pub mod batch_norm;
pub mod conv;
pub mod create;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
pub mod index;
pub mod inplace;
pub mod linear;
pub mod linear_cross_entropy;
pub mod log1p;
pub mod lora;
pub mod matmul;
pub mod movement;
pub mod multinomial;
pub mod norm;
pub mod optimizer;
pub mod order;
pub mod pad;
pub mod pool;
pub mod provoke;
pub mod reduce;
pub mod rope;
pub mod scan;
pub mod silu_mul;
pub mod softmax;
pub mod unary;
