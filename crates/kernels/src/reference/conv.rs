//! Twins of [`crate::cpu::conv`]: one product at a time.

use crate::cpu::conv::Problem;

/// Calls `f(x, w, y)` with the indices of the two factors and of the sum, for every product of a convolution.
fn each_product(p: &Problem, mut f: impl FnMut(usize, usize, usize)) {
    let at = |i: usize, sizes: [usize; 3]| [i / (sizes[1] * sizes[2]), i / sizes[2] % sizes[1], i % sizes[2]];
    for item in 0..p.batch * p.groups {
        let group = item % p.groups;
        for (o, i) in (0..p.outer).flat_map(|o| (0..p.inner).map(move |i| (o, i))) {
            for (position, tap) in (0..p.outputs()).flat_map(|position| (0..p.taps()).map(move |tap| (position, tap))) {
                let (out, t) = (at(position, p.output), at(tap, p.kernel));
                let index = |d: usize| {
                    let index = (out[d] * p.stride[d] + t[d] * p.dilation[d]).checked_sub(p.pad[d])?;
                    (index < p.input[d]).then_some(index)
                };
                if let (Some(z), Some(y), Some(x)) = (index(0), index(1), index(2)) {
                    f(
                        (((item * p.inner + i) * p.input[0] + z) * p.input[1] + y) * p.input[2] + x,
                        ((group * p.outer + o) * p.inner + i) * p.taps() + tap,
                        (item * p.outer + o) * p.outputs() + position,
                    );
                }
            }
        }
    }
}

/// Twin of `conv`.
pub fn conv(p: &Problem, x: &[f64], w: &[f64], bias: Option<&[f64]>) -> Vec<f64> {
    let mut y = vec![0.0; p.lengths()[2]];
    if let Some(bias) = bias {
        let channels = p.groups * p.outer;
        y.iter_mut()
            .enumerate()
            .for_each(|(i, y)| *y = bias[i / p.outputs() % channels]);
    }
    each_product(p, |ix, iw, iy| y[iy] += x[ix] * w[iw]);
    y
}

/// Twin of `conv_dx`.
pub fn conv_dx(p: &Problem, dy: &[f64], w: &[f64]) -> Vec<f64> {
    let mut dx = vec![0.0; p.lengths()[0]];
    each_product(p, |ix, iw, iy| dx[ix] += dy[iy] * w[iw]);
    dx
}

/// Twin of `conv_dw`.
pub fn conv_dw(p: &Problem, dy: &[f64], x: &[f64]) -> Vec<f64> {
    let mut dw = vec![0.0; p.lengths()[1]];
    each_product(p, |ix, iw, iy| dw[iw] += dy[iy] * x[ix]);
    dw
}
