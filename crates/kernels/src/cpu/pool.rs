//! Maximum and mean over windows of up to three spatial dimensions. A plane is one channel of one sample.

use crate::error::{Result, check_len};
use crate::float::Float;
use crate::par::{self, Rows};

mod windows;
pub use windows::{Axis, Pool, Window, Windows};

/// The largest value of each window and its flat index in the plane, the first of ties; NaN is larger than everything.
///
/// | slice        | shape            | meaning                             |
/// |--------------|------------------|-------------------------------------|
/// | `x`          | (planes, input)  | input                               |
/// | `y`, `index` | (planes, output) | out: the largest, and its index     |
///
/// # Errors
/// When a length does not fit.
pub fn max_pool<T: Float>(x: &[T], planes: usize, pool: &Pool, y: &mut [T], index: &mut [i64]) -> Result<()> {
    const NAME: &str = "max_pool";
    check_len(NAME, "x", x.len(), planes * pool.input())?;
    check_len(NAME, "y", y.len(), planes * pool.output())?;
    check_len(NAME, "index", index.len(), y.len())?;
    let width = pool.0[2].out;
    let outputs = (Rows::new(y, width), Rows::new(index, width));
    par::parts_mut(outputs, par::grain(width * pool.work()), |start, (y, index)| {
        let rows = y.data.chunks_mut(width).zip(index.data.chunks_mut(width));
        for (row, (y, index)) in rows.enumerate() {
            let (plane, windows) = pool.row(start + row);
            largest(&x[plane * pool.input()..][..pool.input()], pool, windows, y, index);
        }
    });
    Ok(())
}

/// One output row of [`max_pool`].
fn largest<T: Float>(x: &[T], pool: &Pool, windows: [Window; 2], y: &mut [T], index: &mut [i64]) {
    let [d, h] = windows;
    let first = pool.row_start(d.start, h.start);
    for (o, (y, index)) in y.iter_mut().zip(index.iter_mut()).enumerate() {
        // The result of a window of −∞ alone.
        (*y, *index) = (T::NEG_INFINITY, (first + pool.0[2].window(o).start) as i64);
    }
    pool.taps(
        windows,
        #[inline(always)]
        |outputs, first, step| {
            let best = y[outputs.clone()].iter_mut().zip(&mut index[outputs]);
            for (i, (y, index)) in best.enumerate() {
                let at = first + i * step;
                let value = x[at];
                let larger = value > *y || value.is_nan();
                *y = if larger { value } else { *y };
                *index = if larger { at as i64 } else { *index };
            }
        },
    );
}

/// The mean of each window: its sum over the product of the windows' weights, or over `divisor`.
///
/// x (planes, input), y (planes, output).
///
/// # Errors
/// When a length does not fit.
pub fn avg_pool<T: Float>(x: &[T], planes: usize, pool: &Pool, divisor: Option<usize>, y: &mut [T]) -> Result<()> {
    check_len("avg_pool", "x", x.len(), planes * pool.input())?;
    check_len("avg_pool", "y", y.len(), planes * pool.output())?;
    let width = &pool.0[2];
    par::rows_mut(y, width.out, par::grain(width.out * pool.work()), |start, y| {
        for (row, y) in y.chunks_mut(width.out).enumerate() {
            let (plane, windows) = pool.row(start + row);
            let x = &x[plane * pool.input()..][..pool.input()];
            y.fill(T::ZERO);
            pool.taps(
                windows,
                #[inline(always)]
                |outputs, first, step| {
                    for (i, sum) in y[outputs].iter_mut().enumerate() {
                        *sum += x[first + i * step];
                    }
                },
            );
            for (o, y) in y.iter_mut().enumerate() {
                *y /= weight(windows, width.window(o), divisor);
            }
        }
    });
    Ok(())
}

/// The gradient of [`avg_pool`]: each position gets its share of every window that contains it. `dx` is overwritten.
///
/// # Errors
/// When a length does not fit.
pub fn avg_pool_backward<T: Float>(
    dy: &[T],
    planes: usize,
    pool: &Pool,
    divisor: Option<usize>,
    dx: &mut [T],
) -> Result<()> {
    let (input, output) = (pool.input(), pool.output());
    check_len("avg_pool_backward", "dy", dy.len(), planes * output)?;
    check_len("avg_pool_backward", "dx", dx.len(), planes * input)?;
    let width = &pool.0[2];
    par::rows_mut(dx, input, par::grain(output * pool.work()), |start, dx| {
        let mut shares = vec![T::ZERO; width.out];
        for (plane, dx) in dx.chunks_mut(input).enumerate() {
            dx.fill(T::ZERO);
            let dy = &dy[(start + plane) * output..][..output];
            for (row, dy) in dy.chunks(width.out).enumerate() {
                let (_, windows) = pool.row(row);
                for (o, (share, &dy)) in shares.iter_mut().zip(dy).enumerate() {
                    *share = dy / weight(windows, width.window(o), divisor);
                }
                pool.taps(
                    windows,
                    #[inline(always)]
                    |outputs, first, step| {
                        for (i, &share) in shares[outputs].iter().enumerate() {
                            dx[first + i * step] += share;
                        }
                    },
                );
            }
        }
    });
    Ok(())
}

