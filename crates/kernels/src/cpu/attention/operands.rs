//! Sizes, strides, options and tensors of attention.

use super::super::dropout::Dropout;

/// Sizes: `heads` is a multiple of `kv_heads`; query head h reads key head `h / (heads / kv_heads)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttnDims {
    /// Sequences.
    pub batch: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Queries per sequence.
    pub tq: usize,
    /// Keys per sequence, padding included.
    pub tk: usize,
    /// Head size.
    pub d: usize,
}

/// Distances in elements between sequences, heads and tokens; the D values of a head are contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    /// From one sequence to the next.
    pub b: usize,
    /// From one head to the next.
    pub h: usize,
    /// From one token to the next.
    pub t: usize,
}

impl Strides {
    /// (B, T, H, D), the output of a projection.
    pub fn bthd(tokens: usize, heads: usize, d: usize) -> Self {
        Self {
            b: tokens * heads * d,
            h: d,
            t: heads * d,
        }
    }

    /// (B, H, T, D).
    pub fn bhtd(tokens: usize, heads: usize, d: usize) -> Self {
        Self {
            b: heads * tokens * d,
            h: tokens * d,
            t: d,
        }
    }

    /// First element of a head's token.
    pub(super) fn at(self, b: usize, h: usize, t: usize) -> usize {
        b * self.b + h * self.h + t * self.t
    }
}

/// The strides of the tensors of one attention; the gradients of q, k, v and out have those of their tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttnStrides {
    /// Of q (B, H, Tq, D).
    pub q: Strides,
    /// Of k (B, Hkv, Tk, D).
    pub k: Strides,
    /// Of v (B, Hkv, Tk, D).
    pub v: Strides,
    /// Of out (B, H, Tq, D).
    pub out: Strides,
}

impl AttnStrides {
    /// All tensors as (B, T, H, D), contiguous.
    pub fn bthd(dims: AttnDims) -> Self {
        Self::of(dims, Strides::bthd)
    }

    /// All tensors as (B, H, T, D), contiguous.
    pub fn bhtd(dims: AttnDims) -> Self {
        Self::of(dims, Strides::bhtd)
    }

    fn of(dims: AttnDims, strides: impl Fn(usize, usize, usize) -> Strides) -> Self {
        let (queries, keys) = (
            strides(dims.tq, dims.heads, dims.d),
            strides(dims.tk, dims.kv_heads, dims.d),
        );
        Self {
            q: queries,
            k: keys,
            v: keys,
            out: queries,
        }
    }
}

/// What attention reads.
#[derive(Clone, Copy, Debug)]
pub struct AttnOperands<'a, T> {
    /// Queries.
    pub q: &'a [T],
    /// Keys.
    pub k: &'a [T],
    /// Values.
    pub v: &'a [T],
}

/// What attention writes.
#[derive(Debug)]
pub struct AttnOutputs<'a, T> {
    /// The weighted sums of the values, with the shape of q.
    pub out: &'a mut [T],
    /// (B, H, Tq), contiguous: the logarithm of each softmax's denominator.
    pub lse: &'a mut [T],
}

/// What the forward pass saved for the backward pass, as in [`AttnOutputs`].
#[derive(Clone, Copy, Debug)]
pub struct AttnSaved<'a, T> {
    /// The weighted sums.
    pub out: &'a [T],
    /// The log-sums.
    pub lse: &'a [T],
}

/// Where the gradients of attention go.
#[derive(Debug)]
pub struct AttnGradients<'a, T> {
    /// Of q.
    pub dq: &'a mut [T],
    /// Of k.
    pub dk: &'a mut [T],
    /// Of v.
    pub dv: &'a mut [T],
}

/// Which keys a query may attend to, by its position in the sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Causal {
    /// All.
    #[default]
    None,
    /// Key j for query i when j <= i.
    TopLeft,
    /// The last query attends up to the last valid key: j <= i + length − Tq, where length is that of the sequence.
    BottomRight,
}

/// A mask of the caller, read at `b·s[0] + h·s[1] + i·s[2] + j·s[3]`; a stride of 0 repeats.
#[derive(Clone, Copy, Debug)]
pub enum Mask<'a, T> {
    /// Not 0 where the query may attend.
    Bool(&'a [u8], [usize; 4]),
    /// Added to the scaled scores.
    Add(&'a [T], [usize; 4]),
}

/// Variants of attention.
#[derive(Clone, Copy, Debug)]
pub struct AttnOptions<'a, T> {
    /// Factor of the scores, usually 1/√D.
    pub scale: f64,
    /// Mask by position.
    pub causal: Causal,
    /// How many keys up to its own position a query may attend to, at least 1: j > position − window. Without a causal mask, as many
    /// after it too: |j − i| < window. `None` for all.
    pub window: Option<usize>,
    /// Scores s become `cap · tanh(s / cap)` before the masks (Gemma 2, 2024).
    pub softcap: Option<f64>,
    /// (B,): valid keys of each sequence; later ones are never read. `None` means Tk.
    pub lens: Option<&'a [i64]>,
    /// An additional mask.
    pub mask: Option<Mask<'a, T>>,
    /// Dropout of the weights, drawn by the flat index ((b·H + h)·Tq + i)·Tk + j.
    pub dropout: Option<Dropout>,
}
