use super::*;
use crate::cpu::dropout::Dropout;
use crate::reference::attention as twin;
use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

const DROPOUT: Dropout = Dropout {
    p: 0.3,
    seed: 7,
    counter: 11,
};

fn dims(batch: usize, heads: usize, kv_heads: usize, tq: usize, tk: usize, d: usize) -> AttnDims {
    AttnDims {
        batch,
        heads,
        kv_heads,
        tq,
        tk,
        d,
    }
}

struct Case<T> {
    dims: AttnDims,
    strides: AttnStrides,
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
        let strides = if bthd { AttnStrides::bthd } else { AttnStrides::bhtd };
        let (queries, keys) = (batch * heads * tq * d, batch * kv_heads * tk * d);
        let [q, k, v, dout] = [(queries, 1), (keys, 2), (keys, 3), (queries, 4)].map(|(n, seed)| values(n, seed));
        Self {
            dims,
            strides: strides(dims),
            q,
            k,
            v,
            dout,
        }
    }

    /// (out, lse, dq, dk, dv)
    fn run(&self, options: &AttnOptions<'_, T>) -> [Vec<T>; 5] {
        let (dims, strides) = (self.dims, self.strides);
        let [mut out, mut dq] = [(); 2].map(|()| vec![T::NAN; self.q.len()]);
        let [mut dk, mut dv] = [(); 2].map(|()| vec![T::NAN; self.k.len()]);
        let mut lse = vec![T::NAN; dims.batch * dims.heads * dims.tq];
        let operands = AttnOperands {
            q: &self.q,
            k: &self.k,
            v: &self.v,
        };
        let outputs = AttnOutputs {
            out: &mut out,
            lse: &mut lse,
        };
        attention(dims, strides, operands, options, outputs).unwrap();
        let saved = AttnSaved { out: &out, lse: &lse };
        let gradients = AttnGradients {
            dq: &mut dq,
            dk: &mut dk,
            dv: &mut dv,
        };
        attention_backward(dims, strides, operands, options, saved, &self.dout, gradients).unwrap();
        [out, lse, dq, dk, dv]
    }

    fn meets_twin(&self, options: &AttnOptions<'_, T>, name: &str) {
        let (dims, strides) = (self.dims, self.strides);
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
            window,
            softcap,
            lens,
            dropout,
            ..
        } = *options;
        let wide_options = AttnOptions {
            scale,
            causal,
            window,
            softcap,
            lens,
            mask,
            dropout,
        };
        let (q, k, v, dout) = (wide(&self.q), wide(&self.k), wide(&self.v), wide(&self.dout));
        let operands = AttnOperands { q: &q, k: &k, v: &v };
        let (out, lse) = twin::attention(dims, strides, operands, &wide_options);
        let (dq, dk, dv) = twin::attention_backward(dims, strides, operands, &wide_options, &dout);
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
        window: None,
        softcap: None,
        lens: None,
        mask: None,
        dropout: None,
    }
}

