//! Attention and its gradient composed of plain operations, with matrices of scores for some rows at a time.

use candle_core::Tensor;
use kernels::cpu::attention::{AttnDims, Causal};

use super::super::linear::product;
use super::super::own::{self, Hide};
use super::super::twins::{CHUNK_BYTES, chunks, full, kept, number, number_like};
use super::{GRAD_DOUT, GRAD_LSE, GRAD_MASK, GRAD_OUT, GRAD_Q, K, Layout, MASK, Options, Q, Twin, V, dims_of, options};
use crate::error::Result;
use crate::rng::Rng;
use crate::shape::Shape;

/// Twin of `sdpa`.
pub fn sdpa_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let problem = Problem::of(twin, Q, MASK)?;
    Ok(forward(&problem, twin.tensor(Q), twin.tensor(K), twin.tensor(V))?.into())
}

/// The result and the log-sums (B, H, Tq).
pub(super) fn forward(problem: &Problem<'_>, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<[Tensor; 2]> {
    let AttnDims {
        batch,
        heads,
        tq,
        tk,
        d,
        ..
    } = problem.dims;
    if q.elem_count() == 0 || tk == 0 {
        let lse = full(f64::NEG_INFINITY, &[batch, heads, tq], q.dtype(), q.device())?;
        return Ok([q.zeros_like()?, lse]);
    }
    let zeros = |shape: &[usize]| Tensor::zeros(shape, q.dtype(), q.device());
    let (out, sums) = (zeros(&[problem.rows(), d])?, zeros(&[problem.rows()])?);
    let (q, k, v) = (problem.swap(q)?, problem.swap(k)?, problem.swap(v)?);
    for part in problem.parts(q.dtype().size_in_bytes()) {
        let scores = part.scores(&q, &k)?;
        let shift = replace(&scores.max_keepdim(1)?, f64::NEG_INFINITY, 0.0)?;
        let below = scores.broadcast_sub(&shift)?;
        drop(scores);
        let powers = below.exp()?;
        drop(below);
        let sum = powers.sum_keepdim(1)?;
        // Where a query may attend to no key, all weights are 0, and log(0) is the wanted -inf.
        sums.slice_set(&(sum.log()? + shift)?.squeeze(1)?, 0, part.start())?;
        let weights = powers.broadcast_div(&replace(&sum, 0.0, 1.0)?)?;
        drop(powers);
        let result = product(&part.grouped(&part.dropped(&weights)?)?, &part.keys(&v)?)?;
        out.slice_set(&result.reshape((part.rows(), d))?, 0, part.start())?;
    }
    let out = out.reshape((batch, heads, tq, d))?;
    Ok([problem.swap(&out)?, sums.reshape((batch, heads, tq))?])
}

/// Twin of `sdpaBackward`: `dS = scale · P ∘ (dP − Σ dout ∘ out)`, times the slope of the softcap, `dq = dS k`, `dk = dSᵀ q`, `dv = P̃ᵀ dout`.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let problem = Problem::of(twin, GRAD_Q, GRAD_MASK)?;
    let [q, k, v] = [0, 1, 2].map(|i| twin.tensor(GRAD_Q + i));
    let [dout, out, lse] = [GRAD_DOUT, GRAD_OUT, GRAD_LSE].map(|i| twin.tensor(i));
    Ok(backward(&problem, dout, q, k, v, out, lse)?.into())
}

/// `dq`, `dk`, `dv`.
pub(super) fn backward(
    problem: &Problem<'_>,
    dout: &Tensor,
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    out: &Tensor,
    lse: &Tensor,
) -> Result<[Tensor; 3]> {
    if q.elem_count() == 0 || k.elem_count() == 0 {
        return Ok([q.zeros_like()?, k.zeros_like()?, v.zeros_like()?]);
    }
    let d = problem.dims.d;
    let flat = |x: &Tensor| {
        problem
            .swap(x)?
            .reshape((problem.rows(), d))
            .map_err(crate::error::Error::from)
    };
    let lse = replace(&lse.flatten_all()?.unsqueeze(1)?, f64::NEG_INFINITY, 0.0)?;
    // Σ dout ∘ out of each row.
    let delta = (flat(dout)? * flat(out)?)?.sum_keepdim(1)?;
    let [dout, q, k, v] = [dout, q, k, v].map(|x| problem.swap(x));
    let (dout, q, k, v) = (dout?, q?, k?, v?);
    let (dq, dk, dv) = (
        Tensor::zeros((problem.rows(), d), q.dtype(), q.device())?,
        k.zeros_like()?,
        v.zeros_like()?,
    );
    for part in problem.parts(q.dtype().size_in_bytes()) {
        let of_rows = |x: &Tensor| x.narrow(0, part.start(), part.rows());
        let (weights, slope) = part.weights(&q, &k, &of_rows(&lse)?)?;
        let dout = part.queries(&dout)?;
        let dropped = part.grouped(&part.dropped(&weights)?)?;
        part.add(&dv, &product(&dropped.t()?, &dout)?)?;
        drop(dropped);
        let dweights = product(&dout, &part.keys(&v)?.t()?)?;
        let dweights = part.dropped(&dweights.reshape(weights.shape())?)?;
        let dweights = dweights.broadcast_sub(&of_rows(&delta)?)?;
        // A weight of 1 has no gradient; the difference of both sums is their rounding.
        let shared = weights.broadcast_lt(&number_like(&weights, 1.0)?)?;
        let mut dscores = ((weights * dweights)? * problem.options.scale)?;
        dscores = (&dscores * shared.to_dtype(dscores.dtype())?)?;
        if let Some(slope) = slope {
            dscores = (dscores * slope)?;
        }
        let dscores = part.grouped(&dscores)?;
        let part_dq = product(&dscores, &part.keys(&k)?)?;
        dq.slice_set(&part_dq.reshape((part.rows(), d))?, 0, part.start())?;
        part.add(&dk, &product(&dscores.t()?, &part.queries(&q)?)?)?;
    }
    let AttnDims { batch, heads, tq, .. } = problem.dims;
    let dq = dq.reshape((batch, heads, tq, d))?;
    Ok([problem.swap(&dq)?, problem.swap(&dk)?, problem.swap(&dv)?])
}

