//! The low-rank update: in a dense layer, on a finished product, in an embedding, merged into a weight.

pub mod embedding;
pub mod gradient;
pub mod grouped;
pub mod linear;
pub mod merge;
pub mod update;

use candle_core::Tensor;
use kernels::cpu::dropout::Dropout;
use kernels::cpu::lora::Block;
use kernels::rng::{Draw, blocks_used};
use smallvec::SmallVec;

use super::context::ShapeContext;
use super::linear::product;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::shape::show_sizes;

/// Output columns that each pair of factors updates.
pub(super) type Blocks = SmallVec<[Block; 3]>;

/// Bits of the `needs` attribute of the gradient ops.
pub(super) mod wants {
    /// The gradient of the input.
    pub const DX: u32 = 1;
    /// The gradient of A.
    pub const DA: u32 = 2;
    /// The gradient of B.
    pub const DB: u32 = 4;
}

/// Reads `[start, len, …]`. A plain layer has the one block `[0, N]`.
///
/// # Errors
/// [`Code::Option`] for a list that is none, or blocks that overlap or leave the `n` output columns.
fn blocks(list: &[f64], n: usize) -> Result<Blocks> {
    let wrong = || {
        Error::new(Code::Option, "the adapted blocks do not fit the layer")
            .expected(format!("disjoint pairs [start, length] within {n} output columns"))
            .received(show_sizes(list))
            .hint("check enableLora and blocks of the layer")
    };
    if !list.len().is_multiple_of(2) || list.iter().any(|&x| x < 0.0 || x.fract() != 0.0 || x > n as f64) {
        return Err(wrong());
    }
    let blocks: Blocks = list
        .chunks_exact(2)
        .map(|pair| Block {
            start: pair[0] as usize,
            len: pair[1] as usize,
        })
        .collect();
    let mut sorted = blocks.clone();
    sorted.sort_by_key(|block| block.start);
    let apart = sorted
        .windows(2)
        .all(|pair| pair[0].start + pair[0].len <= pair[1].start);
    let inside = sorted.iter().all(|block| block.start + block.len <= n);
    if apart && inside { Ok(blocks) } else { Err(wrong()) }
}

/// Blocks as attributes: the length of the list, then the list.
fn push_blocks(attrs: &mut SmallVec<[f64; 12]>, list: &[f64]) {
    attrs.push(list.len() as f64);
    attrs.extend_from_slice(list);
}

/// Columns of all blocks together, which is the number of rows of B.
fn columns(blocks: &[Block]) -> usize {
    blocks.iter().map(|block| block.len).sum()
}

/// Checks `a` (G·R, K) and `b` (Σlen, R) at these inputs, in the wide dtype of input `like`. Returns R.
fn check_factors(
    context: &ShapeContext<'_>,
    (ia, ib): (usize, usize),
    like: usize,
    blocks: &[Block],
    k: usize,
) -> Result<usize> {
    let dtype = context.dtype(like).wide();
    for i in [ia, ib] {
        if context.dtype(i) != dtype {
            return Err(Error::new(
                Code::Dtype,
                format!("the low-rank factor {} has the wrong dtype", context.name(i)),
            )
            .expected(format!(
                "{} {dtype}: factors are f32 whatever the base is, f64 in an f64 layer",
                context.name(i)
            ))
            .received(context.dtype(i).name())
            .hint(format!("convert it with .to('{dtype}')")));
        }
    }
    let (a, b, sum) = (context.shape(ia), context.shape(ib), columns(blocks));
    let r = b.dims().get(1).copied().unwrap_or(0);
    if b.dims() == [sum, r] && a.dims() == [blocks.len() * r, k] {
        return Ok(r);
    }
    let rows = if blocks.len() == 1 {
        "r".to_owned()
    } else {
        format!("{}·r", blocks.len())
    };
    Err(Error::new(Code::Shape, "the low-rank factors do not fit the layer")
        .expected(format!("a ({rows}, {k}) and b ({sum}, r) with one r"))
        .received(format!("a {a} and b {b}"))
        .hint("were the factors saved from a layer of another size, rank or set of blocks (enableLora)?"))
}

