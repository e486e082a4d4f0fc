//! The windows of a pool.

use std::ops::Range;

/// How one dimension is cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Size of the input.
    pub size: usize,
    /// Number of windows: size of the output.
    pub out: usize,
    /// How they are laid out.
    pub windows: Windows,
}

/// The windows of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// Window `o` has `kernel` positions, `dilation` apart, the first one at `o · stride − padding`.
    Sliding {
        /// Positions of a window.
        kernel: usize,
        /// From one window to the next.
        stride: usize,
        /// Padding before and after the input.
        padding: usize,
        /// From one position of a window to the next.
        dilation: usize,
        /// A mean counts the positions in the padding.
        count_padding: bool,
    },
    /// Window `o` is `⌊o·size/out⌋ .. ⌈(o+1)·size/out⌉`.
    Adaptive,
}

/// The part of a window that is inside the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First position.
    pub start: usize,
    /// Number of positions.
    pub count: usize,
    /// From one position to the next.
    pub step: usize,
    /// The divisor of a mean: `count`, or with the padding.
    pub weight: usize,
}

impl Axis {
    /// A dimension of size 1 with one window: stands for a missing dimension.
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
                let (padded, span) = (o * stride, step * (kernel - 1) + 1); // from the start of the padding
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

    /// Positions of the largest window.
    fn reach(&self) -> usize {
        match self.windows {
            Windows::Sliding { kernel, .. } => kernel.min(self.size),
            Windows::Adaptive => self.size.div_ceil(self.out.max(1)) + 1,
        }
    }

    /// Calls `f(outputs, first, step)` for each position of the windows, in order: output `outputs.start + i` reads position
    /// `first + i · step`. Every window reads its own positions from first to last.
    #[inline(always)]
    fn taps(&self, mut f: impl FnMut(Range<usize>, usize, usize)) {
        match self.windows {
            Windows::Adaptive => {
                for o in 0..self.out {
                    let window = self.window(o);
                    (window.start..window.start + window.count).for_each(|position| f(o..o + 1, position, 1));
                }
            }
            Windows::Sliding {
                kernel,
                stride,
                padding,
                dilation,
                ..
            } => {
                // Earlier positions of a window are in the padding for every output.
                let first = padding.saturating_sub((self.out - 1) * stride).div_ceil(dilation);
                for k in first..kernel {
                    let offset = k * dilation;
                    if offset >= self.size + padding {
                        break;
                    }
                    // Divisions only at the edges: rows may be short.
                    let low = if offset >= padding {
                        0
                    } else {
                        (padding - offset).div_ceil(stride)
                    };
                    let high = if (self.out - 1) * stride + offset < self.size + padding {
                        self.out
                    } else {
                        (self.size + padding - offset - 1) / stride + 1
                    };
                    if low < high {
                        f(low..high, low * stride + offset - padding, stride);
                    }
                }
            }
        }
    }
}

/// Depth, height and width; leading dimensions that are missing are [`Axis::ONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool(pub [Axis; 3]);

impl Pool {
    /// Size of an input plane.
    pub fn input(&self) -> usize {
        self.0.iter().map(|axis| axis.size).product()
    }

    /// Size of an output plane.
    pub fn output(&self) -> usize {
        self.0.iter().map(|axis| axis.out).product()
    }

    /// Element operations of one output.
    pub(super) fn work(&self) -> usize {
        self.0.iter().map(Axis::reach).product()
    }

    /// Plane and windows of depth and height of an output row.
    pub(super) fn row(&self, row: usize) -> (usize, [Window; 2]) {
        let [d, h, _] = &self.0;
        let (plane, depth, height) = (row / (d.out * h.out), row / h.out % d.out, row % h.out);
        (plane, [d.window(depth), h.window(height)])
    }

    /// Flat index in the plane of the first column of a row.
    pub(super) fn row_start(&self, depth: usize, height: usize) -> usize {
        (depth * self.0[1].size + height) * self.0[2].size
    }

    /// As [`Axis::taps`], for the windows of an output row and flat indices of the plane.
    #[inline(always)]
    pub(super) fn taps(&self, [d, h]: [Window; 2], mut f: impl FnMut(Range<usize>, usize, usize)) {
        for i in 0..d.count {
            for j in 0..h.count {
                let row = self.row_start(d.start + i * d.step, h.start + j * h.step);
                self.0[2].taps(
                    #[inline(always)]
                    |outputs, first, step| f(outputs, row + first, step),
                );
            }
        }
    }
}
