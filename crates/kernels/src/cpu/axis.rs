//! The shape of a tensor along one of its dimensions.

/// Sizes of a contiguous tensor (outer, n, inner) that a kernel processes along the middle dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisDims {
    /// Product of the sizes before the dimension.
    pub outer: usize,
    /// Size of the dimension.
    pub n: usize,
    /// Product of the sizes after it.
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
