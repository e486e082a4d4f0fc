//! Scaled dot-product attention without the (T, T) matrix in memory.

mod packed;
mod twin;

use std::cell::Ref;

use kernels::cpu::attention::{
    self as kernel, AttnDims, AttnGradients, AttnOperands, AttnOptions, AttnOutputs, AttnSaved, AttnStrides, Causal,
    Mask,
};

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use super::linear::Real;
use super::lora::{dropout, dropout_blocks, probability};
use super::row::{Needs, Save};
use super::table;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use crate::storage::Element;

pub use packed::{
    backward_random as packed_backward_random, grad as packed_grad, grad_twin as packed_grad_twin, packed,
    packed_backward, packed_twin, random as packed_random, save as packed_save, shape as packed_shape,
};
pub use twin::{grad_twin, sdpa_twin};

const Q: usize = 0;
const K: usize = 1;
const V: usize = 2;
const MASK: usize = 3;
const LENGTHS: usize = 4;

/// Attributes, which forward and gradient share.
#[derive(Clone, Copy)]
struct Options {
    scale: f64,
    causal: Causal,
    p: f64,
    layout: Layout,
    window: Option<usize>,
    softcap: Option<f64>,
}

/// Order of dimensions of q, k, v and the result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// (B, H, T, D).
    Heads,
    /// (B, T, H, D), as a projection gives it.
    Tokens,
}

fn options(mut attrs: AttrReader<'_>) -> Result<Options> {
    let scale = attrs.number();
    let causal = causal(attrs.number())?;
    let p = probability(attrs.number())?;
    let layout = match attrs.number() {
        0.0 => Layout::Heads,
        1.0 => Layout::Tokens,
        x => {
            return Err(wrong(
                "unknown layout of heads",
                "0 for (B, H, T, D), or 1 for (B, T, H, D)",
                x,
            ));
        }
    };
    Ok(Options {
        scale,
        causal,
        p,
        layout,
        window: window(attrs.number())?,
        softcap: softcap(attrs.number())?,
    })
}

fn window(number: f64) -> Result<Option<usize>> {
    if number >= 0.0 && number.fract() == 0.0 {
        return Ok((number > 0.0).then_some(number as usize));
    }
    Err(wrong(
        "invalid attention window",
        "a whole number of keys, or 0 for all",
        number,
    ))
}

fn softcap(number: f64) -> Result<Option<f64>> {
    if number >= 0.0 && number.is_finite() {
        return Ok((number > 0.0).then_some(number));
    }
    Err(wrong(
        "invalid softcap of attention scores",
        "a number above 0, or 0 for none",
        number,
    ))
}

fn causal(code: f64) -> Result<Causal> {
    match code {
        0.0 => Ok(Causal::None),
        1.0 => Ok(Causal::TopLeft),
        2.0 => Ok(Causal::BottomRight),
        x => Err(wrong(
            "unknown causal mask",
            "0 for none, 1 aligned at the first key, 2 at the last",
            x,
        )),
    }
}

fn wrong(what: &str, expected: &str, got: f64) -> Error {
    Error::new(Code::Option, what)
        .expected(expected)
        .received(got.to_string())
        .hint("see the options of scaledDotProductAttention")
}

/// Sizes from the shapes of q and k.
fn dims_of(q: &Shape, k: &Shape, layout: Layout) -> AttnDims {
    let (h, t) = if layout == Layout::Heads { (1, 2) } else { (2, 1) };
    let (q, k) = (q.dims(), k.dims());
    AttnDims {
        batch: q[0],
        heads: q[h],
        kv_heads: k[h],
        tq: q[t],
        tk: k[t],
        d: q[3],
    }
}

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// `q (B, H, Tq, D)`, `k` and `v (B, Hkv, Tk, D)`, mask broadcastable to (B, H, Tq, Tk), lengths (B,) → as `q`, and for
/// backward the log-sums (B, H, Tq).
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[Q, K, V])?;
    let options = options(context.reader())?;
    let dims = check_sizes(context, options.layout)?;
    check_masks(context, dims)?;
    let lse = Shape::new(&[dims.batch, dims.heads, dims.tq]);
    Ok(Metas::from_iter([
        Meta::new(context.shape(Q).clone(), dtype),
        Meta::new(lse, dtype.wide()),
    ]))
}

