//! Where the windows of a pool lie.

use std::ops::Range;

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

    /// Calls `f(outputs, place, step)` for each place of the windows, in order: output `outputs.start + i` reads place
    /// `place + i · step`. Every window sees its own places from first to last.
    #[inline(always)]
    fn taps(&self, mut f: impl FnMut(Range<usize>, usize, usize)) {
        match self.windows {
            Windows::Adaptive => {
                for o in 0..self.out {
                    let window = self.window(o);
                    (window.start..window.start + window.count).for_each(|place| f(o..o + 1, place, 1));
                }
            }
            Windows::Sliding {
                kernel,
                stride,
                padding,
                dilation,
                ..
            } => {
                // Places of a window before this one lie in the padding for every output.
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
    /// Places of an input plane.
    pub fn input(&self) -> usize {
        self.0.iter().map(|axis| axis.size).product()
    }

    /// Places of an output plane.
    pub fn output(&self) -> usize {
        self.0.iter().map(|axis| axis.out).product()
    }

    /// Element operations of one output.
    pub(super) fn work(&self) -> usize {
        self.0.iter().map(Axis::reach).product()
    }

    /// Plane and windows of depth and height of an output row.
    pub(super) fn place(&self, row: usize) -> (usize, [Window; 2]) {
        let [d, h, _] = &self.0;
        let (plane, depth, height) = (row / (d.out * h.out), row / h.out % d.out, row % h.out);
        (plane, [d.window(depth), h.window(height)])
    }

    /// Flat place in the plane of the first column of a row of places.
    pub(super) fn row_start(&self, depth: usize, height: usize) -> usize {
        (depth * self.0[1].size + height) * self.0[2].size
    }

    /// As [`Axis::taps`], for the windows of an output row and flat places of the plane.
    #[inline(always)]
    pub(super) fn taps(&self, [d, h]: [Window; 2], mut f: impl FnMut(Range<usize>, usize, usize)) {
        for i in 0..d.count {
            for j in 0..h.count {
                let row = self.row_start(d.start + i * d.step, h.start + j * h.step);
                self.0[2].taps(
                    #[inline(always)]
                    |outputs, place, step| f(outputs, row + place, step),
                );
            }
        }
    }
}
