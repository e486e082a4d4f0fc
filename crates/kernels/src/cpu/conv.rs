//! Convolutions as products with the columns of the input, a tile of columns at a time: the whole matrix is never stored.
//!
//! The split into tiles and tasks follows from the sizes alone, so the bits do not depend on the number of threads.

mod problem;

pub use problem::{Problem, SPATIAL};

use std::ops::Range;

use super::gemm::Product;
use super::scratch::with_scratch;
use crate::shared::{Shared, shared};
use crate::{Float, Result, par};

/// Elements of a tile of columns: 1 MiB of f32.
const TILE: usize = 1 << 18;

/// Approximate multiply-adds of one task.
const TASK_WORK: usize = 1 << 22;

/// Approximate rows of columns of one task of a gradient.
const GRADIENT_ROWS: usize = 288;

/// `y = x * w + bias`, a correlation as in every deep-learning library:
/// `y[n, o, p] = bias[o] + Σ w[o, i, t] · x[n, i, p · stride + t · dilation - pad]`.
///
/// Shapes: those of [`Problem`]; `bias` one value for each of the `groups · outer` channels.
///
/// # Errors
/// When a slice does not have the length of its shape. `y` is then untouched.
pub fn conv<T: Float>(p: &Problem, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) -> Result<()> {
    p.check("conv", x.len(), w.len(), y.len())?;
    let (rows, positions, inputs) = (p.inner * p.taps(), p.outputs(), p.inputs());
    let by_work = TASK_WORK / (p.outer * rows).max(1);
    let tile = tile_of(rows, positions).min(by_work.next_multiple_of(16).max(64));
    let tiles = positions.div_ceil(tile);
    // SAFETY: a task writes the positions of its tile in the channels of its group and image.
    let out = unsafe { shared(y.as_mut_ptr()) };
    tasks(p.batch * p.groups * tiles, p.outer * rows * tile, |task| {
        let (item, at) = (task / tiles, task % tiles * tile);
        let group = item % p.groups;
        let span = at..positions.min(at + tile);
        let image = &x[item * p.inner * inputs..][..p.inner * inputs];
        // SAFETY: item < batch · groups, and at < positions.
        let y = unsafe { out.get().add(item * p.outer * positions + at) };
        if let Some(bias) = bias {
            for (o, b) in bias[group * p.outer..][..p.outer].iter().enumerate() {
                // SAFETY: this task alone writes these positions of channel o.
                unsafe { std::slice::from_raw_parts_mut(y.add(o * positions), span.len()) }.fill(*b);
            }
        }
        let beta = if bias.is_some() { T::ONE } else { T::ZERO };
        let w = &w[group * p.outer * rows..][..p.outer * rows];
        with_columns(p, image, p.inner, &span, |columns, step| {
            // SAFETY: w is (outer, rows), the columns (rows, span), and this part of y belongs to this task.
            unsafe {
                Product {
                    m: p.outer,
                    k: rows,
                    n: span.len(),
                    a_strides: (rows, 1),
                    b_strides: (step, 1),
                    alpha: T::ONE,
                    beta,
                    c_rs: positions,
                }
                .run(w.as_ptr(), columns, y, false);
            }
        });
    });
    Ok(())
}

/// `dx`: the gradient of [`conv`] for x, and the forward of a transposed convolution.
///
/// # Errors
/// When a slice does not have the length of its shape. `dx` is then untouched.
pub fn conv_dx<T: Float>(p: &Problem, dy: &[T], w: &[T], dx: &mut [T]) -> Result<()> {
    p.check("conv_dx", dx.len(), w.len(), dy.len())?;
    dx.fill(T::ZERO);
    let (rows, positions, inputs, taps) = (p.inner * p.taps(), p.outputs(), p.inputs(), p.taps());
    let (block, blocks) = channel_blocks(p);
    let tile = tile_of(block * taps, positions);
    // SAFETY: a task writes the channels of its block in its image.
    let out = unsafe { shared(dx.as_mut_ptr()) };
    tasks(
        p.batch * p.groups * blocks,
        p.outer * rows * positions / blocks,
        |task| {
            let (item, first) = (task / blocks, task % blocks * block);
            let channels = block.min(p.inner - first);
            let w = &w[item % p.groups * p.outer * rows + first * taps..];
            // SAFETY: these channels of this image belong to this task.
            let dx = unsafe { own(out, (item * p.inner + first) * inputs, channels * inputs) };
            for at in (0..positions).step_by(tile) {
                let span = at..positions.min(at + tile);
                let dy = &dy[item * p.outer * positions + at..];
                with_scratch(channels * taps * span.len(), |columns: &mut [T]| {
                    // SAFETY: w seen from here is (outer, channels · taps) in rows `rows` apart, dy is (outer, span) in rows
                    // `positions` apart, and the columns are this thread's.
                    unsafe {
                        Product {
                            m: channels * taps,
                            k: p.outer,
                            n: span.len(),
                            a_strides: (1, rows),
                            b_strides: (positions, 1),
                            alpha: T::ONE,
                            beta: T::ZERO,
                            c_rs: span.len(),
                        }
                        .run(w.as_ptr(), dy.as_ptr(), columns.as_mut_ptr(), false);
                    }
                    p.scatter(columns, channels, &span, dx);
                });
            }
        },
    );
    Ok(())
}