fn check_sizes(context: &ShapeContext<'_>, layout: Layout) -> Result<AttnDims> {
    let (q, k, v) = (context.shape(Q), context.shape(K), context.shape(V));
    let expected = match layout {
        Layout::Heads => "q (B, H, Tq, D), k and v (B, Hkv, Tk, D)",
        Layout::Tokens => "q (B, Tq, H, D), k and v (B, Tk, Hkv, D)",
    };
    let wrong = || context.shape_error(format!("{expected}, with Hkv a divisor of H and D at least 1"));
    if q.rank() != 4 || k.rank() != 4 || k != v {
        return Err(wrong());
    }
    let dims = dims_of(q, k, layout);
    if k.dims()[0] != dims.batch || k.last() != dims.d || dims.d == 0 {
        return Err(wrong());
    }
    if dims.kv_heads == 0 || !dims.heads.is_multiple_of(dims.kv_heads) {
        return Err(wrong().hint(format!(
            "{} query heads cannot share {} key heads evenly",
            dims.heads, dims.kv_heads
        )));
    }
    Ok(dims)
}

fn check_masks(context: &ShapeContext<'_>, dims: AttnDims) -> Result<()> {
    if let Some(mask) = context.inputs[MASK] {
        let full = scores_shape(dims);
        let wide = context.dtype(Q).wide();
        if mask.dtype != Dtype::Bool && mask.dtype.wide() != wide {
            return Err(Error::new(Code::Dtype, "the attention mask has the wrong dtype")
                .expected(format!("bool (true: may attend) or {wide} (added to the scores)"))
                .received(mask.dtype.name())
                .hint("a mask of 0 and 1 becomes a bool one with mask.to('bool')"));
        }
        let fits = crate::shape::broadcast(&mask.shape, &full).is_ok_and(|shape| shape == full);
        if !fits {
            return Err(Error::new(Code::Shape, "the attention mask does not fit the scores")
                .expected(format!("mask that broadcasts to (B, H, Tq, Tk) = {full}"))
                .received(format!("mask {} {}", mask.shape, mask.dtype))
                .hint("a padding mask (B, Tk) becomes (B, 1, 1, Tk) with .unsqueeze(1).unsqueeze(1)"));
        }
    }
    context.want_dtype(LENGTHS, Dtype::I64)?;
    match context.inputs[LENGTHS] {
        Some(lengths) if lengths.shape.dims() != [dims.batch] => {
            Err(context.shape_error(format!("lengths ({},): one for each sequence", dims.batch)))
        }
        _ => Ok(()),
    }
}

fn scores_shape(dims: AttnDims) -> Shape {
    Shape::new(&[dims.batch, dims.heads, dims.tq, dims.tk])
}

/// Dropout draws over the weights (B, H, Tq, Tk).
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    blocks(context, Q, K)
}

/// As [`random`], from the gradient op's inputs.
pub fn backward_random(context: &ShapeContext<'_>) -> Result<u64> {
    blocks(context, GRAD_Q, GRAD_Q + 1)
}

fn blocks(context: &ShapeContext<'_>, q: usize, k: usize) -> Result<u64> {
    let Options { p, layout, .. } = options(context.reader())?;
    let full = scores_shape(dims_of(context.shape(q), context.shape(k), layout));
    if p == 0.0 {
        return Ok(0);
    }
    let Some(n) = Shape::checked_numel(full.dims()) else {
        return Err(Error::new(
            Code::Memory,
            "attention with dropout over this many weights is not possible",
        )
        .received(full.to_string())
        .expected("fewer than 2^64 weights")
        .hint("use shorter sequences, or no dropout in attention"));
    };
    Ok(dropout_blocks(p, n))
}

// ---- forward --------------------------------------------------------------------------------------------------------

/// `softmax(scale · q kᵀ + mask) v` for each head. A query that may attend to no key gets zeros.
///
/// Keys beyond a sequence's length are hidden; with causal 2 the last query sees the last key within the length.
pub fn sdpa(exec: &mut Exec<'_>) -> Result<Outputs> {
    let options = options(exec.reader())?;
    let dims = dims_of(exec.shape(Q), exec.shape(K), options.layout);
    let strides = strides(dims, options.layout);
    float!(exec.out(0).dtype, T => {
        let (mut out, mut lse) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let (q, k, v) = (exec.read::<T>(Q)?, exec.read::<T>(K)?, exec.read::<T>(V)?);
        let hidden = Hidden::<T>::read(exec, MASK, dims)?;
        let operands = AttnOperands { q: &q, k: &k, v: &v };
        let written = AttnOutputs { out: &mut out, lse: &mut lse };
        kernel::attention(dims, strides, operands, &hidden.options(exec, options), written)?;
        Ok(outputs([T::wrap(out), T::wrap(lse)]))
    })
}

