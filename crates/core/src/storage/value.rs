//! A tensor as the executor sees it.

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

use super::buffer::{Buffer, Element};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::shape::Shape;

/// A tensor as the executor sees it. Clones share the storage (a reshape is an alias).
#[derive(Clone)]
pub struct Value {
    /// The shared buffer. One thread owns it, so a `RefCell` is enough, and it catches an operation that reads what it writes.
    pub storage: Rc<RefCell<Buffer>>,
    /// Sizes.
    pub shape: Shape,
    /// Element type.
    pub dtype: Dtype,
}

impl Value {
    /// A value that owns its buffer.
    pub fn new(buffer: Buffer, shape: Shape, dtype: Dtype) -> Self {
        Value {
            storage: Rc::new(RefCell::new(buffer)),
            shape,
            dtype,
        }
    }

    /// Shape and dtype.
    pub fn meta(&self) -> Meta {
        Meta::new(self.shape.clone(), self.dtype)
    }

    /// Units of its storage; see [`Dtype::units`].
    pub fn units(&self) -> usize {
        self.dtype.units(self.shape.numel())
    }

    /// The values, to read; blocks as bytes.
    ///
    /// # Errors
    /// [`Code::Internal`] when the buffer holds another type, which the shape rule of the operation should have refused.
    pub fn read<T: Element>(&self) -> Result<Ref<'_, [T]>> {
        let buffer = self.storage.try_borrow().map_err(|_| clash())?;
        let n = self.units();
        Ref::filter_map(buffer, |b| T::slice(b).and_then(|s| s.get(..n))).map_err(|_| {
            Error::new(
                Code::Internal,
                "a buffer does not match the dtype or shape of its tensor",
            )
            .received(format!("{} {}", self.dtype, self.shape))
        })
    }

    /// The values, to write. A mapped buffer is replaced before (`executor/changes.rs`).
    ///
    /// # Errors
    /// As [`Value::read`].
    pub fn write<T: Element>(&self) -> Result<RefMut<'_, [T]>> {
        let buffer = self.storage.try_borrow_mut().map_err(|_| clash())?;
        let n = self.units();
        RefMut::filter_map(buffer, |b| T::slice_mut(b).and_then(|s| s.get_mut(..n))).map_err(|_| {
            Error::new(Code::Internal, "this tensor cannot be written")
                .received(format!("{} {}", self.dtype, self.shape))
        })
    }

    /// The error of a change in place that failed, or of arguments that turned out to be wrong.
    pub fn failure(&self) -> Option<Error> {
        // What an interrupted operation writes is not read meanwhile.
        match &*self.storage.try_borrow().ok()? {
            Buffer::Failed(error) => Some((**error).clone()),
            Buffer::Candle(held) => held.doubts.iter().find_map(|doubt| doubt.error()),
            _ => None,
        }
    }

    /// Whether candle holds the values.
    pub fn is_candle(&self) -> bool {
        matches!(&*self.storage.borrow(), Buffer::Candle(_))
    }
}

fn clash() -> Error {
    Error::new(Code::Internal, "an operation reads the storage that it writes")
}
