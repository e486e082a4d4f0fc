//! Attention within packed sequences: one after the other in a batch of one, without padding.

use candle_core::Tensor;
use kernels::cpu::attention::{AttnGradients, AttnOperands, AttnOutputs, AttnSaved};
use kernels::cpu::packed_attention::{self as kernel, PackedDims, PackedOptions, Segment};
use smallvec::SmallVec;

use super::super::lora::{dropout, dropout_blocks};
use super::super::table;
use super::twin::{Problem, backward, forward};
use super::{GRAD_DOUT, GRAD_LSE, GRAD_OUT, GRAD_Q, K, Layout, Options, Q, V, causal, check_sizes};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::row::{Needs, Save};
use crate::rng::Rng;
use crate::shape::Shape;
use crate::storage::Element;

/// Attributes, which forward and gradient share.
struct Packed {
    queries: Offsets,
    keys: Offsets,
    options: Options,
}

/// The offsets of the sequences: the first row of each, then the number of rows.
type Offsets = SmallVec<[usize; 16]>;

impl Packed {
    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let queries = offsets("queries", attrs.dims())?;
        let keys = offsets("keys", attrs.dims())?;
        let scale = attrs.number();
        let causal = causal(attrs.number())?;
        let p = super::probability(attrs.number())?;
        let layout = Layout::Tokens;
        let options = Options {
            scale,
            causal,
            p,
            layout,
            window: super::window(attrs.number())?,
            softcap: super::softcap(attrs.number())?,
        };
        Ok(Packed { queries, keys, options })
    }

    /// With the sizes of the heads, from q (1, N, H, D) and k (1, M, Hkv, D).
    fn dims(&self, q: &Shape, k: &Shape) -> PackedDims<'_> {
        PackedDims {
            queries: &self.queries,
            keys: &self.keys,
            heads: q.dims()[2],
            kv_heads: k.dims()[2],
            d: q.last(),
        }
    }

    fn kernel_options(&self, rng: impl FnOnce() -> Rng) -> PackedOptions {
        let Options {
            scale,
            causal,
            p,
            window,
            softcap,
            ..
        } = self.options;
        PackedOptions {
            scale,
            causal,
            window,
            softcap,
            dropout: if p > 0.0 { dropout(p, rng()) } else { None },
        }
    }
}

fn offsets(name: &str, list: &[f64]) -> Result<Offsets> {
    let offsets: Offsets = list.iter().map(|&x| x as usize).collect();
    let whole = list.iter().zip(&offsets).all(|(&x, &offset)| x == offset as f64);
    if whole && offsets.first() == Some(&0) && offsets.is_sorted() {
        return Ok(offsets);
    }
    Err(Error::new(
        Code::Option,
        format!("packed attention: {name} are not the offsets of sequences"),
    )
    .expected("[0, …, number of rows]: whole numbers that do not decrease")
    .received(format!("{list:?}"))
    .hint("sum the lengths: sequences of 3 and 5 tokens are [0, 3, 8]"))
}

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// `q (1, N, H, D)`, `k` and `v (1, M, Hkv, D)` → as `q`, and for backward the log-sums (N·H).
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[Q, K, V])?;
    let packed = Packed::read(context.reader())?;
    let (q, k, v) = (context.shape(Q), context.shape(K), context.shape(V));
    check_sizes(context, Layout::Tokens)?;
    if q.dims()[0] != 1 || k != v {
        return Err(context.shape_error("q (1, N, H, D), k and v (1, M, Hkv, D): the sequences lie in a batch of one"));
    }
    let dims = packed.dims(q, k);
    if packed.queries.len() != packed.keys.len() || dims.tq() != q.dims()[1] || dims.tk() != k.dims()[1] {
        return Err(context
            .shape_error(format!(
                "{} queries and {} keys, by the offsets of {} and {} sequences",
                dims.tq(),
                dims.tk(),
                packed.queries.len() - 1,
                packed.keys.len() - 1,
            ))
            .hint("both lists end with the number of rows and have one entry more than there are sequences"));
    }
    let lse = Shape::new(&[dims.tq() * dims.heads]);
    Ok(Metas::from_iter([
        Meta::new(q.clone(), dtype),
        Meta::new(lse, dtype.wide()),
    ]))
}

/// Dropout draws over the weights (H, Tq, Tk) of each sequence.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    blocks(context, Q)
}

/// As [`random`], from the gradient op's inputs.
pub fn backward_random(context: &ShapeContext<'_>) -> Result<u64> {
    blocks(context, GRAD_Q)
}

fn blocks(context: &ShapeContext<'_>, q: usize) -> Result<u64> {
    let packed = Packed::read(context.reader())?;
    let p = packed.options.p;
    if p == 0.0 {
        return Ok(0);
    }
    let dims = packed.dims(context.shape(q), context.shape(q + 1));
    let count = |s: Segment| dropout_blocks(p, s.dims.heads * s.dims.tq * s.dims.tk);
    Ok(dims.segments().map(count).sum())
}

// ---- forward --------------------------------------------------------------------------------------------------------

