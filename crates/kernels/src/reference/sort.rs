//! Twin of [`crate::cpu::sort`]: the rank of a value is the number of values that come before it.

/// Twin of `sort`: the first `k` values of each row of `n`, and their indices in the row.
pub fn sort(x: &[f64], n: usize, k: usize, descending: bool) -> (Vec<f64>, Vec<i64>) {
    let rows = x.len().checked_div(n).unwrap_or(0);
    let (mut values, mut indices) = (vec![0.0; rows * k], vec![0; rows * k]);
    for row in 0..rows {
        let x = &x[row * n..][..n];
        for (i, &value) in x.iter().enumerate() {
            let before = |&j: &usize| {
                let (a, b) = if descending { (value, x[j]) } else { (x[j], value) };
                let smaller = a < b || (!a.is_nan() && b.is_nan());
                let equal = a == b || (a.is_nan() && b.is_nan());
                smaller || (equal && j < i)
            };
            let rank = (0..n).filter(before).count();
            if rank < k {
                (values[row * k + rank], indices[row * k + rank]) = (value, i as i64);
            }
        }
    }
    (values, indices)
}
