//! The AdamW of loralib's NLG example.

use super::moments::check_moments;
use crate::error::Result;
use crate::float::Float;
use crate::isa;
use crate::par::{self, Rows};

/// Options of one step of loralib's NLG AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NlgAdamArgs {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment, before any correction.
    pub eps: f64,
    /// Weight decay, applied to the updated weight.
    pub weight_decay: f64,
    /// Step number, counted from 1.
    pub step: u64,
    /// Correct the start-up bias of the moments.
    pub correct_bias: bool,
}

/// One step of the AdamW in loralib's `examples/NLG`, which differs from torch's:
/// `p −= lr · √(1 − β2^t) / (1 − β1^t) · m / (√v + eps)` (the factor only with `correct_bias`), then
/// `p −= lr · weight_decay · p` with the updated p.
///
/// # Errors
/// When a length differs from that of `p`.
///
/// Source: loralib `examples/NLG/src/optimizer.py`.
pub fn nlg_adamw<T: Float>(p: &mut [T], g: &[T], m: &mut [T], v: &mut [T], args: NlgAdamArgs) -> Result<()> {
    check_moments("nlg_adamw", p, g, m, v)?;
    let correction = if args.correct_bias {
        let t = args.step as f64;
        (1.0 - args.beta2.powf(t)).sqrt() / (1.0 - args.beta1.powf(t))
    } else {
        1.0
    };
    let scalars = NlgScalars {
        beta1: T::from_f64(args.beta1),
        rest1: T::from_f64(1.0 - args.beta1),
        beta2: T::from_f64(args.beta2),
        rest2: T::from_f64(1.0 - args.beta2),
        step: T::from_f64(-(args.lr * correction)),
        eps: T::from_f64(args.eps),
        decay: T::from_f64(-args.lr * args.weight_decay),
    };
    let outputs = (Rows::new(p, 1), Rows::new(m, 1), Rows::new(v, 1));
    par::parts_mut(outputs, par::FLAT_CHUNK, |start, (p, m, v)| {
        let g = &g[start..start + p.data.len()];
        isa::dispatch(
            #[inline(always)]
            || nlg_loop(p.data, g, m.data, v.data, scalars),
        )
    });
    Ok(())
}

#[derive(Clone, Copy)]
struct NlgScalars<T> {
    beta1: T,
    rest1: T,
    beta2: T,
    rest2: T,
    step: T,
    eps: T,
    decay: T,
}

#[inline(always)]
fn nlg_loop<T: Float>(p: &mut [T], g: &[T], m: &mut [T], v: &mut [T], scalars: NlgScalars<T>) {
    let NlgScalars {
        beta1,
        rest1,
        beta2,
        rest2,
        step,
        eps,
        decay,
    } = scalars;
    let n = p.len();
    let (g, m, v) = (&g[..n], &mut m[..n], &mut v[..n]);
    for i in 0..n {
        let new_m = m[i] * beta1 + rest1 * g[i];
        let new_v = v[i] * beta2 + rest2 * g[i] * g[i];
        (m[i], v[i]) = (new_m, new_v);
        let moved = p[i] + step * new_m / (new_v.sqrt() + eps);
        p[i] = moved + decay * moved;
    }
}