/// What the formula needs besides q, k and v.
pub(super) struct Problem<'a> {
    pub dims: AttnDims,
    pub options: Options,
    pub mask: Option<&'a Tensor>,
    pub lengths: Option<&'a Tensor>,
    /// Random numbers of the dropout, when there is one.
    pub rng: Option<Rng>,
}

impl<'a> Problem<'a> {
    /// The lengths follow the mask among the inputs.
    fn of(twin: &'a Twin<'a>, q: usize, mask: usize) -> Result<Self> {
        let options = options(twin.reader())?;
        let (q, k) = (Shape::new(twin.tensor(q).dims()), Shape::new(twin.tensor(q + 1).dims()));
        Ok(Problem {
            dims: dims_of(&q, &k, options.layout),
            options,
            mask: twin.optional(mask),
            lengths: twin.optional(mask + 1),
            rng: (options.p > 0.0).then(|| twin.rng()),
        })
    }

    /// From the op's layout to (B, H, T, D), or back.
    fn swap(&self, x: &Tensor) -> Result<Tensor> {
        Ok(if self.options.layout == Layout::Heads {
            x.clone()
        } else {
            x.transpose(1, 2)?.contiguous()?
        })
    }

    /// Rows of scores: queries of all heads of all sequences.
    fn rows(&self) -> usize {
        self.dims.batch * self.dims.heads * self.dims.tq
    }

    /// The rows of scores cut so that those of a part take at most [`CHUNK_BYTES`], if a row does: whole sequences, whole heads that share keys, or
    /// some queries of a head.
    fn parts(&self, size: usize) -> Vec<Part<'_>> {
        let AttnDims {
            batch,
            heads,
            kv_heads,
            tq,
            tk,
            ..
        } = self.dims;
        let (shared, row) = (heads / kv_heads, tk * size);
        let part = |batches: (usize, usize), heads: (usize, usize), queries: (usize, usize)| Part {
            problem: self,
            batches,
            heads,
            queries,
        };
        let mut parts = Vec::new();
        if heads * tq * row <= CHUNK_BYTES {
            parts.extend(chunks(batch, heads * tq * row, CHUNK_BYTES).map(|some| part(some, (0, heads), (0, tq))));
            return parts;
        }
        for b in 0..batch {
            if shared * tq * row <= CHUNK_BYTES {
                let groups = chunks(kv_heads, shared * tq * row, CHUNK_BYTES);
                parts.extend(groups.map(|(start, len)| part((b, 1), (start * shared, len * shared), (0, tq))));
                continue;
            }
            for h in 0..heads {
                parts.extend(chunks(tq, row, CHUNK_BYTES).map(|some| part((b, 1), (h, 1), some)));
            }
        }
        parts
    }
}

/// Some rows of scores, which lie one after the other: (first, number) of sequences, heads and queries.
struct Part<'a> {
    problem: &'a Problem<'a>,
    batches: (usize, usize),
    heads: (usize, usize),
    queries: (usize, usize),
}

