//! `log(1 + x)`, exact for small x too.

use candle_core::Tensor;
use kernels::cpu::unary::{UnaryOp, unary};

use super::back::Back;
use super::context::{Exec, Outputs, Twin, output};
use super::elementwise::wide;
use super::table;
use super::twins::full_like;
use crate::error::Result;
use crate::float;

/// CPU forward of `log1p`.
pub fn log1p(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        unary(UnaryOp::Log1p, &exec.read::<T>(0)?, &mut y)?;
        Ok(output(y))
    })
}

/// `dx = dy / (1 + x)`.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let (x, dy) = (wide(back, back.input(0))?, back.dy());
    let sum = back.affine(x, 1.0, 1.0)?;
    let dx = back.op(&table::DIV, &[dy, sum], &[])?;
    back.set(0, dx);
    Ok(())
}

/// Twin of `log1p`: `2 artanh(x / (2 + x))` as a series where `x` is small, the plain formula elsewhere.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let plain = x.affine(1.0, 1.0)?.log()?;
    let ratio = (x / x.affine(1.0, 2.0)?)?;
    let square = ratio.sqr()?;
    let terms = [1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0];
    let mut series = full_like(x, 1.0 / 11.0)?;
    for term in terms {
        series = ((series * &square)? + term)?;
    }
    let series = (series * ratio)?.affine(2.0, 0.0)?;
    Ok(vec![x.abs()?.lt(0.1)?.where_cond(&series, &plain)?])
}
