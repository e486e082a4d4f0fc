//! Scaled dot-product attention, tiled so that the (Tq, Tk) matrix never exists.

mod backward;
mod decode;
mod micro;
mod problem;
mod tile;

pub use backward::attention_backward;
pub use problem::{AttnDims, AttnOptions, Causal, Mask, Strides};

use super::small_rows::shared;
use crate::{Float, Result, check_len, par};
use problem::{Problem, Rows, check_strided};
use tile::QUERIES;

/// `out = softmax(scale · q · kᵀ + masks) · v` for each head, and `lse`, the logarithm of each softmax's denominator.
///
/// | slice | shape           | strides |
/// |-------|-----------------|---------|
/// | `q`   | (B, H, Tq, D)   | `qs`    |
/// | `k`   | (B, Hkv, Tk, D) | `ks`    |
/// | `v`   | (B, Hkv, Tk, D) | `vs`    |
/// | `out` | (B, H, Tq, D)   | `os`    |
/// | `lse` | (B, H, Tq)      | –       |
///
/// A query that may see no key gets zeros and `lse` −∞ (and no gradient). Keys beyond a sequence's length are not read.
/// Memory: one tile of scores per thread. Sums are in `T`; the bits do not depend on the threads, and for one
/// query (decoding) neither on the batch nor on Tk.
///
/// # Errors
/// When a slice is too short for its strides, `os` makes tokens overlap, or H is not a multiple of Hkv.
///
/// Source: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022. Slow twin: `reference::attention::attention`.
#[allow(clippy::too_many_arguments, reason = "each tensor has its strides")]
pub fn attention<T: Float>(
    q: &[T],
    k: &[T],
    v: &[T],
    dims: AttnDims,
    qs: Strides,
    ks: Strides,
    vs: Strides,
    os: Strides,
    options: &AttnOptions<'_, T>,
    out: &mut [T],
    lse: &mut [T],
) -> Result<()> {
    const NAME: &str = "attention";
    let AttnDims {
        batch,
        heads,
        kv_heads,
        tq,
        tk,
        d,
    } = dims;
    let p = Problem {
        dims,
        qs,
        ks,
        vs,
        os,
        options: *options,
        scale: T::from_f64(options.scale),
    };
    p.check(NAME)?;
    check_strided(NAME, "q", q.len(), (batch, heads, tq, d), qs, false)?;
    check_strided(NAME, "k", k.len(), (batch, kv_heads, tk, d), ks, false)?;
    check_strided(NAME, "v", v.len(), (batch, kv_heads, tk, d), vs, false)?;
    check_strided(NAME, "out", out.len(), (batch, heads, tq, d), os, true)?;
    check_len(NAME, "lse", lse.len(), batch * heads * tq)?;
    if lse.is_empty() {
        return Ok(());
    }
    // SAFETY: a task writes the rows of `out` and `lse` of its own queries; rows do not overlap, checked above.
    let outputs = unsafe { (shared(out.as_mut_ptr()), shared(lse.as_mut_ptr())) };
    let inputs = (q, k, v);
    let group = p.group();
    if tq == 1 {
        // The heads that share keys are the rows of one small product.
        let tasks = batch * kv_heads;
        par::for_rows(tasks, par::grain(2 * group * tk * d), |range| {
            for task in range {
                let (b, kv) = (task / kv_heads, task % kv_heads);
                decode::attend(
                    &p,
                    inputs,
                    outputs,
                    Rows {
                        b,
                        head: kv * group,
                        first: 0,
                        count: group,
                        across_heads: true,
                    },
                );
            }
        });
    } else {
        let tiles = tq.div_ceil(QUERIES);
        let work = 2 * QUERIES.min(tq) * tk * d;
        par::for_rows(batch * heads * tiles, par::grain(work), |range| {
            for task in range {
                let (b, head, first) = (task / tiles / heads, task / tiles % heads, task % tiles * QUERIES);
                let count = QUERIES.min(tq - first);
                tile::attend(
                    &p,
                    inputs,
                    outputs,
                    Rows {
                        b,
                        head,
                        first,
                        count,
                        across_heads: false,
                    },
                );
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::lora::Dropout;
    use crate::reference::attention as twin;
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    const DROPOUT: Dropout = Dropout {
        p: 0.3,
        seed: 7,
        counter: 11,
    };

    struct Case<T> {
        dims: AttnDims,
        /// Of q and out, and of k and v.
        strides: [Strides; 2],
        q: Vec<T>,
        k: Vec<T>,
        v: Vec<T>,
        dout: Vec<T>,
    }

    impl<T: Float> Case<T> {
        fn new(dims: AttnDims, bthd: bool) -> Self {
            let AttnDims {
                batch,
                heads,
                kv_heads,
                tq,
                tk,
                d,
            } = dims;
            let strides = if bthd { Strides::bthd } else { Strides::bhtd };
            let (queries, keys) = (batch * heads * tq * d, batch * kv_heads * tk * d);
            let [q, k, v, dout] = [(queries, 1), (keys, 2), (keys, 3), (queries, 4)].map(|(n, seed)| values(n, seed));
            Self {
                dims,
                strides: [strides(tq, heads, d), strides(tk, kv_heads, d)],
                q,
                k,
                v,
                dout,
            }
        }

        /// (out, lse, dq, dk, dv)
        fn run(&self, options: &AttnOptions<'_, T>) -> [Vec<T>; 5] {
            let (dims, [s, t]) = (self.dims, self.strides);
            let [mut out, mut dq] = [(); 2].map(|()| vec![T::NAN; self.q.len()]);
            let [mut dk, mut dv] = [(); 2].map(|()| vec![T::NAN; self.k.len()]);
            let mut lse = vec![T::NAN; dims.batch * dims.heads * dims.tq];
            let (q, k, v, dout) = (&self.q, &self.k, &self.v, &self.dout);
            attention(q, k, v, dims, s, t, t, s, options, &mut out, &mut lse).unwrap();
            attention_backward(
                dout, q, k, v, &out, &lse, dims, s, t, t, s, options, &mut dq, &mut dk, &mut dv,
            )
            .unwrap();
            [out, lse, dq, dk, dv]
        }

        fn meets_twin(&self, options: &AttnOptions<'_, T>, name: &str) {
            let (dims, [s, t]) = (self.dims, self.strides);
            let bias = if let Some(Mask::Add(bias, _)) = options.mask {
                wide(bias)
            } else {
                Vec::new()
            };
            let mask = options.mask.map(|mask| match mask {
                Mask::Bool(allowed, s) => Mask::Bool(allowed, s),
                Mask::Add(_, s) => Mask::Add(&bias[..], s),
            });
            let AttnOptions {
                scale,
                causal,
                lens,
                dropout,
                ..
            } = *options;
            let wide_options = AttnOptions {
                scale,
                causal,
                lens,
                mask,
                dropout,
            };
            let (q, k, v, dout) = (wide(&self.q), wide(&self.k), wide(&self.v), wide(&self.dout));
            let (out, lse) = twin::attention(&q, &k, &v, dims, s, t, t, s, &wide_options);
            let (dq, dk, dv) = twin::attention_backward(&dout, &q, &k, &v, dims, s, t, t, s, &wide_options);
            for ((got, want), what) in self
                .run(options)
                .iter()
                .zip([out, lse, dq, dk, dv])
                .zip(["out", "lse", "dq", "dk", "dv"])
            {
                close(got, &want, 1e-4, &format!("{what} {dims:?} {name}"));
            }
        }
    }

    fn plain<'a, T>() -> AttnOptions<'a, T> {
        AttnOptions {
            scale: 0.3,
            causal: Causal::None,
            lens: None,
            mask: None,
            dropout: None,
        }
    }

    fn all_options_meet_the_twin<T: Float>(tq: usize, tk: usize, d: usize, bthd: bool) {
        let case = Case::<T>::new(
            AttnDims {
                batch: 2,
                heads: 4,
                kv_heads: 2,
                tq,
                tk,
                d,
            },
            bthd,
        );
        for causal in [Causal::None, Causal::TopLeft, Causal::BottomRight] {
            case.meets_twin(&AttnOptions { causal, ..plain() }, &format!("{causal:?}"));
            let lens = [(tk / 2) as i64, tk as i64];
            let options = AttnOptions {
                causal,
                lens: Some(&lens),
                dropout: Some(DROPOUT),
                ..plain()
            };
            case.meets_twin(&options, &format!("{causal:?}, lengths and dropout"));
        }
        // Every third key is hidden, and all keys of the first query of the second sequence.
        let hidden = |index: usize| (index % tk).is_multiple_of(3) || index / tk == tq;
        let allowed: Vec<u8> = (0..2 * tq * tk).map(|index| u8::from(!hidden(index))).collect();
        let strides = [tq * tk, 0, tk, 1];
        case.meets_twin(
            &AttnOptions {
                mask: Some(Mask::Bool(&allowed, strides)),
                ..plain()
            },
            "bool mask",
        );
        let bias = values::<T>(4 * tk, 9);
        let options = AttnOptions {
            mask: Some(Mask::Add(&bias, [0, tk, 0, 1])),
            causal: Causal::BottomRight,
            ..plain()
        };
        case.meets_twin(&options, "bias");
    }

    #[test]
    fn attention_meets_its_twin_under_all_options() {
        each_isa(|_| {
            for (tq, tk, d) in [
                (0, 3, 4),
                (1, 1, 1),
                (1, 17, 64),
                (3, 3, 8),
                (17, 64, 3),
                (64, 17, 16),
                (129, 129, 17),
                (70, 300, 8),
                (260, 270, 5),
            ] {
                all_options_meet_the_twin::<f32>(tq, tk, d, tq % 2 == 0);
                all_options_meet_the_twin::<f64>(tq, tk, d, tq % 2 == 1);
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        each_isa(|_| {
            let case = Case::<f32>::new(
                AttnDims {
                    batch: 2,
                    heads: 4,
                    kv_heads: 2,
                    tq: 100,
                    tk: 130,
                    d: 32,
                },
                true,
            );
            let options = AttnOptions {
                causal: Causal::BottomRight,
                dropout: Some(DROPOUT),
                ..plain()
            };
            same_for_any_thread_count(|| case.run(&options).concat());
        });
    }

    #[test]
    fn a_decoding_step_has_the_same_bits_alone_and_in_a_padded_batch() {
        each_isa(|_| {
            let (heads, kv_heads, tk, d) = (4, 2, 300, 16);
            let case = Case::<f32>::new(
                AttnDims {
                    batch: 3,
                    heads,
                    kv_heads,
                    tq: 1,
                    tk,
                    d,
                },
                true,
            );
            let lens = [300, 20, 257];
            let [out, ..] = case.run(&AttnOptions {
                lens: Some(&lens),
                causal: Causal::BottomRight,
                ..plain()
            });
            for b in 0..3 {
                let length = lens[b] as usize;
                let dims = AttnDims {
                    batch: 1,
                    heads,
                    kv_heads,
                    tq: 1,
                    tk: length,
                    d,
                };
                let (row, keys) = (heads * d, kv_heads * d);
                let (k, v) = (
                    &case.k[b * tk * keys..][..length * keys],
                    &case.v[b * tk * keys..][..length * keys],
                );
                let (s, t) = (Strides::bthd(1, heads, d), Strides::bthd(length, kv_heads, d));
                let (mut alone, mut lse) = (vec![0f32; row], vec![0f32; heads]);
                attention(
                    &case.q[b * row..][..row],
                    k,
                    v,
                    dims,
                    s,
                    t,
                    t,
                    s,
                    &plain(),
                    &mut alone,
                    &mut lse,
                )
                .unwrap();
                assert!(alone == out[b * row..][..row], "sequence {b}");
            }
        });
    }

    #[test]
    fn keys_beyond_the_length_are_not_read_and_nan_is_not_hidden() {
        let mut case = Case::<f32>::new(
            AttnDims {
                batch: 1,
                heads: 1,
                kv_heads: 1,
                tq: 2,
                tk: 5,
                d: 4,
            },
            true,
        );
        case.k[3 * 4..].fill(f32::NAN);
        case.v[3 * 4..].fill(f32::NAN);
        let options = AttnOptions {
            lens: Some(&[3]),
            ..plain()
        };
        assert!(case.run(&options).concat().iter().all(|x| x.is_finite()));
        assert!(case.run(&plain())[0].iter().all(|x| x.is_nan()));
    }

    #[test]
    fn overlapping_outputs_are_refused() {
        let dims = AttnDims {
            batch: 1,
            heads: 2,
            kv_heads: 2,
            tq: 2,
            tk: 2,
            d: 2,
        };
        let (s, bad) = (Strides::bhtd(2, 2, 2), Strides { b: 8, h: 1, t: 2 });
        let (x, mut out, mut lse) = ([0f32; 8], [0f32; 8], [0f32; 4]);
        assert!(attention(&x, &x, &x, dims, s, s, s, bad, &plain(), &mut out, &mut lse).is_err());
        let uneven = AttnDims { heads: 3, ..dims };
        assert!(attention(&x, &x, &x, uneven, s, s, s, s, &plain(), &mut out, &mut lse).is_err());
    }
}
