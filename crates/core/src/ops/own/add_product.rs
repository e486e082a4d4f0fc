//! A product added to a matrix where it lies.

use candle_core::{CpuStorage, InplaceOp3, Layout, Tensor};
use kernels::cpu::gemm::{GemmDims, GemmOperands, GemmOutput, gemm};

use super::parts::{range, slice, unsupported};

/// `c += aᵀ b` for `a (M, N)`, `b (M, K)`, `c (N, K)`: gradients of a weight over several chunks of rows, without a second matrix of its size.
///
/// # Errors
/// candle's.
pub fn add_product(c: &Tensor, a: &Tensor, b: &Tensor) -> candle_core::Result<()> {
    c.inplace_op3(&a.contiguous()?, &b.contiguous()?, &AddProduct)
}

struct AddProduct;

impl InplaceOp3 for AddProduct {
    fn name(&self) -> &'static str {
        "addProduct"
    }

    fn cpu_fwd(
        &self,
        c: &mut CpuStorage,
        c_layout: &Layout,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> candle_core::Result<()> {
        let ((m, n), k) = (a_layout.shape().dims2()?, b_layout.shape().dims2()?.1);
        let dims = GemmDims { m: n, k: m, n: k };
        let (start, end) = range(c_layout)?;
        macro_rules! run {
            ($c:expr, $variant:ident) => {{
                let operands = GemmOperands {
                    a: slice!(a, a_layout, $variant),
                    a_strides: (1, n as isize),
                    b: slice!(b, b_layout, $variant),
                    b_strides: (k as isize, 1),
                    alpha: 1.0,
                    beta: 1.0,
                };
                let output = GemmOutput {
                    c: &mut $c[start..end],
                    row_stride: k,
                };
                kernels::pause::piece(|| gemm(dims, operands, output)).map_err(candle_core::Error::wrap)
            }};
        }
        match c {
            CpuStorage::F32(c) => run!(c, F32),
            CpuStorage::F64(c) => run!(c, F64),
            other => Err(unsupported(other)),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        c: &mut candle_core::CudaStorage,
        c_layout: &Layout,
        a: &candle_core::CudaStorage,
        a_layout: &Layout,
        b: &candle_core::CudaStorage,
        b_layout: &Layout,
    ) -> candle_core::Result<()> {
        super::cuda::add_product((c, c_layout), (a, a_layout), (b, b_layout))
    }
}