impl Part<'_> {
    /// The first row of all.
    fn start(&self) -> usize {
        let AttnDims { heads, tq, .. } = self.problem.dims;
        (self.batches.0 * heads + self.heads.0) * tq + self.queries.0
    }

    fn rows(&self) -> usize {
        self.batches.1 * self.heads.1 * self.queries.1
    }

    /// Heads of keys: the first and their number.
    fn kv_heads(&self) -> (usize, usize) {
        let shared = self.problem.dims.heads / self.problem.dims.kv_heads;
        (self.heads.0 / shared, self.heads.1.div_ceil(shared))
    }

    /// Queries (B, Hkv, heads that share keys · Tq, D), for products with keys: no key is repeated.
    fn queries(&self, x: &Tensor) -> Result<Tensor> {
        let x = x
            .narrow(0, self.batches.0, self.batches.1)?
            .narrow(1, self.heads.0, self.heads.1)?
            .narrow(2, self.queries.0, self.queries.1)?;
        let kv = self.kv_heads().1;
        Ok(x.contiguous()?
            .reshape((self.batches.1, kv, self.heads.1 / kv * self.queries.1, ()))?)
    }

    /// Keys or values (B, Hkv, Tk, D).
    fn keys(&self, x: &Tensor) -> Result<Tensor> {
        let (first, count) = self.kv_heads();
        Ok(x.narrow(0, self.batches.0, self.batches.1)?
            .narrow(1, first, count)?
            .contiguous()?)
    }

    /// Adds a gradient of these keys or values to that of all.
    fn add(&self, all: &Tensor, part: &Tensor) -> Result<()> {
        let sum = (self.keys(all)? + part)?;
        let ((b, batches), (h, heads)) = (self.batches, self.kv_heads());
        let kv = self.problem.dims.kv_heads;
        let rows = |x: &Tensor, n: usize| x.reshape((n, self.problem.dims.tk * self.problem.dims.d));
        // Whole sequences, or some heads of one: they lie one after the other.
        rows(all, all.dim(0)? * kv)?.slice_set(&rows(&sum, batches * heads)?, 0, b * kv + h)?;
        Ok(())
    }

    /// Rows of scores as factors of products with keys.
    fn grouped(&self, x: &Tensor) -> Result<Tensor> {
        let kv = self.kv_heads().1;
        Ok(x.reshape((self.batches.1, kv, self.heads.1 / kv * self.queries.1, ()))?)
    }

    /// Scaled scores (rows, Tk), as the cap leaves them, and their share of the cap.
    fn capped(&self, q: &Tensor, k: &Tensor) -> Result<(Tensor, Option<Tensor>)> {
        let scores = product(&self.queries(q)?, &self.keys(k)?.t()?)?;
        let scores = (scores.reshape((self.rows(), ()))? * self.problem.options.scale)?;
        Ok(match self.problem.options.softcap {
            Some(cap) => {
                let share = (scores / cap)?.tanh()?;
                ((&share * cap)?, Some(share))
            }
            None => (scores, None),
        })
    }

    /// Scaled and masked scores (rows, Tk); -inf where the query may not attend.
    fn scores(&self, q: &Tensor, k: &Tensor) -> Result<Tensor> {
        let (scores, _) = self.capped(q, k)?;
        self.masked(scores)
    }

    /// The weights by their log-sums, and the slope of the cap: 1 − tanh².
    fn weights(&self, q: &Tensor, k: &Tensor, lse: &Tensor) -> Result<(Tensor, Option<Tensor>)> {
        let (scores, share) = self.capped(q, k)?;
        let weights = self.masked(scores)?.broadcast_sub(lse)?.exp()?;
        let slope = share.map(|share| share.sqr()?.affine(-1.0, 1.0)).transpose()?;
        Ok((weights, slope))
    }

    fn masked(&self, mut scores: Tensor) -> Result<Tensor> {
        let Problem {
            dims, options, lengths, ..
        } = *self.problem;
        if let Some(mask) = self.problem.mask {
            let mask = mask
                .broadcast_as((dims.batch, dims.heads, dims.tq, dims.tk))?
                .narrow(0, self.batches.0, self.batches.1)?
                .narrow(1, self.heads.0, self.heads.1)?
                .narrow(2, self.queries.0, self.queries.1)?;
            let shape = mask.shape().clone();
            let given = scores.reshape(&shape)?;
            let masked = if mask.dtype() == candle_core::DType::U8 {
                mask.where_cond(&given, &number_like(&given, f64::NEG_INFINITY)?)?
            } else {
                (given + mask)?
            };
            scores = masked.reshape((self.rows(), dims.tk))?;
        }
        if lengths.is_some() || options.causal != Causal::None || options.window.is_some() {
            let hide = Hide {
                causal: options.causal,
                window: options.window,
                tq: dims.tq,
                tk: dims.tk,
                rows: dims.heads * dims.tq,
                start: self.start(),
            };
            own::hide(&scores, hide, lengths)?;
        }
        Ok(scores)
    }

    /// Weights, or their gradient, after dropout.
    fn dropped(&self, weights: &Tensor) -> Result<Tensor> {
        match self.problem.rng {
            Some(rng) => {
                let first = self.start() as u64 * self.problem.dims.tk as u64;
                Ok(own::dropped(weights, self.problem.options.p, rng, first)?)
            }
            None => Ok(weights.clone()),
        }
    }
}

/// `x` with one value replaced by another.
fn replace(x: &Tensor, from: f64, to: f64) -> Result<Tensor> {
    kept(&x.broadcast_ne(&number(x, from)?)?, x, to)
}
