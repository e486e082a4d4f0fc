//! Shapes, and rules that many operations share.

use std::fmt;

use smallvec::SmallVec;

use crate::code::Code;
use crate::error::{Error, Result};

/// Sizes of the dimensions, outermost first. Tensors are row-major and contiguous.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 5]>);

impl Shape {
    /// A shape from its sizes.
    pub fn new(dims: &[usize]) -> Self {
        Shape(SmallVec::from_slice(dims))
    }

    /// The sizes.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements. Recorded shapes have been checked for overflow.
    pub fn numel(&self) -> usize {
        self.0.iter().product()
    }

    /// Number of elements, or `None` when it does not fit.
    pub fn checked_numel(dims: &[usize]) -> Option<usize> {
        dims.iter()
            .try_fold(1usize, |n, d| n.checked_mul(*d))
            .filter(|n| *n <= isize::MAX as usize / 8)
    }

    /// Size of the last dimension, 1 for a scalar.
    pub fn last(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// Product of all dimensions but the last.
    pub fn rows(&self) -> usize {
        self.0.iter().take(self.rank().saturating_sub(1)).product()
    }

    /// The same shape with another last dimension.
    pub fn with_last(&self, last: usize) -> Shape {
        let mut dims = self.0.clone();
        match dims.last_mut() {
            Some(d) => *d = last,
            None => dims.push(last),
        }
        Shape(dims)
    }

    /// Row-major strides in elements.
    pub fn strides(&self) -> SmallVec<[usize; 5]> {
        let mut strides: SmallVec<[usize; 5]> = SmallVec::from_elem(1, self.rank());
        for i in (0..self.rank().saturating_sub(1)).rev() {
            strides[i] = strides[i + 1] * self.0[i + 1];
        }
        strides
    }

    /// Strides that read this shape broadcast to `target`: 0 along broadcast dimensions.
    ///
    /// The shapes must have passed [`broadcast`].
    pub fn broadcast_strides(&self, target: &Shape) -> SmallVec<[usize; 5]> {
        let own = self.strides();
        let lead = target.rank() - self.rank();
        (0..target.rank())
            .map(|i| {
                if i < lead || self.0[i - lead] == 1 {
                    0
                } else {
                    own[i - lead]
                }
            })
            .collect()
    }

    /// `dim` counted from the end when negative.
    ///
    /// # Errors
    /// [`Code::Index`] when the shape has no such dimension.
    pub fn dim(&self, dim: f64) -> Result<usize> {
        let rank = self.rank().max(1) as f64;
        if dim.fract() != 0.0 || dim >= rank || dim < -rank {
            return Err(Error::new(Code::Index, "no such dimension")
                .expected(format!("an integer from {} to {}", -rank, rank - 1.0))
                .received(format!("{dim} for a tensor of shape {self}"))
                .hint("dimensions count from 0, or from the end when negative"));
        }
        Ok(if dim < 0.0 { (dim + rank) as usize } else { dim as usize })
    }

    /// Product of the dimensions before `dim`, its size, and the product of those after it.
    pub fn split_at(&self, dim: usize) -> (usize, usize, usize) {
        let outer = self.0.iter().take(dim).product();
        let inner = self.0.iter().skip(dim + 1).product();
        (outer, self.0.get(dim).copied().unwrap_or(1), inner)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, d) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{d}")?;
        }
        f.write_str(if self.rank() == 1 { ",)" } else { ")" })
    }
}

/// Sizes as the caller wrote them: `(2, -1)`.
pub fn show_sizes(numbers: &[f64]) -> String {
    let list: Vec<String> = numbers.iter().map(f64::to_string).collect();
    format!("({})", list.join(", "))
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Shape::new(dims)
    }
}

/// The shape that two operands broadcast to: sizes are aligned at the end, and 1 fits any size.
///
/// # Errors
/// [`Code::Shape`] naming the dimension that does not fit.
pub fn broadcast(a: &Shape, b: &Shape) -> Result<Shape> {
    let rank = a.rank().max(b.rank());
    let mut dims = SmallVec::from_elem(1, rank);
    for i in 0..rank {
        let x = if i + a.rank() >= rank {
            a.dims()[i + a.rank() - rank]
        } else {
            1
        };
        let y = if i + b.rank() >= rank {
            b.dims()[i + b.rank() - rank]
        } else {
            1
        };
        dims[i] = match (x, y) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => {
                return Err(Error::new(Code::Shape, "the shapes do not broadcast")
                    .expected(format!("equal sizes, or 1, in dimension {} from the end", rank - i))
                    .received(format!("{a} and {b}"))
                    .hint("sizes are aligned at the end; insert dimensions with unsqueeze, or transpose an operand"));
            }
        };
    }
    Ok(Shape(dims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_follows_numpy() {
        let s = |d: &[usize]| Shape::new(d);
        assert_eq!(broadcast(&s(&[2, 1, 4]), &s(&[3, 1])).expect("fits"), s(&[2, 3, 4]));
        assert_eq!(broadcast(&s(&[]), &s(&[0])).expect("fits"), s(&[0]));
        assert!(broadcast(&s(&[2]), &s(&[3])).is_err());
        assert_eq!(s(&[3, 1]).broadcast_strides(&s(&[2, 3, 4])).as_slice(), &[0, 1, 0]);
        assert_eq!(s(&[2, 3]).dim(-1.0).expect("exists"), 1);
        assert!(s(&[2, 3]).dim(2.0).is_err());
    }
}