/// Strides of q and the result, and of k and v.
fn strides(dims: AttnDims, layout: Layout) -> AttnStrides {
    match layout {
        Layout::Heads => AttnStrides::bhtd(dims),
        Layout::Tokens => AttnStrides::bthd(dims),
    }
}

/// What hides keys from queries: mask and lengths, two consecutive inputs.
struct Hidden<'a, T> {
    allowed: Option<Ref<'a, [u8]>>,
    added: Option<Ref<'a, [T]>>,
    mask_strides: [usize; 4],
    lengths: Option<Ref<'a, [i64]>>,
}

impl<'a, T: Real> Hidden<'a, T> {
    fn read(exec: &Exec<'a>, mask: usize, dims: AttnDims) -> Result<Self> {
        let lengths = exec.read_optional(mask + 1)?;
        let mut hidden = Hidden {
            allowed: None,
            added: None,
            mask_strides: [0; 4],
            lengths,
        };
        if exec.has(mask) {
            hidden
                .mask_strides
                .copy_from_slice(&exec.shape(mask).broadcast_strides(&scores_shape(dims)));
            if exec.dtype(mask) == Dtype::Bool {
                hidden.allowed = Some(exec.read(mask)?);
            } else {
                hidden.added = Some(exec.read(mask)?);
            }
        }
        Ok(hidden)
    }

    fn options(&self, exec: &Exec<'_>, options: Options) -> AttnOptions<'_, T> {
        let allowed = self.allowed.as_deref().map(|mask| Mask::Bool(mask, self.mask_strides));
        let added = self.added.as_deref().map(|mask| Mask::Add(mask, self.mask_strides));
        AttnOptions {
            scale: options.scale,
            causal: options.causal,
            window: options.window,
            softcap: options.softcap,
            lens: self.lengths.as_deref(),
            mask: allowed.or(added),
            dropout: dropout(options.p, exec.rng()),
        }
    }
}

// ---- backward -------------------------------------------------------------------------------------------------------

const GRAD_DOUT: usize = 0;
const GRAD_Q: usize = 1;
const GRAD_OUT: usize = 4;
const GRAD_LSE: usize = 5;
const GRAD_MASK: usize = 6;

/// Everything but the attention weights, which are recomputed from the log-sums.
pub fn save(needs: Needs) -> Save {
    let any = needs.input(Q) || needs.input(K) || needs.input(V);
    Save {
        inputs: Needs::when(any, &[Q, K, V, MASK, LENGTHS]),
        outputs: Needs::when(any, &[0, 1]),
    }
}

/// The gradients of q, k and v; the mask is a constant of the row.
pub fn sdpa_backward(back: &mut Back<'_>) -> Result<()> {
    let (mask, lengths) = (back.input_or_none(MASK), back.input_or_none(LENGTHS));
    let inputs = [
        back.dy(),
        back.input(Q),
        back.input(K),
        back.input(V),
        back.output(0),
        back.output(1),
        mask,
        lengths,
    ];
    let grads = back.replay(&table::SDPA_BACKWARD, &inputs, &back.attrs(), back.rng())?;
    for (i, grad) in [Q, K, V].into_iter().zip(grads) {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

/// `dq`, `dk`, `dv` in the shapes of q, k, v.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.dtype(GRAD_DOUT).wide();
    Ok((GRAD_Q..GRAD_OUT)
        .map(|i| Meta::new(context.shape(i).clone(), dtype))
        .collect())
}

/// CPU forward of the gradient.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let options = options(exec.reader())?;
    let dims = dims_of(exec.shape(GRAD_Q), exec.shape(GRAD_Q + 1), options.layout);
    let strides = strides(dims, options.layout);
    float!(exec.out(0).dtype, T => {
        let (mut dq, mut dk, mut dv) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?, exec.alloc::<T>(2)?);
        let (dout, out, lse) = (exec.read::<T>(GRAD_DOUT)?, exec.read::<T>(GRAD_OUT)?, exec.read::<T>(GRAD_LSE)?);
        let (q, k, v) = (exec.read::<T>(GRAD_Q)?, exec.read::<T>(GRAD_Q + 1)?, exec.read::<T>(GRAD_Q + 2)?);
        let hidden = Hidden::<T>::read(exec, GRAD_MASK, dims)?;
        let options = hidden.options(exec, options);
        let operands = AttnOperands { q: &q, k: &k, v: &v };
        let saved = AttnSaved { out: &out, lse: &lse };
        let gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        kernel::attention_backward(dims, strides, operands, &options, saved, &dout, gradients)?;
        Ok(outputs([T::wrap(dq), T::wrap(dk), T::wrap(dv)]))
    })
}
