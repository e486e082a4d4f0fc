//! Attention within sequences that lie one behind the other, without padding between them.

mod places;

pub use places::{PackedDims, PackedOptions, Segment};

use std::ops::Range;

use super::attention::{AttnDims, Strides, attention, attention_backward};
use super::shared::{Shared, shared};
use crate::{Float, Result, par};

/// [`attention`] of each sequence to itself, with the bits that it has alone.
///
/// | slice | shape          |
/// |-------|----------------|
/// | `q`   | (N, H, D)      |
/// | `k`   | (M, Hkv, D)    |
/// | `v`   | (M, Hkv, D)    |
/// | `out` | (N, H, D)      |
/// | `lse` | (H, Tq) of each sequence, one behind the other: N·H values |
///
/// # Errors
/// When the places are not lists that rise from 0, a slice has another length, or H is not a multiple of Hkv.
pub fn packed_attention<T: Float>(
    q: &[T],
    k: &[T],
    v: &[T],
    dims: PackedDims<'_>,
    options: PackedOptions,
    out: &mut [T],
    lse: &mut [T],
) -> Result<()> {
    let by_query = [("q", q.len()), ("out", out.len())];
    dims.check(
        "packed_attention",
        &by_query,
        &[("k", k.len()), ("v", v.len())],
        lse.len(),
    )?;
    let (queries, keys) = (dims.heads * dims.d, dims.kv_heads * dims.d);
    // SAFETY: a sequence writes the rows of its own queries; sequences do not overlap, as their places rise.
    let (out, lse) = unsafe { (shared(out.as_mut_ptr()), shared(lse.as_mut_ptr())) };
    each_segment(dims, 4, |segment| {
        let Segment {
            query,
            key,
            dims: AttnDims { tq, tk, .. },
            ..
        } = segment;
        let (out, lse) = (part(out, query, tq, queries), part(lse, query, tq, dims.heads));
        let (qs, ks) = strides(segment.dims);
        let (k, v) = (&k[key * keys..][..tk * keys], &v[key * keys..][..tk * keys]);
        attention(
            &q[query * queries..][..tq * queries],
            k,
            v,
            segment.dims,
            qs,
            ks,
            ks,
            qs,
            &options.of(segment),
            out,
            lse,
        )
    })
}

/// The gradients of [`packed_attention`] to q, k and v, which are overwritten: [`attention_backward`] of each sequence.
///
/// # Errors
/// As [`packed_attention`].
#[allow(clippy::too_many_arguments, reason = "the tensors of the formula")]
pub fn packed_attention_backward<T: Float>(
    dout: &[T],
    q: &[T],
    k: &[T],
    v: &[T],
    out: &[T],
    lse: &[T],
    dims: PackedDims<'_>,
    options: PackedOptions,
    dq: &mut [T],
    dk: &mut [T],
    dv: &mut [T],
) -> Result<()> {
    let by_query = [
        ("dout", dout.len()),
        ("q", q.len()),
        ("out", out.len()),
        ("dq", dq.len()),
    ];
    let by_key = [("k", k.len()), ("v", v.len()), ("dk", dk.len()), ("dv", dv.len())];
    dims.check("packed_attention_backward", &by_query, &by_key, lse.len())?;
    let (queries, keys) = (dims.heads * dims.d, dims.kv_heads * dims.d);
    // SAFETY: a sequence writes the rows of its own queries and keys; sequences do not overlap, as their places rise.
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
        let (dq, dk, dv) = (
            part(dq, query, tq, queries),
            part(dk, key, tk, keys),
            part(dv, key, tk, keys),
        );
        let (qs, ks) = strides(segment.dims);
        let rows = query * queries..(query + tq) * queries;
        let read = key * keys..(key + tk) * keys;
        attention_backward(
            &dout[rows.clone()],
            &q[rows.clone()],
            &k[read.clone()],
            &v[read],
            &out[rows],
            &lse[query * dims.heads..][..tq * dims.heads],
            segment.dims,
            qs,
            ks,
            ks,
            qs,
            &options.of(segment),
            dq,
            dk,
            dv,
        )
    })
}

/// Rows `first..first + count` of an output that sequences share.
fn part<'a, T>(out: Shared<*mut T>, first: usize, count: usize, width: usize) -> &'a mut [T] {
    // SAFETY: the callers checked that the output has room for all rows, and give each sequence its own.
    unsafe { std::slice::from_raw_parts_mut(out.get().add(first * width), count * width) }
}

fn strides(dims: AttnDims) -> (Strides, Strides) {
    let AttnDims {
        heads,
        kv_heads,
        tq,
        tk,
        d,
        ..
    } = dims;
    (Strides::bthd(tq, heads, d), Strides::bthd(tk, kv_heads, d))
}

/// Multiply-adds above which a sequence has the threads, and pauses, for itself: about a millisecond.
const LONG: usize = 1 << 24;

/// Calls `f` for each sequence. Long ones go one after the other, each spread over the threads; of short ones in a row each is a task.
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
        packed_attention(&q, &k, &v, dims, options, &mut out, &mut lse).unwrap();
        packed_attention_backward(&dout, &q, &k, &v, &out, &lse, dims, options, &mut dq, &mut dk, &mut dv).unwrap();
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
            let (s, t) = strides(segment.dims);
            let rows = segment.query * row..(segment.query + segment.dims.tq) * row;
            let read = segment.key * key_row..(segment.key + segment.dims.tk) * key_row;
            let (q, k, v, dout) = (&q[rows.clone()], &k[read.clone()], &v[read], &dout[rows]);
            let options = options.of(segment);
            let (out, lse) = twin::attention(q, k, v, segment.dims, s, t, t, s, &options);
            let (dq, dk, dv) = twin::attention_backward(dout, q, k, v, segment.dims, s, t, t, s, &options);
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
    fn no_sequences_and_wrong_places() {
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
            assert!(packed_attention(&x, &x, &x, dims, options(Causal::None, false), &mut out, &mut lse).is_err());
        }
    }
}
