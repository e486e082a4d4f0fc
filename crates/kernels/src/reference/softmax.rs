//! Twins of [`crate::cpu::softmax`]; rows of `n` values.

/// Twin of `softmax`.
pub fn softmax(x: &[f64], n: usize) -> Vec<f64> {
    let row = |x: &[f64]| {
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = x.iter().map(|x| (x - max).exp()).sum();
        x.iter().map(|x| (x - max).exp() / sum).collect::<Vec<_>>()
    };
    x.chunks(n.max(1)).flat_map(row).collect()
}

/// Twin of `softmax_backward`.
pub fn softmax_backward(y: &[f64], dy: &[f64], n: usize) -> Vec<f64> {
    let row = |(y, dy): (&[f64], &[f64])| {
        let dot: f64 = y.iter().zip(dy).map(|(y, dy)| y * dy).sum();
        y.iter().zip(dy).map(|(y, dy)| y * (dy - dot)).collect::<Vec<_>>()
    };
    y.chunks(n.max(1)).zip(dy.chunks(n.max(1))).flat_map(row).collect()
}

/// Twin of `log_softmax_backward`.
pub fn log_softmax_backward(y: &[f64], dy: &[f64], n: usize) -> Vec<f64> {
    let row = |(y, dy): (&[f64], &[f64])| {
        let sum: f64 = dy.iter().sum();
        y.iter().zip(dy).map(|(y, dy)| dy - y.exp() * sum).collect::<Vec<_>>()
    };
    y.chunks(n.max(1)).zip(dy.chunks(n.max(1))).flat_map(row).collect()
}
