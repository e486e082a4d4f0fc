//! Attention and its gradient composed of plain operations, with the (T, T) matrices that the kernel avoids.

use candle_core::{D, Device, Tensor};
use kernels::cpu::attention::{AttnDims, Causal};

use super::super::linear::product;
use super::super::twins::{factors_of, full_like, truth};
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
        batch, heads, tq, tk, ..
    } = problem.dims;
    if q.elem_count() == 0 || tk == 0 {
        let lse = Tensor::full(f64::NEG_INFINITY, (batch, heads, tq), q.device())?.to_dtype(q.dtype())?;
        return Ok([q.zeros_like()?, lse]);
    }
    let scores = problem.scores(q, k)?;
    let max = scores.max_keepdim(D::Minus1)?;
    let shift = replace(&max, f64::NEG_INFINITY, 0.0)?;
    let weights = scores.broadcast_sub(&shift)?.exp()?;
    let sum = weights.sum_keepdim(D::Minus1)?;
    // Where a query may attend to no key, all weights are 0, and log(0) is the wanted -inf.
    let lse = (sum.log()? + shift)?.squeeze(3)?;
    let weights = weights.broadcast_div(&replace(&sum, 0.0, 1.0)?)?;
    let out = product(&problem.dropped(&weights)?, &problem.shared(v)?)?;
    Ok([problem.swap(&out)?, lse])
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
    let (dout, out) = (problem.swap(dout)?, problem.swap(out)?);
    let lse = replace(&lse.unsqueeze(3)?, f64::NEG_INFINITY, 0.0)?;
    let weights = problem.scores(q, k)?.broadcast_sub(&lse)?.exp()?;
    let dv = product(&problem.dropped(&weights)?.transpose(2, 3)?, &dout)?;
    let dweights = problem.dropped(&product(&dout, &problem.shared(v)?.transpose(2, 3)?)?)?;
    let delta = (dout * out)?.sum_keepdim(D::Minus1)?;
    let mut dscores = ((weights * dweights.broadcast_sub(&delta)?)? * problem.options.scale)?;
    if let Some(cap) = problem.options.softcap {
        let slope = (problem.capped(q, k)? / cap)?.sqr()?.affine(-1.0, 1.0)?; // 1 − tanh²
        dscores = (dscores * slope)?;
    }
    let dq = product(&dscores, &problem.shared(k)?)?;
    let dk = product(&dscores.transpose(2, 3)?, &problem.swap(q)?)?;
    Ok([problem.swap(&dq)?, problem.gathered(&dk)?, problem.gathered(&dv)?])
}

/// What the formula needs besides q, k and v.
pub(super) struct Problem<'a> {
    pub dims: AttnDims,
    pub options: Options,
    pub mask: Option<&'a Tensor>,
    pub lengths: Option<&'a Tensor>,
    /// Random numbers of the dropout, when there is one.
    pub rng: Option<Rng>,
    pub device: &'a Device,
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
            device: twin.device(),
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

    /// Keys or values as (B, H, Tk, D): each key head repeated for the query heads that share it.
    fn shared(&self, x: &Tensor) -> Result<Tensor> {
        let AttnDims {
            batch,
            heads,
            kv_heads,
            tk,
            d,
            ..
        } = self.dims;
        let x = self
            .swap(x)?
            .unsqueeze(2)?
            .broadcast_as((batch, kv_heads, heads / kv_heads, tk, d))?;
        Ok(x.contiguous()?.reshape((batch, heads, tk, d))?)
    }

    /// A gradient (B, H, Tk, D) summed over the query heads that share a key head, in the op's layout.
    fn gathered(&self, dx: &Tensor) -> Result<Tensor> {
        let AttnDims {
            batch,
            heads,
            kv_heads,
            tk,
            d,
            ..
        } = self.dims;
        self.swap(&dx.reshape((batch, kv_heads, heads / kv_heads, tk, d))?.sum(2)?)
    }

    /// Scaled scores (B, H, Tq, Tk), as the cap leaves them.
    fn capped(&self, q: &Tensor, k: &Tensor) -> Result<Tensor> {
        let scores = (product(&self.swap(q)?, &self.shared(k)?.transpose(2, 3)?)? * self.options.scale)?;
        Ok(match self.options.softcap {
            Some(cap) => ((scores / cap)?.tanh()? * cap)?,
            None => scores,
        })
    }

    /// Scaled and masked scores (B, H, Tq, Tk); -inf where the query may not attend.
    fn scores(&self, q: &Tensor, k: &Tensor) -> Result<Tensor> {
        let AttnDims {
            batch, heads, tq, tk, ..
        } = self.dims;
        let full = (batch, heads, tq, tk);
        let mut scores = self.capped(q, k)?;
        let never = full_like(&scores, f64::NEG_INFINITY)?;
        if let Some(mask) = self.mask {
            if mask.dtype() == candle_core::DType::U8 {
                scores = truth(mask)?
                    .broadcast_as(full)?
                    .contiguous()?
                    .where_cond(&scores, &never)?;
            } else {
                scores = scores.broadcast_add(mask)?;
            }
        }
        if let Some(visible) = self.visible()? {
            scores = visible.broadcast_as(full)?.contiguous()?.where_cond(&scores, &never)?;
        }
        Ok(scores)
    }

    /// The keys that lengths, causal mask and window leave visible, as bytes (B, 1, Tq, Tk); made on the host, where positions are known.
    fn visible(&self) -> Result<Option<Tensor>> {
        let AttnDims { batch, tq, tk, .. } = self.dims;
        let Options { causal, window, .. } = self.options;
        if self.lengths.is_none() && causal == Causal::None && window.is_none() {
            return Ok(None);
        }
        let lengths = match self.lengths {
            Some(lengths) => lengths
                .to_vec1::<i64>()?
                .into_iter()
                .map(|n| (n.max(0) as usize).min(tk))
                .collect(),
            None => vec![tk; batch],
        };
        let mut visible = kernels::alloc::with_capacity(batch * tq * tk);
        for length in lengths {
            for i in 0..tq {
                // One more than the position of the query among the keys.
                let next = match causal {
                    Causal::None | Causal::TopLeft => i + 1,
                    Causal::BottomRight => (length + i + 1).saturating_sub(tq),
                };
                let limit = if causal == Causal::None { tk } else { next };
                let near = |j: usize| {
                    let window = window.unwrap_or(usize::MAX);
                    j.saturating_add(window) >= next && (causal != Causal::None || j < i.saturating_add(window))
                };
                visible.extend((0..tk).map(|j| u8::from(j < length && j < limit && near(j))));
            }
        }
        Ok(Some(Tensor::from_vec(visible, (batch, 1, tq, tk), self.device)?))
    }

    /// Weights, or their gradient, after dropout.
    fn dropped(&self, weights: &Tensor) -> Result<Tensor> {
        match self.rng {
            Some(rng) => Ok((weights * factors_of(rng, self.device, weights, self.options.p)?)?),
            None => Ok(weights.clone()),
        }
    }
}

/// `x` with one value replaced by another.
fn replace(x: &Tensor, from: f64, to: f64) -> Result<Tensor> {
    Ok(x.eq(&full_like(x, from)?)?.where_cond(&full_like(x, to)?, x)?)
}