/// A dropout probability.
///
/// # Errors
/// [`Code::Option`] outside 0 to 1.
pub(super) fn probability(p: f64) -> Result<f64> {
    if (0.0..=1.0).contains(&p) {
        return Ok(p);
    }
    Err(
        Error::new(Code::Option, "a dropout probability must lie between 0 and 1")
            .received(p.to_string())
            .expected("a number from 0 to 1")
            .hint("a share such as 0.1, not a percentage"),
    )
}

/// Philox blocks that dropout of `n` elements draws: none without dropout, so that the generator does not advance.
pub(super) fn dropout_blocks(p: f64, n: usize) -> u64 {
    if p > 0.0 { blocks_used(n, Draw::Single) } else { 0 }
}

/// The dropout of a kernel; `None` when nothing is dropped.
pub(super) fn dropout(p: f64, rng: Rng) -> Option<Dropout> {
    (p > 0.0).then_some(Dropout {
        p,
        seed: rng.seed,
        counter: rng.counter,
    })
}

// ---- what the twins share -------------------------------------------------------------------------------------------

/// `h = x Aᵀ` (M, G·R) and the update `scaling · h Bᵀ`, spread over N columns.
fn update_twin(
    x: &Tensor,
    a: &Tensor,
    b: &Tensor,
    blocks: &[Block],
    scaling: f64,
    n: usize,
) -> Result<(Tensor, Tensor)> {
    let r = b.dim(1)?;
    let h = product(x, &a.t()?)?;
    let mut parts = Vec::new();
    for (i, first, block) in offsets(blocks) {
        let h = h.narrow(1, i * r, r)?; // (M, R)
        let b = b.narrow(0, first, block.len)?; // (len, R)
        parts.push((product(&h, &b.t()?)? * scaling)?);
    }
    let update = spread(&parts, blocks, [x.dim(0)?, n], 1, x)?;
    Ok((h, update))
}

/// (number, first row in B, block) of each block.
fn offsets(blocks: &[Block]) -> impl Iterator<Item = (usize, usize, Block)> + '_ {
    blocks.iter().enumerate().scan(0, |next, (i, &block)| {
        let first = *next;
        *next += block.len;
        Some((i, first, block))
    })
}

/// A matrix of size `full` with each part at its block along `dim`, and zeros between them.
fn spread(parts: &[Tensor], blocks: &[Block], full: [usize; 2], dim: usize, like: &Tensor) -> Result<Tensor> {
    let zeros = |length: usize| -> Result<Tensor> {
        let mut dims = full;
        dims[dim] = length;
        Ok(Tensor::zeros(&dims, like.dtype(), like.device())?)
    };
    let mut order: Vec<usize> = (0..blocks.len()).filter(|&i| blocks[i].len > 0).collect();
    if order.is_empty() || full.contains(&0) {
        return zeros(full[dim]);
    }
    order.sort_by_key(|&i| blocks[i].start);
    let (mut pieces, mut at) = (Vec::new(), 0);
    for i in order {
        let block = blocks[i];
        if block.start > at {
            pieces.push(zeros(block.start - at)?);
        }
        pieces.push(parts[i].clone());
        at = block.start + block.len;
    }
    if at < full[dim] {
        pieces.push(zeros(full[dim] - at)?);
    }
    Ok(Tensor::cat(&pieces, dim)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lie_apart_and_inside() {
        assert_eq!(blocks(&[4.0, 2.0, 0.0, 2.0], 6).expect("fit").len(), 2);
        assert_eq!(blocks(&[], 6).expect("none").len(), 0);
        for wrong in [
            &[0.0][..],
            &[0.0, 7.0],
            &[0.0, 3.0, 2.0, 2.0],
            &[-1.0, 2.0],
            &[0.5, 2.0],
            &[5.0, 2.0],
        ] {
            assert_eq!(
                blocks(wrong, 6).expect_err("does not fit").code(),
                Code::Option,
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn no_dropout_draws_nothing() {
        assert_eq!((dropout_blocks(0.0, 100), dropout_blocks(0.1, 101)), (0, 26));
        assert!(dropout(0.0, Rng { seed: 1, counter: 2 }).is_none());
        assert!(probability(f64::NAN).is_err() && probability(1.5).is_err() && probability(1.0).is_ok());
    }
}
