//! Attention within packed sequences: one after the other, without padding between them.

mod segments;

pub use segments::{PackedDims, PackedOptions, Segment};

use std::ops::Range;

use super::attention::{
    AttnDims, AttnGradients, AttnOperands, AttnOutputs, AttnSaved, AttnStrides, attention, attention_backward,
};
use crate::shared::{Shared, shared};
use crate::{Float, Result, par};

/// [`attention`] of each sequence to itself, with the bits that it has alone.
///
/// | slice | shape          |
/// |-------|----------------|
/// | `q`   | (N, H, D)      |
/// | `k`   | (M, Hkv, D)    |
/// | `v`   | (M, Hkv, D)    |
/// | `out` | (N, H, D)      |
/// | `lse` | (H, Tq) of each sequence, one after the other: N·H values |
///
/// # Errors
/// When the offsets do not start at 0 or decrease, a slice has another length, or H is not a multiple of Hkv.
pub fn packed_attention<T: Float>(
    dims: PackedDims<'_>,
    operands: AttnOperands<'_, T>,
    options: PackedOptions,
    outputs: AttnOutputs<'_, T>,
) -> Result<()> {
    let AttnOperands { q, k, v } = operands;
    let AttnOutputs { out, lse } = outputs;
    dims.check(
        "packed_attention",
        &[("q", q.len()), ("out", out.len())],
        &[("k", k.len()), ("v", v.len())],
        lse.len(),
    )?;
    let row = dims.heads * dims.d;
    // SAFETY: a sequence writes the rows of its own queries; sequences do not overlap, as their offsets do not decrease.
    let (out, lse) = unsafe { (shared(out.as_mut_ptr()), shared(lse.as_mut_ptr())) };
    each_segment(dims, 4, |segment| {
        let (query, tq) = (segment.query, segment.dims.tq);
        let outputs = AttnOutputs {
            out: part(out, query, tq, row),
            lse: part(lse, query, tq, dims.heads),
        };
        attention(
            segment.dims,
            AttnStrides::bthd(segment.dims),
            segment.operands(operands),
            &options.of(segment),
            outputs,
        )
    })
}

/// The gradients of [`packed_attention`] to q, k and v, which are overwritten: [`attention_backward`] of each sequence.
///
/// # Errors
/// As [`packed_attention`].
pub fn packed_attention_backward<T: Float>(
    dims: PackedDims<'_>,
    operands: AttnOperands<'_, T>,
    options: PackedOptions,
    saved: AttnSaved<'_, T>,
    dout: &[T],
    gradients: AttnGradients<'_, T>,
) -> Result<()> {
    let AttnOperands { q, k, v } = operands;
    let AttnSaved { out, lse } = saved;
    let AttnGradients { dq, dk, dv } = gradients;
    let by_query = [
        ("dout", dout.len()),
        ("q", q.len()),
        ("out", out.len()),
        ("dq", dq.len()),
    ];
    let by_key = [("k", k.len()), ("v", v.len()), ("dk", dk.len()), ("dv", dv.len())];
    dims.check("packed_attention_backward", &by_query, &by_key, lse.len())?;
    let (row, key_row) = (dims.heads * dims.d, dims.kv_heads * dims.d);
    // SAFETY: a sequence writes the rows of its own queries and keys; sequences do not overlap, as their offsets do not decrease.
    let (dq, dk, dv) = unsafe {
        (
            shared(dq.as_mut_ptr()),
            shared(dk.as_mut_ptr()),
            shared(dv.as_mut_ptr()),
        )
    };
    each_segment(dims, 10, |segment| {
        let Segment {
            query,
            key,
            dims: AttnDims { tq, tk, .. },
            ..
        } = segment;
        let gradients = AttnGradients {
            dq: part(dq, query, tq, row),
            dk: part(dk, key, tk, key_row),
            dv: part(dv, key, tk, key_row),
        };
        let rows = query * row..(query + tq) * row;
        let saved = AttnSaved {
            out: &out[rows.clone()],
            lse: &lse[query * dims.heads..][..tq * dims.heads],
        };
        attention_backward(
            segment.dims,
            AttnStrides::bthd(segment.dims),
            segment.operands(operands),
            &options.of(segment),
            saved,
            &dout[rows],
            gradients,
        )
    })
}

/// Rows `first..first + count` of an output that sequences share.
fn part<'a, T>(out: Shared<*mut T>, first: usize, count: usize, width: usize) -> &'a mut [T] {
    // SAFETY: the callers checked that the output has all rows, and each sequence writes its own.
    unsafe { std::slice::from_raw_parts_mut(out.get().add(first * width), count * width) }
}

/// Multiply-adds from which a sequence uses all threads, and yields, by itself: about a millisecond.
const LONG: usize = 1 << 24;

