//! The geometry of a convolution, and its columns: the input values of each output position.

use std::ops::Range;

use crate::{Error, Float, Result, isa};

/// Spatial dimensions of the kernels.
pub const SPATIAL: usize = 3;

/// Sizes of a convolution `x (batch, groups · inner, *input)`, `w (groups · outer, inner, *kernel)` →
/// `y (batch, groups · outer, *output)`. A convolution of one or two dimensions has sizes 1 in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Images.
    pub batch: usize,
    /// Groups of channels, which are convolved separately.
    pub groups: usize,
    /// Input channels of a group.
    pub inner: usize,
    /// Output channels of a group.
    pub outer: usize,
    /// Spatial sizes of x.
    pub input: [usize; SPATIAL],
    /// Spatial sizes of the kernel.
    pub kernel: [usize; SPATIAL],
    /// Spatial sizes of y.
    pub output: [usize; SPATIAL],
    /// Steps between output positions.
    pub stride: [usize; SPATIAL],
    /// Zeros before x. How many follow after it results from the other sizes.
    pub pad: [usize; SPATIAL],
    /// Steps between kernel taps.
    pub dilation: [usize; SPATIAL],
}

impl Problem {
    /// Kernel taps.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Spatial positions of x.
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// Spatial positions of y.
    pub fn outputs(&self) -> usize {
        self.output.iter().product()
    }

    /// Elements of x, w and y.
    pub fn lengths(&self) -> [usize; 3] {
        let channels = self.groups * self.batch;
        [
            channels * self.inner * self.inputs(),
            self.groups * self.outer * self.inner * self.taps(),
            channels * self.outer * self.outputs(),
        ]
    }

    /// Whether the columns are x itself: one tap, no padding, nothing skipped.
    pub(super) fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.input == self.output && self.stride == [1; SPATIAL] && self.pad == [0; SPATIAL]
    }

    /// # Errors
    /// When a slice does not have the length of its sizes.
    pub(super) fn check(&self, kernel: &'static str, x: usize, w: usize, y: usize) -> Result<()> {
        let wanted = self.lengths();
        if [x, w, y] == wanted {
            return Ok(());
        }
        Err(Error::new(
            kernel,
            format!("x, w, y have {:?} values, expected {wanted:?}", [x, w, y]),
        ))
    }

    /// The index in x of a tap for an output position, along one dimension; `None` in the padding.
    #[inline(always)]
    fn index(&self, d: usize, out: usize, tap: usize) -> Option<usize> {
        let at = (out * self.stride[d] + tap * self.dilation[d]).checked_sub(self.pad[d])?;
        (at < self.input[d]).then_some(at)
    }

    /// The output positions in `from..to` along the last dimension whose tap is inside x.
    #[inline(always)]
    fn inside(&self, tap: usize, from: usize, to: usize) -> Range<usize> {
        let (stride, shift, pad, n) = (self.stride[2], tap * self.dilation[2], self.pad[2], self.input[2]);
        let first = pad.saturating_sub(shift).div_ceil(stride);
        let end = (n + pad).saturating_sub(shift).div_ceil(stride);
        let start = first.clamp(from, to);
        start..end.clamp(start, to)
    }

    /// Calls `f(row, column, span, line, tap)` for each piece of the columns that is inside one line of x: `row` is the row
    /// of the columns, `column` the first column of the piece, `span` its output positions along the last dimension, `line`
    /// the start of the line of x (`None` in the padding), `tap` the tap along the last dimension.
    #[inline(always)]
    fn pieces(
        &self,
        channels: usize,
        positions: &Range<usize>,
        mut f: impl FnMut(usize, usize, Range<usize>, Option<usize>, usize),
    ) {
        let [_, height, width] = self.output;
        let mut row = 0;
        for channel in 0..channels {
            for tap in 0..self.taps() {
                let (td, th, tw) = (
                    tap / (self.kernel[1] * self.kernel[2]),
                    tap / self.kernel[2] % self.kernel[1],
                    tap % self.kernel[2],
                );
                let mut at = positions.start;
                while at < positions.end {
                    let (line, from) = (at / width, at % width);
                    let to = width.min(from + positions.end - at);
                    let start = self
                        .index(0, line / height, td)
                        .zip(self.index(1, line % height, th))
                        .map(|(z, y)| ((channel * self.input[0] + z) * self.input[1] + y) * self.input[2]);
                    f(row, at - positions.start, from..to, start, tw);
                    at += to - from;
                }
                row += 1;
            }
        }
    }

    /// Writes the columns of `channels` channels of one image at output `positions`: (channels · taps, positions).
    pub(super) fn gather<T: Float>(&self, x: &[T], channels: usize, positions: &Range<usize>, columns: &mut [T]) {
        let tile = positions.len();
        isa::dispatch(
            #[inline(always)]
            || {
                self.pieces(channels, positions, |row, column, span, line, tap| {
                    let out = &mut columns[row * tile + column..][..span.len()];
                    let Some(line) = line else {
                        return out.fill(T::ZERO);
                    };
                    let inside = self.inside(tap, span.start, span.end);
                    let (before, out) = out.split_at_mut(inside.start - span.start);
                    let (out, behind) = out.split_at_mut(inside.len());
                    before.fill(T::ZERO);
                    behind.fill(T::ZERO);
                    if inside.is_empty() {
                        return;
                    }
                    let stride = self.stride[2];
                    let from = &x[line + inside.start * stride + tap * self.dilation[2] - self.pad[2]..];
                    if stride == 1 {
                        out.copy_from_slice(&from[..out.len()]);
                    } else {
                        out.iter_mut()
                            .zip(from.iter().step_by(stride))
                            .for_each(|(o, x)| *o = *x);
                    }
                });
            },
        );
    }

    /// Adds columns to the elements of x that they were read from.
    pub(super) fn scatter<T: Float>(&self, columns: &[T], channels: usize, positions: &Range<usize>, x: &mut [T]) {
        let tile = positions.len();
        isa::dispatch(
            #[inline(always)]
            || {
                self.pieces(channels, positions, |row, column, span, line, tap| {
                    let inside = self.inside(tap, span.start, span.end);
                    let Some(line) = line.filter(|_| !inside.is_empty()) else {
                        return;
                    };
                    let from = &columns[row * tile + column + inside.start - span.start..][..inside.len()];
                    let stride = self.stride[2];
                    let to = &mut x[line + inside.start * stride + tap * self.dilation[2] - self.pad[2]..];
                    if stride == 1 {
                        to.iter_mut().zip(from).for_each(|(x, c)| *x += *c);
                    } else {
                        to.iter_mut().step_by(stride).zip(from).for_each(|(x, c)| *x += *c);
                    }
                });
            },
        );
    }
}
