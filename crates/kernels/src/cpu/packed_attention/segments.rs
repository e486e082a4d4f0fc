//! The sequences of a packed batch.

use super::super::attention::{AttnDims, AttnOperands, AttnOptions, Causal};
use super::super::dropout::Dropout;
use crate::rng::{Draw, blocks_used};
use crate::{Result, check_len, fail};

/// The offsets of the sequences of a packed batch, and the sizes of their heads.
///
/// Sequence s has the queries `queries[s]..queries[s + 1]` and the keys `keys[s]..keys[s + 1]`; both lists start with 0 and do not decrease.
#[derive(Clone, Copy, Debug)]
pub struct PackedDims<'a> {
    /// (S + 1): the first query of each sequence, then the number of queries.
    pub queries: &'a [usize],
    /// (S + 1): the same of keys and values.
    pub keys: &'a [usize],
    /// Query heads.
    pub heads: usize,
    /// Key and value heads, a divisor of `heads`.
    pub kv_heads: usize,
    /// Head size.
    pub d: usize,
}

/// One sequence of a packed batch.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Its first query.
    pub query: usize,
    /// Its first key.
    pub key: usize,
    /// Its sizes, as a batch of one.
    pub dims: AttnDims,
    /// Philox blocks that dropout draws for the sequences before it.
    pub drawn: u64,
}

impl Segment {
    /// The part of the packed operands that belongs to it.
    pub(super) fn operands<'a, T>(&self, all: AttnOperands<'a, T>) -> AttnOperands<'a, T> {
        let AttnDims {
            heads,
            kv_heads,
            tq,
            tk,
            d,
            ..
        } = self.dims;
        let (row, key_row) = (heads * d, kv_heads * d);
        let keys = self.key * key_row..(self.key + tk) * key_row;
        AttnOperands {
            q: &all.q[self.query * row..][..tq * row],
            k: &all.k[keys.clone()],
            v: &all.v[keys],
        }
    }
}

impl<'a> PackedDims<'a> {
    /// The sequences in order.
    pub fn segments(self) -> impl Iterator<Item = Segment> + 'a {
        let pairs = self.queries.windows(2).zip(self.keys.windows(2));
        pairs.scan(0u64, move |drawn, (q, k)| {
            let dims = AttnDims {
                batch: 1,
                heads: self.heads,
                kv_heads: self.kv_heads,
                tq: q[1] - q[0],
                tk: k[1] - k[0],
                d: self.d,
            };
            let segment = Segment {
                query: q[0],
                key: k[0],
                dims,
                drawn: *drawn,
            };
            *drawn += blocks_used(dims.heads * dims.tq * dims.tk, Draw::Single);
            Some(segment)
        })
    }

    /// Number of queries of all sequences.
    pub fn tq(&self) -> usize {
        self.queries.last().copied().unwrap_or(0)
    }

    /// Number of keys of all sequences.
    pub fn tk(&self) -> usize {
        self.keys.last().copied().unwrap_or(0)
    }

    /// Checks the offsets, and the lengths of the tensors with one row per query, of those with one row per key, and of the log-sums.
    pub(super) fn check(
        &self,
        kernel: &'static str,
        queries: &[(&'static str, usize)],
        keys: &[(&'static str, usize)],
        lse: usize,
    ) -> Result<()> {
        let is_valid = |list: &[usize]| list.first() == Some(&0) && list.is_sorted();
        if self.queries.len() != self.keys.len() || !is_valid(self.queries) || !is_valid(self.keys) {
            return fail(
                kernel,
                "the offsets of queries and keys must be lists of one length that start at 0 and do not decrease"
                    .to_string(),
            );
        }
        for &(name, len) in queries {
            check_len(kernel, name, len, self.tq() * self.heads * self.d)?;
        }
        for &(name, len) in keys {
            check_len(kernel, name, len, self.tk() * self.kv_heads * self.d)?;
        }
        check_len(kernel, "lse", lse, self.tq() * self.heads)
    }
}

/// Variants of packed attention.
#[derive(Clone, Copy, Debug)]
pub struct PackedOptions {
    /// Factor of the scores, usually 1/√D.
    pub scale: f64,
    /// Mask by position within a sequence.
    pub causal: Causal,
    /// As in [`AttnOptions`].
    pub window: Option<usize>,
    /// As in [`AttnOptions`].
    pub softcap: Option<f64>,
    /// Dropout of the weights; each sequence draws as it would alone, `Segment::drawn` blocks further on.
    pub dropout: Option<Dropout>,
}

impl PackedOptions {
    pub(super) fn of<'a, T>(self, segment: Segment) -> AttnOptions<'a, T> {
        let dropout = self.dropout.map(|dropout| Dropout {
            counter: dropout.counter.wrapping_add(segment.drawn),
            ..dropout
        });
        AttnOptions {
            scale: self.scale,
            causal: self.causal,
            window: self.window,
            softcap: self.softcap,
            lens: None,
            mask: None,
            dropout,
        }
    }
}