/// `dw`: the gradient of [`conv`] for w, summed over images and positions.
///
/// # Errors
/// When a slice does not have the length of its shape. `dw` is then untouched.
pub fn conv_dw<T: Float>(p: &Problem, dy: &[T], x: &[T], dw: &mut [T]) -> Result<()> {
    p.check("conv_dw", x.len(), dw.len(), dy.len())?;
    dw.fill(T::ZERO);
    let (rows, positions, inputs, taps) = (p.inner * p.taps(), p.outputs(), p.inputs(), p.taps());
    let (block, blocks) = channel_blocks(p);
    let tile = tile_of(block * taps, positions);
    // SAFETY: a task writes the columns of its block in the rows of its group.
    let out = unsafe { shared(dw.as_mut_ptr()) };
    let work = p.batch * p.outer * rows * positions / blocks;
    tasks(p.groups * blocks, work, |task| {
        let (group, first) = (task / blocks, task % blocks * block);
        let channels = block.min(p.inner - first);
        // SAFETY: inside dw, as group < groups and first < inner.
        let dw = unsafe { out.get().add(group * p.outer * rows + first * taps) };
        for item in (0..p.batch).map(|image| image * p.groups + group) {
            let image = &x[(item * p.inner + first) * inputs..][..channels * inputs];
            for at in (0..positions).step_by(tile) {
                let span = at..positions.min(at + tile);
                let dy = &dy[item * p.outer * positions + at..];
                with_columns(p, image, channels, &span, |columns, step| {
                    // SAFETY: dy is (outer, span) in rows `positions` apart, the columns are read transposed, and this
                    // task alone writes the block of dw.
                    unsafe {
                        Product {
                            m: p.outer,
                            k: span.len(),
                            n: channels * taps,
                            a_strides: (positions, 1),
                            b_strides: (1, step),
                            alpha: T::ONE,
                            beta: T::ONE,
                            c_rs: rows,
                        }
                        .run(dy.as_ptr(), columns, dw, false);
                    }
                });
            }
        }
    });
    Ok(())
}

/// Calls `f` with the columns of one image at `positions` and the stride of their rows: x itself where it is the same.
fn with_columns<T: Float>(
    p: &Problem,
    image: &[T],
    channels: usize,
    positions: &Range<usize>,
    f: impl FnOnce(*const T, usize),
) {
    if p.is_pointwise() {
        return f(image[positions.start..].as_ptr(), p.inputs());
    }
    with_scratch(channels * p.taps() * positions.len(), |columns: &mut [T]| {
        p.gather(image, channels, positions, columns);
        f(columns.as_ptr(), positions.len());
    });
}

/// Positions of a tile of columns with this many rows.
fn tile_of(rows: usize, positions: usize) -> usize {
    (TILE / rows.max(1)).next_multiple_of(16).min(positions.max(1))
}

/// (channels in a block, blocks) of a gradient: about eight blocks for the threads, none above [`GRADIENT_ROWS`].
fn channel_blocks(p: &Problem) -> (usize, usize) {
    let block = (GRADIENT_ROWS / p.taps()).min(p.inner.div_ceil(8)).max(1);
    (block, p.inner.div_ceil(block))
}

/// Runs tasks `0..n`, several at a time on one thread when they are small.
fn tasks(n: usize, work: usize, f: impl Fn(usize) + Sync) {
    par::for_rows(n, (par::INLINE_WORK / work.max(1)).max(1), |range| range.for_each(&f));
}

