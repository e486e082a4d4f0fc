//! What the kernels with a group for each row take, and the pieces that they cut the rows into.

use std::ops::Range;

use super::super::super::dropout::Dropout;
use super::super::super::linear::LinearDims;
use super::super::operands::{LoraFactors, ROWS};
use crate::{Float, Result, check_len, fail};

/// Rows of x that get the update of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSegment {
    /// First row.
    pub start: usize,
    /// Number of rows.
    pub len: usize,
    /// Index of the group.
    pub group: usize,
}

/// One adapter: factors A (r, K) and B (N, r).
#[derive(Clone, Copy, Debug)]
pub struct RowGroup<'a, T> {
    /// The factors and their scaling.
    pub factors: LoraFactors<'a, T>,
    /// Rank.
    pub r: usize,
    /// Dropout of x on its way to A, drawn by the flat index of x.
    pub dropout: Option<Dropout>,
}

/// Sizes of a layer and the rows of each group.
#[derive(Clone, Copy, Debug)]
pub struct GroupedDims<'a> {
    /// M: rows of x, batch · tokens.
    pub m: usize,
    /// K: input width.
    pub k: usize,
    /// N: output width.
    pub n: usize,
    /// In the order in which updates are added.
    pub segments: &'a [RowSegment],
}

impl GroupedDims<'_> {
    /// The sizes of the base layer.
    pub fn linear(&self) -> LinearDims {
        let Self { m, k, n, .. } = *self;
        LinearDims { m, k, n }
    }

    /// Values of h: the length times the rank of each segment.
    pub fn hidden<T>(&self, groups: &[RowGroup<'_, T>]) -> usize {
        self.segments.iter().map(|s| s.len * groups[s.group].r).sum()
    }
}

/// What the updates read.
#[derive(Clone, Copy, Debug)]
pub struct GroupedOperands<'a, T> {
    /// (M, K): layer input.
    pub x: &'a [T],
    /// The adapters.
    pub groups: &'a [RowGroup<'a, T>],
}

impl<T: Float> GroupedOperands<'_, T> {
    /// Checks segments and factors.
    pub(super) fn check(&self, kernel: &'static str, dims: GroupedDims<'_>) -> Result<()> {
        let GroupedDims { m, k, n, segments } = dims;
        let fits =
            |s: &RowSegment| s.group < self.groups.len() && s.start.checked_add(s.len).is_some_and(|end| end <= m);
        if let Some(segment) = segments.iter().find(|&s| !fits(s)) {
            return fail(
                kernel,
                format!("{segment:?} leaves the {m} rows or the {} groups", self.groups.len()),
            );
        }
        self.groups.iter().try_for_each(|group| {
            check_len(kernel, "a", group.factors.a.len(), group.r * k)?;
            check_len(kernel, "b", group.factors.b.len(), n * group.r)
        })
    }
}

/// What the kernel writes.
#[derive(Debug)]
pub struct GroupedOutputs<'a, T> {
    /// `dropout(x) · Aᵀ` of each segment, one after the other, kept for the backward pass.
    pub h: &'a mut [T],
    /// (M, N): layer output.
    pub y: &'a mut [T],
}

/// Where the gradients go; those that are `None` are not computed.
#[derive(Debug)]
pub struct GroupedGradients<'a, T> {
    /// (M, K): that of the whole layer.
    pub dx: Option<&'a mut [T]>,
    /// Of each group (r, K).
    pub da: Vec<Option<&'a mut [T]>>,
    /// Of each group (N, r).
    pub db: Vec<Option<&'a mut [T]>>,
}

/// Rows of one segment.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub segment: usize,
    pub rows: Range<usize>,
    /// Where their part of h begins.
    pub hidden: usize,
}

/// All segments, cut into pieces of at most [`ROWS`] rows.
pub(super) fn pieces<T>(segments: &[RowSegment], groups: &[RowGroup<'_, T>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut hidden = 0;
    for (segment, s) in segments.iter().enumerate() {
        for start in (s.start..s.start + s.len).step_by(ROWS) {
            let rows = start..(start + ROWS).min(s.start + s.len);
            let len = rows.len() * groups[s.group].r;
            if len > 0 {
                pieces.push(Piece { segment, rows, hidden });
            }
            hidden += len;
        }
    }
    pieces
}

/// The parts of segments that lie in `rows`.
pub(super) fn intersections<'a, T>(
    segments: &'a [RowSegment],
    groups: &'a [RowGroup<'_, T>],
    rows: &'a Range<usize>,
) -> impl Iterator<Item = Piece> + 'a {
    let mut next = 0;
    segments.iter().enumerate().filter_map(move |(segment, s)| {
        let r = groups[s.group].r;
        let (start, end) = (s.start.max(rows.start), (s.start + s.len).min(rows.end));
        let before = next;
        next += s.len * r;
        (start < end && r > 0).then(|| Piece {
            segment,
            rows: start..end,
            hidden: before + (start - s.start) * r,
        })
    })
}
