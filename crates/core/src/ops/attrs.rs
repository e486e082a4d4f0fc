//! How an op reads its attributes.

use smallvec::SmallVec;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// Reads attributes in the order of the table.
#[derive(Clone, Copy)]
pub struct AttrReader<'a>(pub &'a [f64]);

impl<'a> AttrReader<'a> {
    /// The next number.
    pub fn number(&mut self) -> f64 {
        let (first, rest) = self
            .0
            .split_first()
            .expect("the generated caller writes every attribute");
        self.0 = rest;
        *first
    }

    /// The next number, as a size.
    ///
    /// # Errors
    /// [`Code::Option`] when it is negative, not whole, or too large.
    pub fn size(&mut self) -> Result<usize> {
        let x = self.number();
        if x >= 0.0 && x.fract() == 0.0 && x <= 9_007_199_254_740_991.0 {
            return Ok(x as usize);
        }
        Err(
            Error::new(Code::Option, "a size must be a whole number that is not negative")
                .received(x.to_string())
                .expected("0, 1, 2 …")
                .hint("round it: Math.floor(n)"),
        )
    }

    /// The next boolean.
    pub fn bool(&mut self) -> bool {
        self.number() != 0.0
    }

    /// The next list of integers.
    pub fn dims(&mut self) -> &'a [f64] {
        self.numbers()
    }

    /// The next list of numbers.
    pub fn numbers(&mut self) -> &'a [f64] {
        let n = self.number() as usize;
        let (list, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        list
    }

    /// The next list, as a shape.
    ///
    /// # Errors
    /// [`Code::Shape`] for sizes that are not sizes, [`Code::Memory`] for more elements than can be addressed.
    pub fn shape(&mut self) -> Result<Shape> {
        let mut dims: SmallVec<[usize; 5]> = SmallVec::new();
        for &d in self.dims() {
            if d < 0.0 || d.fract() != 0.0 || d > 9_007_199_254_740_991.0 {
                return Err(
                    Error::new(Code::Shape, "a size must be a whole number that is not negative")
                        .received(d.to_string())
                        .expected("0, 1, 2 …")
                        .hint("round it with Math.floor(n); only reshape() takes a -1"),
                );
            }
            dims.push(d as usize);
        }
        if Shape::checked_numel(&dims).is_none() {
            return Err(Error::new(Code::Memory, "a tensor of this shape cannot exist")
                .received(format!("{:?}", dims.as_slice()))
                .expected("a shape whose elements can be counted")
                .hint("use smaller sizes"));
        }
        Ok(Shape::new(&dims))
    }

    /// The next dtype.
    ///
    /// # Errors
    /// [`Code::Dtype`] for an unknown number.
    pub fn dtype(&mut self) -> Result<Dtype> {
        Dtype::from_number(self.number())
    }
}
