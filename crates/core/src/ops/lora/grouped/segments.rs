//! The rows of each group, and the groups' factors.

use std::cell::Ref;

use candle_core::Tensor;
use kernels::cpu::lora::{LoraFactors, RowGroup, RowSegment};
use smallvec::SmallVec;

use super::super::super::own;
use super::super::{dropout, dropout_blocks, probability};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::ops::attrs::AttrReader;
use crate::ops::context::{Exec, ShapeContext, Twin};
use crate::rng::Rng;
use crate::shape::show_sizes;
use crate::storage::Element;

use super::super::super::linear::Real;

/// Which rows have which update, and what is not in its tensors.
pub(super) struct Groups {
    pub segments: Vec<RowSegment>,
    pub scalings: SmallVec<[f64; 8]>,
    pub dropouts: SmallVec<[f64; 8]>,
}

/// Reads `[start, length, group, …]`, then a scaling and a dropout probability for each of `count` groups.
///
/// # Errors
/// [`Code::Option`] for rows beyond `m`, groups beyond `count`, lists of another length.
pub(super) fn groups(attrs: &mut AttrReader<'_>, m: usize, count: usize) -> Result<Groups> {
    let list = attrs.dims();
    let scalings: SmallVec<[f64; 8]> = SmallVec::from_slice(attrs.numbers());
    let dropouts: SmallVec<[f64; 8]> = attrs.numbers().iter().map(|&p| probability(p)).collect::<Result<_>>()?;
    let is_size = |&x: &f64| (0.0..=9_007_199_254_740_991.0).contains(&x) && x.fract() == 0.0;
    let segments: Vec<RowSegment> = list
        .chunks_exact(3)
        .map(|part| RowSegment {
            start: part[0] as usize,
            len: part[1] as usize,
            group: part[2] as usize,
        })
        .collect();
    let fits = list.len().is_multiple_of(3)
        && list.iter().all(is_size)
        && segments.iter().all(|s| s.start + s.len <= m && s.group < count);
    if !fits || scalings.len() != count || dropouts.len() != count {
        return Err(Error::new(Code::Option, "the rows of the adapters do not fit the input")
            .expected(format!(
                "triples [start, length, adapter] within {m} rows and {count} adapters, each with a scaling and a dropout probability"
            ))
            .received(format!(
                "{}, {} scalings, {} probabilities",
                show_sizes(list),
                scalings.len(),
                dropouts.len()
            ))
            .hint("pass one name for each row of the batch"));
    }
    Ok(Groups {
        segments,
        scalings,
        dropouts,
    })
}

/// Checks `a` (R, K) from input `first` on and then `b` (N, R) of each group. Returns the ranks.
pub(super) fn check_factors(
    context: &ShapeContext<'_>,
    first: usize,
    count: usize,
    dtype: Dtype,
    (n, k): (usize, usize),
) -> Result<Vec<usize>> {
    let rank = |g: usize| {
        let (a, b) = (context.meta(first + g), context.meta(first + count + g));
        if a.dtype != dtype || b.dtype != dtype {
            return Err(Error::new(
                Code::Dtype,
                format!("the low-rank factors of adapter {g} have the wrong dtype"),
            )
            .expected(format!(
                "{dtype}: factors are f32 whatever the base is, f64 in an f64 layer"
            ))
            .received(format!("a {} and b {}", a.dtype, b.dtype))
            .hint(format!("convert them with .to('{dtype}')")));
        }
        let r = b.shape.dims().get(1).copied().unwrap_or(0);
        if b.shape.dims() == [n, r] && a.shape.dims() == [r, k] {
            return Ok(r);
        }
        Err(Error::new(
            Code::Shape,
            format!("the low-rank factors of adapter {g} do not fit the layer"),
        )
        .expected(format!("a (r, {k}) and b ({n}, r) with one r"))
        .received(format!("a {} and b {}", a.shape, b.shape))
        .hint("were the factors saved from a layer of another size or rank?"))
    };
    (0..count).map(rank).collect()
}

/// The factors of every group as they are stored.
pub(super) type Factors<'a, T> = Vec<[Ref<'a, [T]>; 2]>;

impl Groups {
    /// Philox blocks that dropout of `n` elements draws: the same numbers serve all groups.
    pub fn random_blocks(&self, n: usize) -> u64 {
        dropout_blocks(self.dropouts.iter().fold(0.0, |most: f64, &p| most.max(p)), n)
    }

    /// The factors: A from input `first` on, then B.
    pub fn read<'a, T: Element>(&self, exec: &Exec<'a>, first: usize) -> Result<Factors<'a, T>> {
        let count = self.scalings.len();
        (0..count)
            .map(|g| Ok([exec.read::<T>(first + g)?, exec.read::<T>(first + count + g)?]))
            .collect()
    }

    /// The groups as the kernels take them, of these ranks.
    pub fn kernel<'a, T: Real>(&self, factors: &'a Factors<'_, T>, ranks: &[usize], rng: Rng) -> Vec<RowGroup<'a, T>> {
        let group = |(g, [a, b]): (usize, &'a [Ref<'_, [T]>; 2])| RowGroup {
            factors: LoraFactors {
                a,
                b,
                scaling: T::from_f64(self.scalings[g]),
            },
            r: ranks[g],
            dropout: dropout(self.dropouts[g], rng),
        };
        factors.iter().enumerate().map(group).collect()
    }

    /// The rank of each group, whose first factors are the inputs from `first` on.
    pub fn ranks(&self, exec: &Exec<'_>, first: usize) -> Vec<usize> {
        (0..self.scalings.len())
            .map(|g| exec.shape(first + g).dims()[0])
            .collect()
    }

    /// All of `x` after the dropout of a group.
    pub fn dropped(&self, x: &Tensor, group: usize, twin: &Twin<'_>) -> Result<Tensor> {
        let p = self.dropouts[group];
        Ok(if p > 0.0 {
            own::dropped(x, p, twin.rng(), 0)?
        } else {
            x.clone()
        })
    }
}

/// `whole` with `part` added at the rows of a segment.
pub(super) fn added(whole: &Tensor, part: &Tensor, segment: &RowSegment) -> Result<Tensor> {
    let &RowSegment { start, len, .. } = segment;
    let rows = whole.dim(0)?;
    if len == 0 || whole.elem_count() == 0 {
        return Ok(whole.clone());
    }
    let mut pieces = Vec::new();
    if start > 0 {
        pieces.push(whole.narrow(0, 0, start)?);
    }
    pieces.push((whole.narrow(0, start, len)? + part)?);
    if start + len < rows {
        pieces.push(whole.narrow(0, start + len, rows - start - len)?);
    }
    Ok(Tensor::cat(&pieces, 0)?)
}

/// Flat parts one after the other; candle cannot join an empty list.
pub(super) fn joined(parts: &[Tensor], like: &Tensor) -> Result<Tensor> {
    let parts: Vec<&Tensor> = parts.iter().filter(|part| part.elem_count() > 0).collect();
    Ok(if parts.is_empty() {
        Tensor::zeros(&[0], like.dtype(), like.device())?
    } else {
        Tensor::cat(&parts, 0)?
    })
}
