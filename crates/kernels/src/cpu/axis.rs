//! A tensor seen along one of its dimensions.

/// Sizes of a contiguous tensor (outer, n, inner) that a kernel works through along the middle dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisDims {
    /// Product of the sizes in front of the dimension.
    pub outer: usize,
    /// Size of the dimension.
    pub n: usize,
    /// Product of the sizes behind it.
    pub inner: usize,
}

impl AxisDims {
    /// Elements of the tensor.
    pub fn numel(self) -> usize {
        self.outer * self.n * self.inner
    }

    /// Lines along the dimension: elements of a tensor without it.
    pub fn lines(self) -> usize {
        self.outer * self.inner
    }
}