fn all_options_meet_the_twin<T: Float>(tq: usize, tk: usize, d: usize, bthd: bool) {
    let case = Case::<T>::new(dims(2, 4, 2, tq, tk, d), bthd);
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

/// Scores reach about ±2 here, so that a cap of 0.7 bends them.
fn windows_and_caps_meet_the_twin<T: Float>(tq: usize, tk: usize, bthd: bool) {
    let dims = dims(2, 4, 2, tq, tk, 8);
    let case = Case::<T>::new(dims, bthd);
    let lens = [(tk / 2) as i64, tk as i64];
    let bias = values::<T>(4 * tk, 9);
    for causal in [Causal::None, Causal::TopLeft, Causal::BottomRight] {
        for window in [1, 7, 65, usize::MAX] {
            let plain = AttnOptions {
                causal,
                window: Some(window),
                ..plain()
            };
            case.meets_twin(&plain, &format!("{causal:?}, window {window}"));
            let options = AttnOptions {
                softcap: Some(0.7),
                lens: Some(&lens),
                dropout: Some(DROPOUT),
                ..plain
            };
            case.meets_twin(
                &options,
                &format!("{causal:?}, window {window}, lengths, cap and dropout"),
            );
            let options = AttnOptions {
                softcap: Some(0.7),
                mask: Some(Mask::Add(&bias, [0, tk, 0, 1])),
                ..plain
            };
            case.meets_twin(&options, &format!("{causal:?}, window {window}, cap and bias"));
        }
        let options = AttnOptions {
            causal,
            softcap: Some(0.7),
            ..plain()
        };
        case.meets_twin(&options, &format!("{causal:?}, cap"));
    }
}

#[test]
fn windows_and_caps_meet_the_twin_under_all_options() {
    each_isa(|_| {
        for (tq, tk) in [
            (0, 3),
            (1, 17),
            (1, 600),
            (3, 3),
            (17, 64),
            (64, 17),
            (130, 300),
            (260, 270),
        ] {
            windows_and_caps_meet_the_twin::<f32>(tq, tk, tq % 2 == 0);
        }
        for (tq, tk) in [(1, 30), (70, 90)] {
            windows_and_caps_meet_the_twin::<f64>(tq, tk, true);
        }
    });
}

#[test]
fn keys_far_outside_of_the_window_are_not_read() {
    let dims = dims(1, 2, 1, 70, 900, 4);
    let mut case = Case::<f32>::new(dims, true);
    case.k[..800 * 4].fill(f32::NAN);
    case.v[..800 * 4].fill(f32::NAN);
    // The first query has position 830.
    let options = AttnOptions {
        causal: Causal::BottomRight,
        window: Some(31),
        ..plain()
    };
    assert!(case.run(&options).concat().iter().all(|x| x.is_finite()));
    let options = AttnOptions {
        window: Some(32),
        ..options
    };
    assert!(case.run(&options)[0].iter().any(|x| x.is_nan()));
}

#[test]
fn a_query_that_sees_one_key_has_no_gradient() {
    fn holds<T: Float>(dropout: Option<Dropout>) {
        let case = Case::<T>::new(dims(2, 4, 2, 40, 40, 20), true);
        let options = AttnOptions {
            causal: Causal::TopLeft,
            window: Some(1),
            dropout,
            ..plain()
        };
        let [.., dq, dk, dv] = case.run(&options);
        assert!(dq.iter().chain(&dk).all(|x| *x == T::ZERO));
        assert!(dv.iter().any(|x| *x != T::ZERO));
    }
    each_isa(|_| {
        for dropout in [None, Some(DROPOUT)] {
            holds::<f32>(dropout);
            holds::<f64>(dropout);
        }
    });
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    each_isa(|_| {
        let case = Case::<f32>::new(dims(2, 4, 2, 100, 130, 32), true);
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
        let case = Case::<f32>::new(dims(3, heads, kv_heads, 1, tk, d), true);
        let lens = [300, 20, 257];
        let [out, ..] = case.run(&AttnOptions {
            lens: Some(&lens),
            causal: Causal::BottomRight,
            ..plain()
        });
        for b in 0..3 {
            let length = lens[b] as usize;
            let dims = dims(1, heads, kv_heads, 1, length, d);
            let (row, keys) = (heads * d, kv_heads * d);
            let (k, v) = (
                &case.k[b * tk * keys..][..length * keys],
                &case.v[b * tk * keys..][..length * keys],
            );
            let (mut alone, mut lse) = (vec![0f32; row], vec![0f32; heads]);
            let operands = AttnOperands {
                q: &case.q[b * row..][..row],
                k,
                v,
            };
            let outputs = AttnOutputs {
                out: &mut alone,
                lse: &mut lse,
            };
            attention(dims, AttnStrides::bthd(dims), operands, &plain(), outputs).unwrap();
            assert!(alone == out[b * row..][..row], "sequence {b}");
        }
    });
}

#[test]
fn keys_beyond_the_length_are_not_read_and_nan_is_not_hidden() {
    let mut case = Case::<f32>::new(dims(1, 1, 1, 2, 5, 4), true);
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
fn overlapping_outputs_and_empty_windows_are_refused() {
    let dims = dims(1, 2, 2, 2, 2, 2);
    let strides = AttnStrides::bhtd(dims);
    let refuses = |dims: AttnDims, strides: AttnStrides, options: AttnOptions<'_, f32>| {
        let (x, mut out, mut lse) = ([0f32; 8], [0f32; 8], [0f32; 4]);
        let operands = AttnOperands { q: &x, k: &x, v: &x };
        let outputs = AttnOutputs {
            out: &mut out,
            lse: &mut lse,
        };
        attention(dims, strides, operands, &options, outputs).is_err()
    };
    assert!(!refuses(dims, strides, plain()));
    let overlapping = AttnStrides {
        out: Strides { b: 8, h: 1, t: 2 },
        ..strides
    };
    assert!(refuses(dims, overlapping, plain()));
    let uneven = AttnDims { heads: 3, ..dims };
    assert!(refuses(uneven, strides, plain()));
    for (window, softcap) in [(Some(0), None), (None, Some(0.0)), (None, Some(f64::NAN))] {
        let options = AttnOptions {
            window,
            softcap,
            ..plain()
        };
        assert!(refuses(dims, strides, options));
    }
}