#[inline(always)]
fn weight<T: Float>([d, h]: [Window; 2], w: Window, divisor: Option<usize>) -> T {
    T::from_usize(divisor.unwrap_or(d.weight * h.weight * w.weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::pool as slow;
    use crate::testing::{close, same_for_any_thread_count, values, wide};

    fn sliding(size: usize, kernel: usize, stride: usize, padding: usize, dilation: usize, out: usize) -> Axis {
        let windows = Windows::Sliding {
            kernel,
            stride,
            padding,
            dilation,
            count_padding: true,
        };
        Axis { size, out, windows }
    }

    fn pools() -> Vec<Pool> {
        let adaptive = |size, out| Axis {
            size,
            out,
            windows: Windows::Adaptive,
        };
        vec![
            Pool([Axis::ONE, Axis::ONE, sliding(129, 3, 2, 1, 1, 65)]),
            Pool([Axis::ONE, sliding(7, 2, 2, 0, 1, 3), sliding(8, 2, 2, 0, 1, 4)]),
            Pool([
                sliding(4, 3, 1, 1, 1, 4),
                sliding(6, 3, 2, 1, 1, 3),
                sliding(5, 2, 3, 0, 1, 2),
            ]),
            Pool([Axis::ONE, adaptive(7, 3), adaptive(5, 8)]),
            // With ceilMode the last window reaches beyond the edge.
            Pool([Axis::ONE, sliding(6, 2, 2, 1, 1, 4), sliding(5, 3, 3, 0, 1, 2)]),
        ]
    }

    #[test]
    fn windows_meet_their_definition() {
        for (axis, o, want) in [
            (sliding(5, 3, 2, 1, 1, 3), 0, (0, 2, 1, 3)),
            (sliding(5, 3, 2, 1, 1, 3), 2, (3, 2, 1, 3)),
            (sliding(6, 3, 1, 1, 2, 4), 0, (1, 2, 2, 3)),
            (sliding(5, 3, 3, 0, 1, 2), 1, (3, 2, 1, 2)),
        ] {
            let Window {
                start,
                count,
                step,
                weight,
            } = axis.window(o);
            assert_eq!((start, count, step, weight), want, "{axis:?} window {o}");
        }
    }

    #[test]
    fn kernels_meet_their_twins() {
        for (planes, pool) in pools().into_iter().flat_map(|pool| [(0, pool), (1, pool), (6, pool)]) {
            let x = values::<f32>(planes * pool.input(), 3);
            let dy = values::<f32>(planes * pool.output(), 4);
            let (mut y, mut index) = (vec![0.0; dy.len()], vec![-1; dy.len()]);
            max_pool(&x, planes, &pool, &mut y, &mut index).unwrap();
            let (want, want_index) = slow::max_pool(&wide(&x), planes, &pool);
            close(&y, &want, 0.0, "max");
            assert_eq!(index, want_index);
            for divisor in [None, Some(5)] {
                avg_pool(&x, planes, &pool, divisor, &mut y).unwrap();
                close(&y, &slow::avg_pool(&wide(&x), planes, &pool, divisor), 1e-6, "mean");
                let mut dx = vec![7.0; x.len()];
                avg_pool_backward(&dy, planes, &pool, divisor, &mut dx).unwrap();
                let want = slow::avg_pool_backward(&wide(&dy), planes, &pool, divisor);
                close(&dx, &want, 1e-6, "gradient of the mean");
            }
        }
    }

    #[test]
    fn nan_and_infinity_are_found() {
        let pool = Pool([Axis::ONE, Axis::ONE, sliding(4, 2, 2, 0, 1, 2)]);
        let (mut y, mut index) = (vec![0.0; 2], vec![0; 2]);
        let x = [1.0, f32::NAN, f32::NEG_INFINITY, f32::NEG_INFINITY];
        max_pool(&x, 1, &pool, &mut y, &mut index).unwrap();
        assert!(y[0].is_nan() && y[1] == f32::NEG_INFINITY);
        assert_eq!(index, [1, 2]);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let pool = Pool([Axis::ONE, sliding(64, 3, 1, 1, 1, 64), sliding(64, 3, 1, 1, 1, 64)]);
        let dy = values::<f32>(16 * pool.output(), 9);
        same_for_any_thread_count(|| {
            let mut dx = vec![0.0; 16 * pool.input()];
            avg_pool_backward(&dy, 16, &pool, None, &mut dx).unwrap();
            dx
        });
    }
}
