//! A doubt that waits to be read.

use std::rc::Rc;

use candle_core::Tensor;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::recorder::Position;
use crate::storage::Doubt;

/// Where an entry was recorded.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) path: u32,
    pub(super) stack: u64,
}

/// A doubt, and how it is settled.
pub(super) struct Pending {
    pub(super) doubt: Rc<Doubt>,
    /// One number on the device: not 0 when something is wrong.
    pub(super) flag: Tensor,
    pub(super) again: Box<dyn Fn() -> Result<()>>,
    pub(super) op: &'static str,
    pub(super) place: Place,
}

impl Pending {
    pub(super) fn explain(&self) -> Error {
        self.again().err().unwrap_or_else(|| {
            Error::new(Code::Index, "an index, label or weight was out of range")
                .expected("numbers in range, which nothing changes before they are used")
                .received("numbers that were changed since")
                .hint("change a tensor of ids or labels only after what was computed from it has been read")
        })
    }

    fn again(&self) -> Result<()> {
        (self.again)()
    }
}
