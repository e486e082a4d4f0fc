//! Adam and AdamW as torch computes them.

use super::moments::check_moments;
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::isa;
use crate::par::{self, Rows};

/// Options of one Adam or AdamW step, after torch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamArgs {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// `1 − beta1^t`, t counted from 1.
    pub bias1: f64,
    /// `1 − beta2^t`.
    pub bias2: f64,
    /// True: the weight shrinks by lr · weight_decay (AdamW). False: weight_decay · p joins the gradient (Adam).
    pub decoupled: bool,
    /// Follow the gradient upwards.
    pub maximize: bool,
}

impl AdamArgs {
    /// Fills `bias1` and `bias2` for step `t`, counted from 1.
    pub fn at_step(mut self, t: u64) -> Self {
        self.bias1 = 1.0 - self.beta1.powf(t as f64);
        self.bias2 = 1.0 - self.beta2.powf(t as f64);
        self
    }
}

/// One AdamW (or Adam) step as torch computes it: `m`, `v` are the moments; `vmax`, where given, their running maximum
/// (amsgrad).
///
/// `m += (1 − β1)(g − m)`, `v = β2 v + (1 − β2) g²`, `p −= lr / bias1 · m / (√v / √bias2 + eps)`.
///
/// # Errors
/// When a length differs from that of `p`.
///
/// Source: torch.optim.AdamW (`_single_tensor_adamw`); Loshchilov & Hutter 2019.
pub fn adamw<T: Float>(
    p: &mut [T],
    g: &[T],
    m: &mut [T],
    v: &mut [T],
    vmax: Option<&mut [T]>,
    args: AdamArgs,
) -> Result<()> {
    check_moments("adamw", p, g, m, v)?;
    check_len(
        "adamw",
        "vmax",
        vmax.as_ref().map_or(p.len(), |vmax| vmax.len()),
        p.len(),
    )?;
    let scalars = AdamScalars::new(args);
    let outputs = (
        (Rows::new(p, 1), Rows::new(m, 1)),
        Rows::new(v, 1),
        vmax.map(|vmax| Rows::new(vmax, 1)),
    );
    par::parts_mut(outputs, par::FLAT_CHUNK, |start, ((p, m), v, vmax)| {
        let g = &g[start..start + p.data.len()];
        isa::dispatch(
            #[inline(always)]
            || match vmax {
                None => adamw_loop(p.data, g, m.data, v.data, scalars),
                Some(vmax) => amsgrad_loop(p.data, g, m.data, v.data, vmax.data, scalars),
            },
        )
    });
    Ok(())
}

/// The factors of the loop, each rounded once from [`AdamArgs`].
#[derive(Clone, Copy)]
struct AdamScalars<T> {
    sign: T,
    decay: T,
    shrink: T,
    beta1: T,
    rest1: T,
    beta2: T,
    rest2: T,
    step: T,
    root: T,
    eps: T,
    /// torch's lerp counts from the nearer end.
    from_moment: bool,
}

impl<T: Float> AdamScalars<T> {
    fn new(args: AdamArgs) -> Self {
        let (decay, shrink) = match args.decoupled {
            true => (0.0, 1.0 - args.lr * args.weight_decay),
            false => (args.weight_decay, 1.0),
        };
        Self {
            sign: if args.maximize { -T::ONE } else { T::ONE },
            decay: T::from_f64(decay),
            shrink: T::from_f64(shrink),
            beta1: T::from_f64(args.beta1),
            rest1: T::from_f64(1.0 - args.beta1),
            beta2: T::from_f64(args.beta2),
            rest2: T::from_f64(1.0 - args.beta2),
            step: T::from_f64(-(args.lr / args.bias1)),
            root: T::from_f64(args.bias2.sqrt()),
            eps: T::from_f64(args.eps),
            from_moment: args.beta1 > 0.5,
        }
    }

    /// The new moments (m, v) of an element.
    #[inline(always)]
    fn moments(&self, p: T, g: T, m: T, v: T) -> (T, T) {
        let g = self.sign * g + self.decay * p;
        let m = if self.from_moment {
            m + self.rest1 * (g - m)
        } else {
            g - (g - m) * self.beta1
        };
        (m, v * self.beta2 + self.rest2 * g * g)
    }

    /// The new weight.
    #[inline(always)]
    fn weight(&self, p: T, m: T, v: T) -> T {
        p * self.shrink + self.step * m / (v.sqrt() / self.root + self.eps)
    }
}

#[inline(always)]
fn adamw_loop<T: Float>(p: &mut [T], g: &[T], m: &mut [T], v: &mut [T], scalars: AdamScalars<T>) {
    let n = p.len();
    let (g, m, v) = (&g[..n], &mut m[..n], &mut v[..n]);
    for i in 0..n {
        let (new_m, new_v) = scalars.moments(p[i], g[i], m[i], v[i]);
        (m[i], v[i]) = (new_m, new_v);
        p[i] = scalars.weight(p[i], new_m, new_v);
    }
}

#[inline(always)]
fn amsgrad_loop<T: Float>(p: &mut [T], g: &[T], m: &mut [T], v: &mut [T], vmax: &mut [T], scalars: AdamScalars<T>) {
    let n = p.len();
    let (g, m, v, vmax) = (&g[..n], &mut m[..n], &mut v[..n], &mut vmax[..n]);
    for i in 0..n {
        let (new_m, new_v) = scalars.moments(p[i], g[i], m[i], v[i]);
        let largest = vmax[i].max_nan(new_v);
        (m[i], v[i], vmax[i]) = (new_m, new_v, largest);
        p[i] = scalars.weight(p[i], new_m, largest);
    }
}
