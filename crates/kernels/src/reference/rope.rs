//! Plain twin of rotary position embedding.

use crate::cpu::rope::{HeadLayout, RopeDims, RopeOperands, RopeOptions};

/// Rotates each pair by the angle of its position, or back.
pub fn rope(dims: RopeDims, operands: RopeOperands<'_, f64>, options: RopeOptions) -> Vec<f64> {
    let RopeOperands { x, cos, sin, positions } = operands;
    let RopeOptions {
        layout,
        interleaved,
        inverse,
    } = options;
    let RopeDims {
        batch,
        tokens,
        heads,
        d,
    } = dims;
    let mut y = x.to_vec();
    for b in 0..batch {
        for t in 0..tokens {
            for h in 0..heads {
                let row = match layout {
                    HeadLayout::Bthd => (b * tokens + t) * heads + h,
                    HeadLayout::Bhtd => (b * heads + h) * tokens + t,
                };
                let position = positions.map_or(t, |positions| positions[b * tokens + t] as usize);
                for p in 0..d / 2 {
                    let (u, v) = if interleaved {
                        (2 * p, 2 * p + 1)
                    } else {
                        (p, p + d / 2)
                    };
                    let (u, v) = (row * d + u, row * d + v);
                    let (c, s) = (cos[position * (d / 2) + p], sin[position * (d / 2) + p]);
                    let s = if inverse { -s } else { s };
                    (y[u], y[v]) = (x[u] * c - x[v] * s, x[v] * c + x[u] * s);
                }
            }
        }
    }
    y
}
