//! What the parts that run one op share.

use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::ops::row::OpRow;
use crate::precision::Precision;
use crate::rng::Rng;
use crate::storage::{Buffer, Value};

/// What is known about an op before it runs, except its inputs.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub row: &'static OpRow,
    pub metas: &'a [Meta],
    pub attrs: &'a [f64],
    pub rng: Option<Rng>,
    pub precision: Precision,
}

/// Stores another buffer; returns the previous one.
pub(super) fn replace(target: &Value, buffer: Buffer) -> Result<Buffer> {
    let mut cell = target
        .storage
        .try_borrow_mut()
        .map_err(|_| Error::new(Code::Internal, "an operation reads the storage that it writes"))?;
    Ok(std::mem::replace(&mut *cell, buffer))
}