/// A part of the shared output.
///
/// # Safety
/// The part is inside the output and no other task touches it.
unsafe fn own<'a, T>(out: Shared<*mut T>, start: usize, len: usize) -> &'a mut [T] {
    // SAFETY: the caller promises it.
    unsafe { std::slice::from_raw_parts_mut(out.get().add(start), len) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::conv as reference;
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    /// A problem from the arguments of a user.
    fn problem(
        sizes: [usize; 4],
        input: [usize; 3],
        kernel: [usize; 3],
        stride: [usize; 3],
        pads: [[usize; 2]; 3],
        dilation: [usize; 3],
    ) -> Problem {
        let [batch, groups, inner, outer] = sizes;
        let output =
            [0, 1, 2].map(|d| (input[d] + pads[d][0] + pads[d][1] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1);
        Problem {
            batch,
            groups,
            inner,
            outer,
            input,
            kernel,
            output,
            stride,
            pad: pads.map(|pad| pad[0]),
            dilation,
        }
    }

    fn problems() -> Vec<Problem> {
        let none = [[0, 0]; 3];
        vec![
            problem(
                [2, 1, 3, 4],
                [1, 7, 9],
                [1, 3, 3],
                [1; 3],
                [[0, 0], [1, 1], [1, 1]],
                [1; 3],
            ),
            problem(
                [1, 2, 3, 5],
                [1, 9, 8],
                [1, 3, 2],
                [1, 2, 3],
                [[0, 0], [2, 0], [0, 3]],
                [1, 2, 1],
            ),
            problem(
                [3, 1, 17, 9],
                [1, 1, 33],
                [1, 1, 5],
                [1, 1, 2],
                [[0, 0], [0, 0], [4, 1]],
                [1, 1, 3],
            ),
            problem(
                [2, 1, 2, 3],
                [4, 5, 6],
                [2, 3, 2],
                [2, 1, 1],
                [[1, 1], [0, 2], [1, 0]],
                [1, 1, 2],
            ),
            problem([2, 2, 8, 8], [1, 6, 5], [1, 1, 1], [1; 3], none, [1; 3]),
            problem(
                [2, 6, 1, 1],
                [1, 8, 8],
                [1, 3, 3],
                [1, 2, 2],
                [[0, 0], [1, 1], [1, 1]],
                [1; 3],
            ),
            problem(
                [1, 1, 2, 2],
                [1, 2, 2],
                [1, 1, 1],
                [1; 3],
                [[0, 0], [3, 3], [2, 5]],
                [1; 3],
            ),
            problem([0, 1, 2, 2], [1, 4, 4], [1, 3, 3], [1; 3], none, [1; 3]),
            problem(
                [1, 1, 40, 70],
                [1, 40, 41],
                [1, 3, 3],
                [1; 3],
                [[0, 0], [1, 1], [1, 1]],
                [1; 3],
            ),
        ]
    }

    fn meets_twin<T: Float>(p: &Problem) {
        let [nx, nw, ny] = p.lengths();
        let (x, w, dy) = (values::<T>(nx, 1), values::<T>(nw, 2), values::<T>(ny, 3));
        let bias = values::<T>(p.groups * p.outer, 4);
        let mut y = vec![T::NAN; ny];
        conv(p, &x, &w, None, &mut y).unwrap();
        close(
            &y,
            &reference::conv(p, &wide(&x), &wide(&w), None),
            1e-4,
            &format!("{p:?}"),
        );
        conv(p, &x, &w, Some(&bias), &mut y).unwrap();
        let want = reference::conv(p, &wide(&x), &wide(&w), Some(&wide(&bias)));
        close(&y, &want, 1e-4, &format!("{p:?} with bias"));
        let (mut dx, mut dw) = (vec![T::NAN; nx], vec![T::NAN; nw]);
        conv_dx(p, &dy, &w, &mut dx).unwrap();
        close(
            &dx,
            &reference::conv_dx(p, &wide(&dy), &wide(&w)),
            1e-4,
            &format!("dx {p:?}"),
        );
        conv_dw(p, &dy, &x, &mut dw).unwrap();
        close(
            &dw,
            &reference::conv_dw(p, &wide(&dy), &wide(&x)),
            1e-4,
            &format!("dw {p:?}"),
        );
    }

    #[test]
    fn conv_and_gradients_meet_their_twins_on_all_sets() {
        each_isa(|_| {
            for p in problems() {
                meets_twin::<f32>(&p);
                meets_twin::<f64>(&p);
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        each_isa(|_| {
            for p in problems() {
                let [nx, nw, ny] = p.lengths();
                let (x, w, dy) = (values::<f32>(nx, 1), values::<f32>(nw, 2), values::<f32>(ny, 3));
                same_for_any_thread_count(|| {
                    let (mut y, mut dx, mut dw) = (vec![0.0; ny], vec![0.0; nx], vec![0.0; nw]);
                    conv(&p, &x, &w, None, &mut y).unwrap();
                    conv_dx(&p, &dy, &w, &mut dx).unwrap();
                    conv_dw(&p, &dy, &x, &mut dw).unwrap();
                    [y, dx, dw].concat()
                });
            }
        });
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let p = problems()[0];
        let [nx, nw, ny] = p.lengths();
        let (x, w, mut y) = (vec![0f32; nx], vec![0f32; nw], vec![0f32; ny]);
        assert!(conv(&p, &x[1..], &w, None, &mut y).is_err());
        assert!(conv(&p, &x, &w[1..], None, &mut y).is_err());
        assert!(conv(&p, &x, &w, None, &mut y[1..]).is_err());
    }
}
