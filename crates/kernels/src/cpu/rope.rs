//! Rotary position embedding.

use crate::{Float, Result, check_len, fail, isa, outside, par};

/// Order of the dimensions of a batch of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadLayout {
    /// (B, T, H, D), the output of a projection.
    Bthd,
    /// (B, H, T, D), as attention is usually written.
    Bhtd,
}

/// Sizes of a batch of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RopeDims {
    /// Sequences.
    pub batch: usize,
    /// Tokens per sequence.
    pub tokens: usize,
    /// Heads.
    pub heads: usize,
    /// Head size, even.
    pub d: usize,
}

/// What [`rope`] reads.
#[derive(Clone, Copy, Debug)]
pub struct RopeOperands<'a, T> {
    /// The heads, in the order of the layout.
    pub x: &'a [T],
    /// (P, D/2): one row per position.
    pub cos: &'a [T],
    /// (P, D/2): one row per position.
    pub sin: &'a [T],
    /// (B, T), each in 0..P: rows of the tables; `None` means 0..T.
    pub positions: Option<&'a [i64]>,
}

/// Variants of [`rope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RopeOptions {
    /// Order of the dimensions of x and y.
    pub layout: HeadLayout,
    /// Pair p is (2p, 2p + 1) (GPT-J) rather than (p, p + D/2) (Llama).
    pub interleaved: bool,
    /// Rotates back, which is also the gradient.
    pub inverse: bool,
}

/// Rotates each pair (u, v) of a head by the angle of its position: `(u·cos − v·sin, v·cos + u·sin)`. `y` has the layout of x.
///
/// # Errors
/// When a slice does not have the length of its shape, D is odd, or a position is outside the tables. `y` is then untouched.
///
/// Source: Su et al. 2021. Slow twin: `reference::rope::rope`.
pub fn rope<T: Float>(dims: RopeDims, operands: RopeOperands<'_, T>, options: RopeOptions, y: &mut [T]) -> Result<()> {
    let RopeDims {
        batch,
        tokens,
        heads,
        d,
    } = dims;
    let RopeOperands { x, cos, sin, positions } = operands;
    let RopeOptions {
        layout,
        interleaved,
        inverse,
    } = options;
    let half = d / 2;
    let total = batch * tokens * heads * d;
    if d % 2 != 0 {
        return fail("rope", format!("the head size {d} is odd"));
    }
    check_len("rope", "x", x.len(), total)?;
    check_len("rope", "y", y.len(), total)?;
    check_len("rope", "sin", sin.len(), cos.len())?;
    if total == 0 {
        return Ok(());
    }
    let rows = cos.len() / half;
    check_len("rope", "cos", cos.len(), rows * half)?;
    match positions {
        Some(positions) => {
            check_len("rope", "positions", positions.len(), batch * tokens)?;
            let beyond = |&&p: &&i64| usize::try_from(p).map_or(true, |p| p >= rows);
            if let Some(bad) = positions.iter().find(beyond) {
                let what = format!("position {bad} is outside the tables of {rows} rows");
                return outside("rope", what, format!("0 to {}", rows as i64 - 1), *bad);
            }
        }
        None if tokens > rows => return fail("rope", format!("{tokens} tokens but tables of {rows} rows")),
        None => {}
    }
    let position = |row: usize| {
        let (b, t) = match layout {
            HeadLayout::Bthd => (row / (tokens * heads), row / heads % tokens),
            HeadLayout::Bhtd => (row / (heads * tokens), row % tokens),
        };
        positions.map_or(t, |positions| positions[b * tokens + t] as usize)
    };
    let sign = if inverse { -T::ONE } else { T::ONE };
    par::rows_mut(y, d, par::grain(2 * d), |start, rows| {
        isa::dispatch(
            #[inline(always)]
            || {
                for (i, y) in rows.chunks_exact_mut(d).enumerate() {
                    let (x, p) = (&x[(start + i) * d..][..d], position(start + i));
                    let (cos, sin) = (&cos[p * half..][..half], &sin[p * half..][..half]);
                    if interleaved {
                        rotate_neighbours(x, cos, sin, sign, y)
                    } else {
                        rotate_halves(x, cos, sin, sign, y)
                    }
                }
            },
        );
    });
    Ok(())
}