/// `softmax(scale · q kᵀ + mask) v` for each head of each sequence.
pub fn packed(exec: &mut Exec<'_>) -> Result<Outputs> {
    let packed = Packed::read(exec.reader())?;
    let dims = packed.dims(exec.shape(Q), exec.shape(K));
    float!(exec.out(0).dtype, T => {
        let (mut out, mut lse) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let (q, k, v) = (exec.read::<T>(Q)?, exec.read::<T>(K)?, exec.read::<T>(V)?);
        let options = packed.kernel_options(|| exec.rng());
        let operands = AttnOperands { q: &q, k: &k, v: &v };
        kernel::packed_attention(dims, operands, options, AttnOutputs { out: &mut out, lse: &mut lse })?;
        Ok(outputs([T::wrap(out), T::wrap(lse)]))
    })
}

/// Twin of `sdpaPacked`: each sequence by itself.
pub fn packed_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (q, k, v) = (twin.tensor(Q), twin.tensor(K), twin.tensor(V));
    let packed = Packed::read(twin.reader())?;
    let (q_shape, k_shape) = (Shape::new(q.dims()), Shape::new(k.dims()));
    let (mut outs, mut sums) = (vec![q.narrow(1, 0, 0)?], Vec::new());
    for segment in packed.dims(&q_shape, &k_shape).segments() {
        let problem = problem(twin, &packed, segment);
        let [out, lse] = forward(&problem, &query(q, segment)?, &key(k, segment)?, &key(v, segment)?)?;
        outs.push(out);
        sums.push(lse.flatten_all()?);
    }
    let none = Tensor::zeros(0, q.dtype(), q.device())?;
    Ok(vec![
        Tensor::cat(&outs, 1)?,
        if sums.is_empty() { none } else { Tensor::cat(&sums, 0)? },
    ])
}

fn problem<'a>(twin: &'a Twin<'a>, packed: &Packed, segment: Segment) -> Problem<'a> {
    let rng = (packed.options.p > 0.0).then(|| {
        let Rng { seed, counter } = twin.rng();
        Rng {
            seed,
            counter: counter.wrapping_add(segment.drawn),
        }
    });
    Problem {
        dims: segment.dims,
        options: packed.options,
        mask: None,
        lengths: None,
        rng,
    }
}

fn query(x: &Tensor, segment: Segment) -> Result<Tensor> {
    Ok(x.narrow(1, segment.query, segment.dims.tq)?.contiguous()?)
}

fn key(x: &Tensor, segment: Segment) -> Result<Tensor> {
    Ok(x.narrow(1, segment.key, segment.dims.tk)?.contiguous()?)
}

// ---- backward -------------------------------------------------------------------------------------------------------

/// Everything but the attention weights, which are recomputed from the log-sums.
pub fn save(needs: Needs) -> Save {
    let any = needs.input(Q) || needs.input(K) || needs.input(V);
    Save {
        inputs: Needs::when(any, &[Q, K, V]),
        outputs: Needs::when(any, &[0, 1]),
    }
}

/// The gradients of q, k and v.
pub fn packed_backward(back: &mut Back<'_>) -> Result<()> {
    let inputs = [
        back.dy(),
        back.input(Q),
        back.input(K),
        back.input(V),
        back.output(0),
        back.output(1),
    ];
    let grads = back.replay(&table::SDPA_PACKED_BACKWARD, &inputs, &back.attrs(), back.rng())?;
    for (i, grad) in [Q, K, V].into_iter().zip(grads) {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

/// CPU forward of the gradient.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let packed = Packed::read(exec.reader())?;
    let dims = packed.dims(exec.shape(GRAD_Q), exec.shape(GRAD_Q + 1));
    float!(exec.out(0).dtype, T => {
        let (mut dq, mut dk, mut dv) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?, exec.alloc::<T>(2)?);
        let (dout, out, lse) = (exec.read::<T>(GRAD_DOUT)?, exec.read::<T>(GRAD_OUT)?, exec.read::<T>(GRAD_LSE)?);
        let (q, k, v) = (exec.read::<T>(GRAD_Q)?, exec.read::<T>(GRAD_Q + 1)?, exec.read::<T>(GRAD_Q + 2)?);
        let options = packed.kernel_options(|| exec.rng());
        let operands = AttnOperands { q: &q, k: &k, v: &v };
        let saved = AttnSaved { out: &out, lse: &lse };
        let gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        kernel::packed_attention_backward(dims, operands, options, saved, &dout, gradients)?;
        Ok(outputs([T::wrap(dq), T::wrap(dk), T::wrap(dv)]))
    })
}

/// Twin of `sdpaPackedBackward`: each sequence by itself.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let [dout, q, k, v, out, lse] = [0, 1, 2, 3, 4, 5].map(|i| twin.tensor(i));
    let packed = Packed::read(twin.reader())?;
    let (q_shape, k_shape) = (Shape::new(q.dims()), Shape::new(k.dims()));
    let mut grads = [q, k, v].map(|x| x.narrow(1, 0, 0).map(|none| vec![none]));
    for segment in packed.dims(&q_shape, &k_shape).segments() {
        let problem = problem(twin, &packed, segment);
        let (heads, tq) = (segment.dims.heads, segment.dims.tq);
        let lse = lse
            .narrow(0, segment.query * heads, tq * heads)?
            .reshape((1, heads, tq))?;
        let [dout, q, out] = [dout, q, out].map(|x| query(x, segment));
        let [k, v] = [k, v].map(|x| key(x, segment));
        let parts = backward(&problem, &dout?, &q?, &k?, &v?, &out?, &lse)?;
        for (grad, part) in grads.iter_mut().zip(parts) {
            if let Ok(grad) = grad {
                grad.push(part);
            }
        }
    }
    grads.into_iter().map(|parts| Ok(Tensor::cat(&parts?, 1)?)).collect()
}
