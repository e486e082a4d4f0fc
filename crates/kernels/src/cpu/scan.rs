//! Running sums.

use super::axis::AxisDims;
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::par;

/// `y[k] = x[0] + … + x[k]` along n, or from the other end. Sums are f64. x and y (outer, n, inner).
///
/// # Errors
/// When a length does not fit.
pub fn cumsum<T: Float>(dims: AxisDims, x: &[T], reverse: bool, y: &mut [T]) -> Result<()> {
    scan(dims, x, reverse, y, |sum: &mut f64, x: T| {
        *sum += x.to_f64();
        T::from_f64(*sum)
    })
}

/// [`cumsum`] of integers, which wrap around.
///
/// # Errors
/// As [`cumsum`].
pub fn cumsum_integers<T: Copy + Into<i64> + Send + Sync>(
    dims: AxisDims,
    x: &[T],
    reverse: bool,
    y: &mut [i64],
) -> Result<()> {
    scan(dims, x, reverse, y, |sum: &mut i64, x: T| {
        *sum = sum.wrapping_add(x.into());
        *sum
    })
}

/// Calls `step` with the state of each line and its values, one after the other.
fn scan<T: Copy + Send + Sync, U: Send, S: Copy + Default>(
    dims: AxisDims,
    x: &[T],
    reverse: bool,
    y: &mut [U],
    step: impl Fn(&mut S, T) -> U + Sync,
) -> Result<()> {
    let AxisDims { n, inner, .. } = dims;
    check_len("cumsum", "x", x.len(), dims.numel())?;
    check_len("cumsum", "y", y.len(), x.len())?;
    let block = n * inner;
    par::rows_mut(y, block, par::grain(block), |start, y| {
        let mut states = crate::alloc::filled(inner, S::default());
        for (o, y) in y.chunks_mut(block).enumerate() {
            let x = &x[(start + o) * block..][..block];
            states.fill(S::default());
            for k in 0..n {
                let at = if reverse { n - 1 - k } else { k } * inner;
                let values = x[at..at + inner].iter().zip(&mut y[at..at + inner]);
                for (state, (&x, y)) in states.iter_mut().zip(values) {
                    *y = step(state, x);
                }
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::scan as slow;
    use crate::testing::{SIZES, close, values, wide};

    #[test]
    fn running_sums_meet_their_twin() {
        for n in SIZES {
            for (outer, inner) in [(1, 1), (3, 1), (2, 5), (0, 3), (2, 0)] {
                for reverse in [false, true] {
                    let dims = AxisDims { outer, n, inner };
                    let x = values::<f32>(dims.numel(), 1);
                    let mut y = vec![0f32; x.len()];
                    cumsum(dims, &x, reverse, &mut y).unwrap();
                    let want = slow::cumsum(dims, &wide(&x), reverse);
                    close(&y, &want, 1e-6, &format!("({outer}, {n}, {inner}) reverse {reverse}"));
                }
            }
        }
    }

    #[test]
    fn integers_wrap_around() {
        let dims = AxisDims {
            outer: 1,
            n: 3,
            inner: 1,
        };
        let mut y = [0; 3];
        cumsum_integers(dims, &[i64::MAX, 1, -5], false, &mut y).unwrap();
        assert_eq!(y, [i64::MAX, i64::MIN, i64::MIN.wrapping_sub(5)]);
        cumsum_integers(dims, &[1u8, 0, 255], true, &mut y).unwrap();
        assert_eq!(y, [256, 255, 255]);
    }
}
