//! Plain twins of attention, which compute the whole matrix of weights.

use super::dropout::drop_factor;
use crate::cpu::attention::{AttnDims, AttnOperands, AttnOptions, AttnStrides, Causal, Mask};

/// A scaled score after the cap.
fn capped(score: f64, cap: Option<f64>) -> f64 {
    cap.map_or(score, |cap| cap * (score / cap).tanh())
}

fn dot(a: &[f64], b: &[f64], d: usize) -> f64 {
    (0..d).map(|c| a[c] * b[c]).sum()
}

/// Weights (B, H, Tq, Tk) before dropout, and log-sums (B, H, Tq).
fn weights(
    dims: AttnDims,
    strides: AttnStrides,
    operands: AttnOperands<'_, f64>,
    o: &AttnOptions<'_, f64>,
) -> (Vec<f64>, Vec<f64>) {
    let AttnOperands { q, k, .. } = operands;
    let AttnStrides { q: qs, k: ks, .. } = strides;
    let AttnDims {
        batch,
        heads,
        kv_heads,
        tq,
        tk,
        d,
    } = dims;
    let (mut weights, mut lse) = (
        vec![0.0; batch * heads * tq * tk],
        vec![f64::NEG_INFINITY; batch * heads * tq],
    );
    for row in 0..lse.len() {
        let (b, h, i) = (row / tq / heads, row / tq % heads, row % tq);
        let length = o.lens.map_or(tk, |lens| lens[b].clamp(0, tk as i64) as usize);
        let (q, w) = (&q[b * qs.b + h * qs.h + i * qs.t..], &mut weights[row * tk..][..tk]);
        for (j, w) in w.iter_mut().enumerate() {
            let k = &k[b * ks.b + h / (heads / kv_heads) * ks.h + j * ks.t..];
            // The position of the query among the keys.
            let position = i as i128
                + if o.causal == Causal::BottomRight {
                    length as i128 - tq as i128
                } else {
                    0
                };
            let ahead = j as i128 - position;
            let visible = match (o.causal, o.window) {
                (Causal::None, None) => true,
                (Causal::None, Some(window)) => ahead.unsigned_abs() < window as u128,
                (_, None) => ahead <= 0,
                (_, Some(window)) => ahead <= 0 && -ahead < window as i128,
            };
            let at = |s: [usize; 4]| b * s[0] + h * s[1] + i * s[2] + j * s[3];
            let bias = match o.mask {
                None => 0.0,
                Some(Mask::Bool(allowed, s)) => {
                    if allowed[at(s)] != 0 {
                        0.0
                    } else {
                        f64::NEG_INFINITY
                    }
                }
                Some(Mask::Add(bias, s)) => bias[at(s)],
            };
            let score = capped(o.scale * dot(q, k, d), o.softcap) + bias;
            *w = if visible && j < length {
                score
            } else {
                f64::NEG_INFINITY
            };
        }
        let max = w.iter().fold(f64::NEG_INFINITY, |max, &s| max.max(s));
        if max > f64::NEG_INFINITY {
            let sum: f64 = w.iter().map(|s| (s - max).exp()).sum();
            lse[row] = max + sum.ln();
            w.iter_mut().for_each(|s| *s = (*s - max).exp() / sum);
        } else {
            w.fill(0.0);
        }
    }
    (weights, lse)
}

/// (out, lse); `out` is contiguous under its strides.
pub fn attention(
    dims: AttnDims,
    strides: AttnStrides,
    operands: AttnOperands<'_, f64>,
    options: &AttnOptions<'_, f64>,
) -> (Vec<f64>, Vec<f64>) {
    let AttnStrides { v: vs, out: os, .. } = strides;
    let v = operands.v;
    let AttnDims {
        batch,
        heads,
        kv_heads,
        tq,
        tk,
        d,
    } = dims;
    let (weights, lse) = weights(dims, strides, operands, options);
    let mut out = vec![0.0; batch * heads * tq * d];
    for row in 0..lse.len() {
        let (b, h, i) = (row / tq / heads, row / tq % heads, row % tq);
        for j in 0..tk {
            let w = weights[row * tk + j] * drop_factor(options.dropout, row * tk + j);
            for c in 0..d {
                out[b * os.b + h * os.h + i * os.t + c] +=
                    w * v[b * vs.b + h / (heads / kv_heads) * vs.h + j * vs.t + c];
            }
        }
    }
    (out, lse)
}

/// (dq, dk, dv) for contiguous inputs.
pub fn attention_backward(
    dims: AttnDims,
    strides: AttnStrides,
    operands: AttnOperands<'_, f64>,
    options: &AttnOptions<'_, f64>,
    dout: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let AttnOperands { q, k, v } = operands;
    let AttnStrides {
        q: qs,
        k: ks,
        v: vs,
        out: os,
    } = strides;
    let AttnDims {
        heads,
        kv_heads,
        tq,
        tk,
        d,
        ..
    } = dims;
    let (weights, lse) = weights(dims, strides, operands, options);
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    for row in 0..lse.len() {
        let (b, h, i) = (row / tq / heads, row / tq % heads, row % tq);
        let kv = h / (heads / kv_heads);
        let (q_at, o_at) = (b * qs.b + h * qs.h + i * qs.t, b * os.b + h * os.h + i * os.t);
        let (k_at, v_at) = (
            |j: usize| b * ks.b + kv * ks.h + j * ks.t,
            |j: usize| b * vs.b + kv * vs.h + j * vs.t,
        );
        let mut dw = vec![0.0; tk];
        for (j, dw) in dw.iter_mut().enumerate() {
            let factor = drop_factor(options.dropout, row * tk + j);
            for c in 0..d {
                *dw += factor * dout[o_at + c] * v[v_at(j) + c];
                dv[v_at(j) + c] += factor * weights[row * tk + j] * dout[o_at + c];
            }
        }
        let mean: f64 = (0..tk).map(|j| weights[row * tk + j] * dw[j]).sum();
        for j in 0..tk {
            let slope = options.softcap.map_or(1.0, |cap| {
                1.0 - (options.scale * dot(&q[q_at..], &k[k_at(j)..], d) / cap).tanh().powi(2)
            });
            let ds = options.scale * slope * weights[row * tk + j] * (dw[j] - mean);
            for c in 0..d {
                dq[q_at + c] += ds * k[k_at(j) + c];
                dk[k_at(j) + c] += ds * q[q_at + c];
            }
        }
    }
    (dq, dk, dv)
}