#[inline(always)]
fn rotate_halves<T: Float>(x: &[T], cos: &[T], sin: &[T], sign: T, y: &mut [T]) {
    let half = cos.len();
    let ((u, v), (yu, yv)) = (x.split_at(half), y.split_at_mut(half));
    let (v, yv, sin) = (&v[..half], &mut yv[..half], &sin[..half]);
    for p in 0..half {
        let s = sign * sin[p];
        yu[p] = u[p] * cos[p] - v[p] * s;
        yv[p] = v[p] * cos[p] + u[p] * s;
    }
}

#[inline(always)]
fn rotate_neighbours<T: Float>(x: &[T], cos: &[T], sin: &[T], sign: T, y: &mut [T]) {
    for (((x, y), &cos), &sin) in x.chunks_exact(2).zip(y.chunks_exact_mut(2)).zip(cos).zip(sin) {
        let s = sign * sin;
        y[0] = x[0] * cos - x[1] * s;
        y[1] = x[1] * cos + x[0] * s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::testing::{close, each_isa, ids, same_for_any_thread_count, values, wide};

    const PLAIN: RopeOptions = RopeOptions {
        layout: HeadLayout::Bthd,
        interleaved: false,
        inverse: false,
    };

    fn meets_twin<T: Float>(dims: RopeDims, options: RopeOptions, given: bool) {
        let RopeDims {
            batch,
            tokens,
            heads,
            d,
        } = dims;
        let x = values::<T>(batch * tokens * heads * d, 1);
        let (cos, sin) = (values::<T>(150 * d / 2, 2), values::<T>(150 * d / 2, 3));
        let positions = ids(batch * tokens, 150, 4);
        let positions = given.then_some(&positions[..]);
        let mut y = vec![T::NAN; x.len()];
        let operands = RopeOperands {
            x: &x,
            cos: &cos,
            sin: &sin,
            positions,
        };
        rope(dims, operands, options, &mut y).unwrap();
        let (x, cos, sin) = (wide(&x), wide(&cos), wide(&sin));
        let operands = RopeOperands {
            x: &x,
            cos: &cos,
            sin: &sin,
            positions,
        };
        let want = reference::rope::rope(dims, operands, options);
        close(&y, &want, 1e-6, &format!("{dims:?} {options:?} {given}"));
    }

    #[test]
    fn rope_meets_its_twin() {
        each_isa(|_| {
            for (tokens, d) in [(0, 2), (1, 2), (3, 6), (17, 64), (64, 34), (129, 128)] {
                for flags in 0..16 {
                    let layout = if flags & 1 == 1 {
                        HeadLayout::Bthd
                    } else {
                        HeadLayout::Bhtd
                    };
                    let dims = RopeDims {
                        batch: 2,
                        tokens,
                        heads: 3,
                        d,
                    };
                    let options = RopeOptions {
                        layout,
                        interleaved: flags & 2 == 2,
                        inverse: flags & 4 == 4,
                    };
                    meets_twin::<f32>(dims, options, flags & 8 == 8);
                    meets_twin::<f64>(dims, options, flags & 8 == 8);
                }
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        each_isa(|_| {
            let dims = RopeDims {
                batch: 2,
                tokens: 50,
                heads: 8,
                d: 64,
            };
            let (x, table) = (values::<f32>(2 * 50 * 8 * 64, 1), values::<f32>(50 * 32, 2));
            same_for_any_thread_count(|| {
                let mut y = vec![0f32; x.len()];
                let operands = RopeOperands {
                    x: &x,
                    cos: &table,
                    sin: &table,
                    positions: None,
                };
                rope(dims, operands, PLAIN, &mut y).unwrap();
                y
            });
        });
    }

    #[test]
    fn positions_outside_the_tables_are_refused() {
        let dims = RopeDims {
            batch: 1,
            tokens: 2,
            heads: 1,
            d: 2,
        };
        let refuses = |table: &[f32], positions: Option<&[i64]>| {
            let operands = RopeOperands {
                x: &[0.0; 4],
                cos: table,
                sin: table,
                positions,
            };
            rope(dims, operands, PLAIN, &mut [0.0; 4]).is_err()
        };
        assert!(!refuses(&[0.0; 3], Some(&[0, 2])));
        assert!(refuses(&[0.0; 3], Some(&[0, 3])));
        assert!(refuses(&[0.0; 3], Some(&[-1, 0])));
        assert!(refuses(&[0.0], None));
    }
}
