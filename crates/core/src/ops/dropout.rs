//! Dropout by the counter generator: no mask is stored, backward draws the same numbers.

use candle_core::Tensor;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::{own, table};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};

/// Checks a dropout probability.
///
/// # Errors
/// [`Code::Option`] unless `p` is in [0, 1].
pub fn check_probability(p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    Err(Error::new(Code::Option, "the dropout probability is out of range")
        .expected("p from 0 to 1, the share of elements that become zero")
        .received(p.to_string())
        .hint("a share such as 0.1, not a percentage"))
}

/// Philox blocks for `n` elements: four per block, none when nothing is dropped.
pub fn blocks(n: usize, p: f64) -> u64 {
    if p == 0.0 {
        0
    } else {
        kernels::rng::blocks_used(n, kernels::rng::Draw::Single)
    }
}

/// `dropout(x, p)`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0])?;
    check_probability(context.reader().number())?;
    Ok(one(Meta::new(context.shape(0).clone(), dtype)))
}

/// Blocks of one call.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    Ok(blocks(context.shape(0).numel(), context.reader().number()))
}

/// CPU forward of `dropout`: `x / (1 - p)` where the element is kept, else 0.
pub fn dropout(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (p, rng) = (exec.reader().number(), exec.rng());
    float!(exec.dtype(0), T => {
        let mut y = exec.alloc::<T>(0)?;
        let x = exec.read::<T>(0)?;
        if p == 0.0 {
            kernels::par::copy(&x, &mut y);
        } else {
            kernels::cpu::dropout::dropout(&x, p, rng.seed, rng.counter, &mut y)?;
        }
        Ok(output(y))
    })
}

/// The same elements are dropped from `dy`, with the same factor.
pub fn dropout_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, attrs, rng) = (back.dy(), back.attrs(), back.rng());
    let dx = back.replay(&table::DROPOUT, &[dy], &attrs, rng)?[0];
    back.set(0, dx);
    Ok(())
}

/// Twin of `dropout`: made on the device by the counter, so every device drops the same elements.
pub fn dropout_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (x, p) = (twin.tensor(0), twin.reader().number());
    Ok(vec![if p == 0.0 {
        x.copy()?
    } else {
        own::dropped(x, p, twin.rng(), 0)?
    }])
}