/// Calls `f` for each sequence. Long ones run one after the other, each on all threads; consecutive short ones are one task each.
fn each_segment(dims: PackedDims<'_>, products: usize, f: impl Fn(Segment) -> Result<()> + Sync) -> Result<()> {
    let segments: Vec<Segment> = dims.segments().collect();
    let work = |s: &Segment| products / 2 * s.dims.heads * s.dims.tq * s.dims.tk * s.dims.d;
    for run in segments.chunk_by(|a, b| work(a) < LONG && work(b) < LONG) {
        if let [only] = run {
            f(*only)?;
            continue;
        }
        let mean = run.iter().map(work).sum::<usize>() / run.len();
        let failed = std::sync::Mutex::new(Ok(()));
        par::for_rows(run.len(), par::grain(mean), |range: Range<usize>| {
            for segment in &run[range] {
                if let Err(error) = f(*segment) {
                    *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Err(error);
                }
            }
        });
        failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::attention::Causal;
    use crate::cpu::dropout::Dropout;
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    const QUERIES: &[usize] = &[0, 3, 3, 20, 21, 150];
    const KEYS: &[usize] = &[0, 5, 5, 22, 23, 152];

    fn dims<'a>(queries: &'a [usize], keys: &'a [usize]) -> PackedDims<'a> {
        PackedDims {
            queries,
            keys,
            heads: 4,
            kv_heads: 2,
            d: 16,
        }
    }

    fn options(causal: Causal, dropout: bool) -> PackedOptions {
        let dropout = dropout.then_some(Dropout {
            p: 0.3,
            seed: 7,
            counter: 11,
        });
        PackedOptions {
            scale: 0.3,
            causal,
            window: None,
            softcap: None,
            dropout,
        }
    }

    /// (out, lse, dq, dk, dv)
    fn run<T: Float>(dims: PackedDims<'_>, options: PackedOptions) -> [Vec<T>; 5] {
        let (queries, keys) = (dims.tq() * dims.heads * dims.d, dims.tk() * dims.kv_heads * dims.d);
        let [q, k, v, dout] = [(queries, 1), (keys, 2), (keys, 3), (queries, 4)].map(|(n, seed)| values::<T>(n, seed));
        let [mut out, mut dq] = [(); 2].map(|()| vec![T::NAN; queries]);
        let [mut dk, mut dv] = [(); 2].map(|()| vec![T::NAN; keys]);
        let mut lse = vec![T::NAN; dims.tq() * dims.heads];
        let operands = AttnOperands { q: &q, k: &k, v: &v };
        let outputs = AttnOutputs {
            out: &mut out,
            lse: &mut lse,
        };
        packed_attention(dims, operands, options, outputs).unwrap();
        let saved = AttnSaved { out: &out, lse: &lse };
        let gradients = AttnGradients {
            dq: &mut dq,
            dk: &mut dk,
            dv: &mut dv,
        };
        packed_attention_backward(dims, operands, options, saved, &dout, gradients).unwrap();
        [out, lse, dq, dk, dv]
    }

    /// As [`run`], each sequence by the plain f64 twin.
    fn apart(dims: PackedDims<'_>, options: PackedOptions) -> [Vec<f64>; 5] {
        use crate::reference::attention as twin;
        let (row, key_row) = (dims.heads * dims.d, dims.kv_heads * dims.d);
        let (queries, keys) = (dims.tq() * row, dims.tk() * key_row);
        let [q, k, v, dout] =
            [(queries, 1), (keys, 2), (keys, 3), (queries, 4)].map(|(n, seed)| wide(&values::<f32>(n, seed)));
        let mut all = [const { Vec::new() }; 5];
        for segment in dims.segments() {
            let strides = AttnStrides::bthd(segment.dims);
            let rows = segment.query * row..(segment.query + segment.dims.tq) * row;
            let read = segment.key * key_row..(segment.key + segment.dims.tk) * key_row;
            let operands = AttnOperands {
                q: &q[rows.clone()],
                k: &k[read.clone()],
                v: &v[read],
            };
            let options = options.of(segment);
            let (out, lse) = twin::attention(segment.dims, strides, operands, &options);
            let (dq, dk, dv) = twin::attention_backward(segment.dims, strides, operands, &options, &dout[rows]);
            for (all, part) in all.iter_mut().zip([out, lse, dq, dk, dv]) {
                all.extend(part);
            }
        }
        all
    }

    #[test]
    fn each_sequence_attends_to_itself() {
        each_isa(|_| {
            for causal in [Causal::None, Causal::TopLeft, Causal::BottomRight] {
                for (dropout, window, softcap) in [
                    (false, None, None),
                    (true, None, None),
                    (false, Some(4), None),
                    (true, Some(70), Some(0.7)),
                ] {
                    let options = PackedOptions {
                        window,
                        softcap,
                        ..options(causal, dropout)
                    };
                    let dims = dims(QUERIES, KEYS);
                    let names = ["out", "lse", "dq", "dk", "dv"];
                    for ((got, want), name) in run::<f32>(dims, options).iter().zip(&apart(dims, options)).zip(names) {
                        close(got, want, 1e-4, &format!("{name} {options:?}"));
                    }
                }
            }
        });
    }

    #[test]
    fn a_sequence_has_the_bits_that_it_has_alone() {
        each_isa(|_| {
            let (first, second) = ([0, 70], [0, 70, 73]);
            let options = options(Causal::BottomRight, true);
            let alone = run::<f32>(dims(&first, &first), options);
            let [out, ..] = run::<f32>(dims(&second, &second), options);
            assert!(alone[0][..] == out[..70 * 64]);
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        each_isa(|_| {
            let long = [0, 20, 45, 1000, 1003, 1010];
            same_for_any_thread_count(|| run::<f32>(dims(&long, &long), options(Causal::TopLeft, true)).concat());
        });
    }

    #[test]
    fn no_sequences_and_wrong_offsets() {
        assert!(
            run::<f64>(dims(&[0], &[0]), options(Causal::None, false))
                .concat()
                .is_empty()
        );
        for (queries, keys) in [
            (&[0, 2][..], &[0, 1, 2][..]),
            (&[0, 2, 1], &[0, 1, 1]),
            (&[1, 1], &[0, 1]),
            (&[], &[]),
        ] {
            let dims = dims(queries, keys);
            let x = vec![0f32; 256];
            let (mut out, mut lse) = (x.clone(), x.clone());
            let operands = AttnOperands { q: &x, k: &x, v: &x };
            let outputs = AttnOutputs {
                out: &mut out,
                lse: &mut lse,
            };
            assert!(packed_attention(dims, operands, options(Causal::None, false), outputs).is_err());
        }
    }
}
