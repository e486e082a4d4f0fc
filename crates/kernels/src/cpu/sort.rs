//! Sorted rows: all values, or the first k of them, with their indices.

use std::cmp::Ordering;

use rayon::slice::ParallelSliceMut;

use crate::error::{Result, check_len, fail};
use crate::isa;
use crate::par::{self, Rows};

/// Rows of at least this length are sorted by several threads.
const LONG_ROW: usize = 128 * 1024;

/// Values in torch's order: NaN is larger than everything, the two zeros are equal.
pub trait Ordered: Copy + Send + Sync {
    /// Whether `self` comes before `other`, from small to large.
    fn order(self, other: Self) -> Ordering;
    /// Whether `order` is `Greater`, without a branch.
    fn exceeds(self, other: Self) -> bool;
}

macro_rules! ordered_floats {
    ($($t:ty),*) => {$(
        impl Ordered for $t {
            #[inline(always)]
            fn order(self, other: Self) -> Ordering {
                self.partial_cmp(&other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
            }
            #[inline(always)]
            fn exceeds(self, other: Self) -> bool {
                (self > other) | (self.is_nan() & !other.is_nan())
            }
        }
    )*};
}
ordered_floats!(f32, f64);

macro_rules! ordered_integers {
    ($($t:ty),*) => {$(
        impl Ordered for $t {
            #[inline(always)]
            fn order(self, other: Self) -> Ordering {
                self.cmp(&other)
            }
            #[inline(always)]
            fn exceeds(self, other: Self) -> bool {
                self > other
            }
        }
    )*};
}
ordered_integers!(i64, u8);

/// The first `k` values of each row in order, and their indices in the row; the order is stable.
///
/// x (rows, n), values and indices (rows, k).
///
/// # Errors
/// When a length does not fit, or `k` is larger than `n`.
pub fn sort<T: Ordered>(
    x: &[T],
    rows: usize,
    n: usize,
    k: usize,
    descending: bool,
    values: &mut [T],
    indices: &mut [i64],
) -> Result<()> {
    check_len("sort", "x", x.len(), rows * n)?;
    check_len("sort", "values", values.len(), rows * k)?;
    check_len("sort", "indices", indices.len(), rows * k)?;
    if k > n {
        return fail("sort", format!("k is {k}, and a row has {n} values"));
    }
    // With their indices no two pairs are equal, so that every algorithm finds the same order.
    let order = |a: &(T, usize), b: &(T, usize)| {
        let by_value = if descending { b.0.order(a.0) } else { a.0.order(b.0) };
        by_value.then(a.1.cmp(&b.1))
    };
    par::parts_mut(
        (Rows::new(values, k), Rows::new(indices, k)),
        par::grain(16 * n),
        |start, (values, indices)| {
            // A few of many: most values are only compared with the k-th of those before.
            let slack = SLACK.max(k);
            let few = n >= 4 * (k + slack);
            let mut pairs = crate::alloc::with_capacity(if few { k + slack + RUN } else { n });
            let outputs = values.data.chunks_mut(k).zip(indices.data.chunks_mut(k));
            for (row, (values, indices)) in outputs.enumerate() {
                let row = &x[(start + row) * n..][..n];
                pairs.clear();
                if few {
                    isa::dispatch(
                        #[inline(always)]
                        || {
                            if descending {
                                candidates(row, k, slack, &mut pairs, order, |x, last| x.exceeds(last));
                            } else {
                                candidates(row, k, slack, &mut pairs, order, |x, last| last.exceeds(x));
                            }
                        },
                    );
                } else {
                    pairs.extend(row.iter().copied().zip(0..));
                }
                if k < pairs.len() {
                    pairs.select_nth_unstable_by(k - 1, order);
                    pairs.truncate(k);
                }
                if k >= LONG_ROW {
                    pairs.par_sort_unstable_by(order);
                } else {
                    pairs.sort_unstable_by(order);
                }
                for ((value, index), &(x, i)) in values.iter_mut().zip(indices).zip(&pairs) {
                    (*value, *index) = (x, i as i64);
                }
            }
        },
    );
    Ok(())
}

/// Values that are compared together.
const RUN: usize = 32;
/// Candidates beyond k that are collected, at least, before they are reduced to the k best.
const SLACK: usize = 128;

/// Pairs of a row that include its first k: a value is added only if it comes before the k-th of the last selection. A value equal to
/// that comes after it, by its index.
#[inline(always)]
fn candidates<T: Ordered>(
    row: &[T],
    k: usize,
    slack: usize,
    pairs: &mut Vec<(T, usize)>,
    order: impl Fn(&(T, usize), &(T, usize)) -> Ordering + Copy,
    precedes: impl Fn(T, T) -> bool,
) {
    let (seed, rest) = row.split_at(k + slack);
    pairs.extend(seed.iter().copied().zip(0..));
    let mut last = keep_first(pairs, k, order);
    for (number, run) in rest.chunks(RUN).enumerate() {
        if !run.iter().fold(false, |any, &x| any | precedes(x, last)) {
            continue;
        }
        let first = k + slack + number * RUN;
        pairs.extend(run.iter().copied().zip(first..).filter(|&(x, _)| precedes(x, last)));
        if pairs.len() > k + slack {
            last = keep_first(pairs, k, order);
        }
    }
}

/// Keeps the first k pairs, in any order, and returns the value of the k-th.
fn keep_first<T: Ordered>(
    pairs: &mut Vec<(T, usize)>,
    k: usize,
    order: impl Fn(&(T, usize), &(T, usize)) -> Ordering,
) -> T {
    let (_, &mut (last, _), _) = pairs.select_nth_unstable_by(k - 1, order);
    pairs.truncate(k);
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::sort as slow;
    use crate::testing::{SIZES, each_isa, ids, same_for_any_thread_count, values, wide};

    fn check(x: &[f32], rows: usize, n: usize, k: usize, descending: bool) {
        let (mut got, mut indices) = (vec![0f32; rows * k], vec![0i64; rows * k]);
        sort(x, rows, n, k, descending, &mut got, &mut indices).unwrap();
        let (want, want_indices) = slow::sort(&wide(x), n, k, descending);
        let same = wide(&got)
            .iter()
            .zip(&want)
            .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
        assert!(same && indices == want_indices, "({rows}, {n}) k {k}");
    }

    #[test]
    fn sorted_rows_meet_their_twin() {
        for n in SIZES {
            for rows in [1, 5] {
                for descending in [false, true] {
                    for k in [0, 1, n / 2, n] {
                        let k = k.min(n);
                        check(&values::<f32>(rows * n, 1), rows, n, k, descending);
                        // Many ties.
                        let few: Vec<f32> = ids(rows * n, 3, 2).iter().map(|&x| x as f32).collect();
                        check(&few, rows, n, k, descending);
                    }
                }
            }
        }
    }

    #[test]
    fn a_few_of_a_long_row_meet_their_twin() {
        each_isa(|_| {
            let n = 5000;
            let rising: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let falling: Vec<f32> = rising.iter().map(|&x| -x).collect();
            let few: Vec<f32> = ids(3 * n, 4, 2).iter().map(|&x| x as f32).collect();
            let mut with_nan = values::<f32>(n, 5);
            (0..n).step_by(611).for_each(|i| with_nan[i] = f32::NAN);
            for descending in [false, true] {
                for k in [1, 2, 31, 200, 624, 700] {
                    check(&values::<f32>(3 * n, 1), 3, n, k, descending);
                    check(&few, 3, n, k, descending);
                    for x in [&rising, &falling, &with_nan] {
                        check(x, 1, n, k, descending);
                    }
                }
            }
        });
    }

    #[test]
    fn nan_is_the_largest_and_zeros_are_equal() {
        let x = [f32::NAN, 1.0, f32::INFINITY, 0.0, f32::NAN, -0.0, f32::NEG_INFINITY];
        for descending in [false, true] {
            check(&x, 1, 7, 7, descending);
            check(&x, 1, 7, 3, descending);
        }
        let mut indices = [0; 7];
        sort(&x, 1, 7, 7, false, &mut [0.0; 7], &mut indices).unwrap();
        assert_eq!(indices, [6, 3, 5, 1, 2, 0, 4]);
    }

    #[test]
    fn a_long_row_does_not_depend_on_threads() {
        let x: Vec<f32> = ids(LONG_ROW + 1, 1000, 3).iter().map(|&x| x as f32).collect();
        same_for_any_thread_count(|| {
            let (mut got, mut indices) = (vec![0f32; x.len()], vec![0; x.len()]);
            sort(&x, 1, x.len(), x.len(), true, &mut got, &mut indices).unwrap();
            indices.into_iter().map(|i| i as f64).collect()
        });
    }
}
