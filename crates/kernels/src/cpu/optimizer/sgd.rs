//! SGD with momentum as torch computes it.

use crate::cpu::map::zip_inplace_loop;
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::isa;
use crate::par::{self, Rows};

/// Options of one SGD step, after torch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdArgs {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the momentum buffer.
    pub momentum: f64,
    /// The new gradient joins the buffer with factor `1 − dampening`.
    pub dampening: f64,
    /// Nesterov momentum.
    pub nesterov: bool,
    /// weight_decay · p joins the gradient.
    pub weight_decay: f64,
    /// Follow the gradient upwards.
    pub maximize: bool,
}

/// One SGD step as torch computes it. `buf` is the momentum buffer, absent without momentum; on the `first` step it
/// becomes the gradient, whatever its content.
///
/// # Errors
/// When a length differs from that of `p`.
pub fn sgd<T: Float>(p: &mut [T], g: &[T], buf: Option<&mut [T]>, first: bool, args: SgdArgs) -> Result<()> {
    check_len("sgd", "g", g.len(), p.len())?;
    check_len("sgd", "buf", buf.as_ref().map_or(p.len(), |buf| buf.len()), p.len())?;
    let (step, decay) = (T::from_f64(-args.lr), T::from_f64(args.weight_decay));
    let sign = if args.maximize { -T::ONE } else { T::ONE };
    let momentum = T::from_f64(args.momentum);
    let (keep, join) = if first {
        (T::ZERO, T::ONE)
    } else {
        (momentum, T::from_f64(1.0 - args.dampening))
    };
    let scalars = SgdScalars {
        sign,
        decay,
        keep,
        join,
        momentum,
        step,
        first,
        nesterov: args.nesterov,
    };
    let outputs = (Rows::new(p, 1), buf.map(|buf| Rows::new(buf, 1)));
    par::parts_mut(outputs, par::FLAT_CHUNK, |start, (p, buf)| {
        let g = &g[start..start + p.data.len()];
        isa::dispatch(
            #[inline(always)]
            || match buf {
                None => zip_inplace_loop(
                    g,
                    p.data,
                    #[inline(always)]
                    move |p: T, g: T| p + step * (sign * g + decay * p),
                ),
                Some(buf) => momentum_loop(p.data, g, buf.data, scalars),
            },
        )
    });
    Ok(())
}

#[derive(Clone, Copy)]
struct SgdScalars<T> {
    sign: T,
    decay: T,
    keep: T,
    join: T,
    momentum: T,
    step: T,
    first: bool,
    nesterov: bool,
}

#[inline(always)]
fn momentum_loop<T: Float>(p: &mut [T], g: &[T], buf: &mut [T], scalars: SgdScalars<T>) {
    let SgdScalars {
        sign,
        decay,
        keep,
        join,
        momentum,
        step,
        first,
        nesterov,
    } = scalars;
    let n = p.len();
    let (g, buf) = (&g[..n], &mut buf[..n]);
    for i in 0..n {
        let g = sign * g[i] + decay * p[i];
        // A first buffer may hold anything, NaN included.
        let kept = if first { T::ZERO } else { buf[i] * keep };
        let moved = kept + join * g;
        buf[i] = moved;
        p[i] += step * if nesterov { g + momentum * moved } else { moved };
    }
}
