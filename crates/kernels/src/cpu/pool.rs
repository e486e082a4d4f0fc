//! Maximum and mean over windows of up to three spatial dimensions. A plane is one channel of one sample.

use std::ops::Range;

use crate::error::{Result, check_len};
use crate::float::Float;
use crate::par::{self, Rows};

/// How one dimension is cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Places of the input.
    pub size: usize,
    /// Windows: places of the output.
    pub out: usize,
    /// Where they lie.
    pub windows: Windows,
}

/// The windows of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// Window `o` has `kernel` places, `dilation` apart, the first one at `o · stride − padding`.
    Sliding {
        /// Places of a window.
        kernel: usize,
        /// From window to window.
        stride: usize,
        /// Places before and behind the input.
        padding: usize,
        /// From place to place.
        dilation: usize,
        /// A mean counts the places in the padding.
        count_padding: bool,
    },
    /// Window `o` is `⌊o·size/out⌋ .. ⌈(o+1)·size/out⌉`.
    Adaptive,
}

/// The part of a window that lies in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First place.
    pub start: usize,
    /// Number of places.
    pub count: usize,
    /// From place to place.
    pub step: usize,
    /// What a mean divides by: `count`, or with the padding.
    pub weight: usize,
}

impl Axis {
    /// A dimension of size 1 with one window: what a missing dimension stands for.
    pub const ONE: Axis = Axis {
        size: 1,
        out: 1,
        windows: Windows::Adaptive,
    };

    /// Window `o`.
    #[inline(always)]
    pub fn window(&self, o: usize) -> Window {
        match self.windows {
            Windows::Adaptive => {
                let start = o * self.size / self.out;
                let count = ((o + 1) * self.size).div_ceil(self.out) - start;
                Window {
                    start,
                    count,
                    step: 1,
                    weight: count,
                }
            }
            Windows::Sliding {
                kernel,
                stride,
                padding,
                dilation: step,
                count_padding,
            } => {
                let (padded, span) = (o * stride, step * (kernel - 1) + 1); // from the first place of the padding
                let before = padding.saturating_sub(padded);
                let skipped = if step == 1 { before } else { before.div_ceil(step) };
                let start = padded + skipped * step - padding;
                let end = (padded + span).saturating_sub(padding).min(self.size);
                let length = end.saturating_sub(start);
                let count = if step == 1 { length } else { length.div_ceil(step) };
                let weight = if count_padding {
                    (padded + kernel).min(self.size + 2 * padding) - padded
                } else {
                    count
                };
                Window {
                    start,
                    count,
                    step,
                    weight,
                }
            }
        }
    }

    /// Places of the largest window.
    fn reach(&self) -> usize {
        match self.windows {
            Windows::Sliding { kernel, .. } => kernel.min(self.size),
            Windows::Adaptive => self.size.div_ceil(self.out.max(1)) + 1,
        }
    }
}

/// Depth, height and width; leading dimensions that are missing are [`Axis::ONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool(pub [Axis; 3]);

impl Pool {
    /// Places of an input plane.
    pub fn input(&self) -> usize {
        self.0.iter().map(|axis| axis.size).product()
    }

    /// Places of an output plane.
    pub fn output(&self) -> usize {
        self.0.iter().map(|axis| axis.out).product()
    }

    /// Element operations of one output.
    fn work(&self) -> usize {
        self.0.iter().map(Axis::reach).product()
    }

    /// Plane and windows of depth and height of an output row.
    fn place(&self, row: usize) -> (usize, [Window; 2]) {
        let [d, h, _] = &self.0;
        let (plane, depth, height) = (row / (d.out * h.out), row / h.out % d.out, row % h.out);
        (plane, [d.window(depth), h.window(height)])
    }

    /// Calls `f` with the flat place of each row of a window and the window's places in it.
    #[inline(always)]
    fn rows_of(&self, [d, h]: [Window; 2], w: Window, mut f: impl FnMut(Range<usize>)) {
        let [_, height, width] = &self.0;
        for i in 0..d.count {
            for j in 0..h.count {
                let row = ((d.start + i * d.step) * height.size + h.start + j * h.step) * width.size;
                f(row + w.start..row + w.start + (w.count.max(1) - 1) * w.step + w.count.min(1));
            }
        }
    }
}

/// The largest of each window and its flat place in the plane, the first of ties; NaN counts as the largest.
///
/// | slice        | shape            | meaning                             |
/// |--------------|------------------|-------------------------------------|
/// | `x`          | (planes, input)  | input                               |
/// | `y`, `index` | (planes, output) | out: the largest, and where it lies |
///
/// # Errors
/// When a length does not fit.
pub fn max_pool<T: Float>(x: &[T], planes: usize, pool: &Pool, y: &mut [T], index: &mut [i64]) -> Result<()> {
    const NAME: &str = "max_pool";
    check_len(NAME, "x", x.len(), planes * pool.input())?;
    check_len(NAME, "y", y.len(), planes * pool.output())?;
    check_len(NAME, "index", index.len(), y.len())?;
    let width = &pool.0[2];
    let outputs = (Rows::new(y, width.out), Rows::new(index, width.out));
    par::parts_mut(outputs, par::grain(width.out * pool.work()), |start, (y, index)| {
        let rows = y.data.chunks_mut(width.out).zip(index.data.chunks_mut(width.out));
        for (row, (y, index)) in rows.enumerate() {
            let (plane, windows) = pool.place(start + row);
            let x = &x[plane * pool.input()..(plane + 1) * pool.input()];
            for (o, (y, index)) in y.iter_mut().zip(index).enumerate() {
                (*y, *index) = largest(x, pool, windows, width.window(o));
            }
        }
    });
    Ok(())
}

#[inline(always)]
fn largest<T: Float>(x: &[T], pool: &Pool, windows: [Window; 2], w: Window) -> (T, i64) {
    let (mut best, mut place, mut empty) = (T::NEG_INFINITY, 0, true);
    pool.rows_of(
        windows,
        w,
        #[inline(always)]
        |row| {
            for at in row.step_by(w.step) {
                if x[at] > best || x[at].is_nan() || empty {
                    (best, place, empty) = (x[at], at, false);
                }
            }
        },
    );
    (best, place as i64)
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
            let (plane, windows) = pool.place(start + row);
            let x = &x[plane * pool.input()..(plane + 1) * pool.input()];
            for (o, y) in y.iter_mut().enumerate() {
                let w = width.window(o);
                let mut sum = T::ZERO;
                pool.rows_of(
                    windows,
                    w,
                    #[inline(always)]
                    |row| x[row].iter().for_each(|&x| sum += x),
                );
                *y = sum / weight(windows, w, divisor);
            }
        }
    });
    Ok(())
}

/// The gradient of [`avg_pool`]: each place gets its share of every window it lies in. `dx` is overwritten.
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
        for (plane, dx) in dx.chunks_mut(input).enumerate() {
            dx.fill(T::ZERO);
            let dy = &dy[(start + plane) * output..(start + plane + 1) * output];
            for (row, dy) in dy.chunks(width.out).enumerate() {
                let (_, windows) = pool.place(row);
                for (o, &dy) in dy.iter().enumerate() {
                    let w = width.window(o);
                    let share = dy / weight(windows, w, divisor);
                    pool.rows_of(
                        windows,
                        w,
                        #[inline(always)]
                        |row| dx[row].iter_mut().for_each(|dx| *dx += share),
                    );
                }
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
            // The last window of ceilMode reaches over the edge.
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
            let (want, places) = slow::max_pool(&wide(&x), planes, &pool);
            close(&y, &want, 0.0, "max");
            assert_eq!(index, places);
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
