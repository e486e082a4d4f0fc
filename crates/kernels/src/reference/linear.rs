//! Plain twins of the dense layer.

use crate::cpu::linear::Layout;

/// Index of weight (out, in) in its memory.
fn at(layout: Layout, k: usize, n: usize, out: usize, input: usize) -> usize {
    match layout {
        Layout::OutIn => out * k + input,
        Layout::InOut => input * n + out,
    }
}

/// `y[i, o] = bias[o] + Σ x[i, c] · W[o, c]`.
pub fn linear(x: &[f64], w: &[f64], layout: Layout, bias: Option<&[f64]>, m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for o in 0..n {
            let sum: f64 = (0..k).map(|c| x[i * k + c] * w[at(layout, k, n, o, c)]).sum();
            y[i * n + o] = sum + bias.map_or(0.0, |bias| bias[o]);
        }
    }
    y
}

/// `dx[i, c] = Σ dy[i, o] · W[o, c]`.
pub fn linear_dx(dy: &[f64], w: &[f64], layout: Layout, m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut dx = vec![0.0; m * k];
    for i in 0..m {
        for c in 0..k {
            dx[i * k + c] = (0..n).map(|o| dy[i * n + o] * w[at(layout, k, n, o, c)]).sum();
        }
    }
    dx
}

/// `dW[o, c] = Σ dy[i, o] · x[i, c]`.
pub fn linear_dw(dy: &[f64], x: &[f64], layout: Layout, m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut dw = vec![0.0; n * k];
    for o in 0..n {
        for c in 0..k {
            dw[at(layout, k, n, o, c)] = (0..m).map(|i| dy[i * n + o] * x[i * k + c]).sum();
        }
    }
    dw
}
