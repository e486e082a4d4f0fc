//! Random categories by weight.

use crate::error::{Error, Result, check_len, fail};
use crate::float::Float;
use crate::par;

/// Fails for weights that are negative, infinite or NaN, and for rows with too few weights above 0 for `need` different draws.
///
/// # Errors
/// Names the first such weight or row.
pub fn check_weights<T: Float>(p: &[T], n: usize, need: usize) -> Result<()> {
    for (row, p) in p.chunks(n.max(1)).enumerate() {
        if let Some(j) = p.iter().position(|&p| !(p.is_finite() && p >= T::ZERO)) {
            return Err(Error {
                expected: "finite numbers of 0 or more".into(),
                received: p[j].to_string(),
                ..Error::new("multinomial", format!("weight {j} of row {row} is not usable"))
            });
        }
        let above = p.iter().filter(|&&p| p > T::ZERO).count();
        if above < need {
            return Err(Error {
                expected: format!("at least {need} weights above 0"),
                received: above.to_string(),
                ..Error::new("multinomial", format!("row {row} has too few categories to draw from"))
            });
        }
    }
    Ok(())
}

/// `k` categories of each row, drawn by weight with replacement: the first whose running sum is above `u` times the total.
///
/// p (rows, n) as [`check_weights`] requires with `need` 1, u and out (rows, k), u uniform in [0, 1).
///
/// # Errors
/// When a length does not fit, or a row has no weight above 0.
pub fn with_replacement<T: Float>(p: &[T], u: &[f64], rows: usize, n: usize, k: usize, out: &mut [i64]) -> Result<()> {
    check_len("multinomial", "p", p.len(), rows * n)?;
    check_len("multinomial", "u", u.len(), rows * k)?;
    check_len("multinomial", "out", out.len(), rows * k)?;
    check_weights(p, n, 1)?;
    par::rows_mut(out, k, par::grain(n), |start, out| {
        let mut sums = crate::alloc::filled(n, 0.0);
        for (row, out) in out.chunks_mut(k).enumerate() {
            let p = &p[(start + row) * n..][..n];
            let mut total = 0.0;
            for (sum, p) in sums.iter_mut().zip(p) {
                total += p.to_f64();
                *sum = total;
            }
            // u · total may round up to the total, above which there is no category.
            let last = p.iter().rposition(|&p| p > T::ZERO).unwrap_or(0);
            for (out, &u) in out.iter_mut().zip(&u[(start + row) * k..]) {
                *out = sums.partition_point(|&sum| sum <= u * total).min(last) as i64;
            }
        }
    });
    Ok(())
}

/// `k` different categories of each row, drawn by weight without replacement, in the order of the draws.
///
/// Each category gets a waiting time, exponential with its weight as rate; the first k to arrive are drawn. This is the same as drawing
/// one after the other and removing what was drawn (Efraimidis and Spirakis 2006).
///
/// p and u (rows, n), out (rows, k), u uniform in [0, 1).
///
/// # Errors
/// When a length does not fit, or a row has fewer than k weights above 0.
pub fn without_replacement<T: Float>(
    p: &[T],
    u: &[f64],
    rows: usize,
    n: usize,
    k: usize,
    out: &mut [i64],
) -> Result<()> {
    check_len("multinomial", "p", p.len(), rows * n)?;
    check_len("multinomial", "u", u.len(), rows * n)?;
    check_len("multinomial", "out", out.len(), rows * k)?;
    check_weights(p, n, k)?;
    if k == 0 {
        return fail("multinomial", "k is 0".into());
    }
    par::rows_mut(out, k, par::grain(16 * n), |start, out| {
        let mut times: Vec<(f64, usize)> = crate::alloc::with_capacity(n);
        for (row, out) in out.chunks_mut(k).enumerate() {
            let at = (start + row) * n;
            let weights = p[at..at + n].iter().zip(&u[at..at + n]).enumerate();
            times.clear();
            times.extend(
                weights
                    .filter(|(_, (p, _))| **p > T::ZERO)
                    .map(|(j, (p, u))| (-(1.0 - u).ln() / p.to_f64(), j)),
            );
            let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            times.select_nth_unstable_by(k - 1, order);
            times[..k].sort_unstable_by(order);
            for (out, &(_, j)) in out.iter_mut().zip(&times) {
                *out = j as i64;
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::dropout::fill_uniform;

    fn uniform(n: usize, seed: u64) -> Vec<f64> {
        let mut u = vec![0.0; n];
        fill_uniform(seed, 0, 0.0, 1.0, &mut u);
        u
    }

    fn shares(draws: &[i64], n: i64) -> Vec<f64> {
        let count = |j: i64| draws.iter().filter(|&&d| d == j).count() as f64;
        (0..n).map(|j| count(j) / draws.len() as f64).collect()
    }

    #[test]
    fn draws_come_in_the_shares_of_their_weights() {
        let (p, draws) = ([2.0f32, 0.0, 5.0, 3.0], 100_000);
        let mut out = vec![0; draws];
        with_replacement(&p, &uniform(draws, 1), 1, 4, draws, &mut out).unwrap();
        let rows = p.repeat(draws);
        let mut first = vec![0; draws];
        without_replacement(&rows, &uniform(4 * draws, 2), draws, 4, 1, &mut first).unwrap();
        for shares in [shares(&out, 4), shares(&first, 4)] {
            for (got, want) in shares.iter().zip([0.2, 0.0, 0.5, 0.3]) {
                assert!((got - want).abs() < 0.006, "{shares:?}");
            }
        }
    }

    #[test]
    fn the_second_of_two_different_draws_follows_what_is_left() {
        let (p, rows) = ([1.0f64, 2.0, 3.0], 100_000);
        let mut out = vec![0; 2 * rows];
        without_replacement(&p.repeat(rows), &uniform(3 * rows, 3), rows, 3, 2, &mut out).unwrap();
        assert!(out.chunks(2).all(|pair| pair[0] != pair[1]));
        let after: Vec<i64> = out.chunks(2).filter(|pair| pair[0] == 2).map(|pair| pair[1]).collect();
        assert!((shares(&after, 3)[1] - 2.0 / 3.0).abs() < 0.01);
    }

    #[test]
    fn the_ends_of_the_unit_interval_stay_on_weights_above_zero() {
        let p = [0.0f32, 0.1, 0.2, 0.0];
        let mut out = [9; 2];
        with_replacement(&p, &[0.0, 1.0 - f64::EPSILON / 2.0], 1, 4, 2, &mut out).unwrap();
        assert_eq!(out, [1, 2]);
        without_replacement(&p, &[0.0; 4], 1, 4, 2, &mut out).unwrap();
        assert_eq!(out, [1, 2]);
    }

    #[test]
    fn bad_weights_are_named() {
        let error = check_weights(&[1.0, 2.0, -1.0, 4.0], 2, 1).unwrap_err();
        assert_eq!(error.to_string(), "multinomial: weight 0 of row 1 is not usable");
        assert!(check_weights(&[1.0, f64::NAN], 2, 1).is_err() && check_weights(&[f32::INFINITY], 1, 1).is_err());
        assert_eq!(check_weights(&[1.0, 0.0], 2, 2).unwrap_err().received, "1");
    }
}
