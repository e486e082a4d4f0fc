//! What is known about a tensor without its values.

use smallvec::SmallVec;

use crate::dtype::Dtype;
use crate::shape::Shape;

/// Id of a tensor; 0 means none.
pub type Id = u64;

/// Shape and dtype of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Sizes.
    pub shape: Shape,
    /// Element type.
    pub dtype: Dtype,
}

impl Meta {
    /// A pair of both.
    pub fn new(shape: Shape, dtype: Dtype) -> Self {
        Meta { shape, dtype }
    }

    /// Size of its values in bytes.
    pub fn bytes(&self) -> u64 {
        self.dtype.units(self.shape.numel()).saturating_mul(self.dtype.size()) as u64
    }
}

/// The outputs that a shape rule promises.
pub type Metas = SmallVec<[Meta; 3]>;
