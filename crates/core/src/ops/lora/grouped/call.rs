//! The inputs and attributes of a call.

use kernels::cpu::linear::Layout;

use super::super::super::linear::layout;
use super::segments::{Groups, groups};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::ops::attrs::AttrReader;

pub(super) const X: usize = 0;
pub(super) const WEIGHT: usize = 1;
pub(super) const BIAS: usize = 2;
/// The list of first factors, and of second ones: their bits in masks. The first tensor of A has the same number.
pub(super) const A: usize = 3;
pub(super) const B: usize = 4;
/// The hidden output for backward.
pub(super) const H: usize = 1;

pub(super) struct Options {
    pub groups: Groups,
    pub layout: Layout,
}

/// Reads the attributes of a call with `m` rows and `count` groups.
pub(super) fn options(mut attrs: AttrReader<'_>, m: usize, count: usize) -> Result<Options> {
    Ok(Options {
        groups: groups(&mut attrs, m, count)?,
        layout: layout(&mut attrs)?,
    })
}

/// The length of the lists of factors.
pub(super) fn count(lists: &[usize]) -> Result<usize> {
    if lists[A] == lists[B] {
        return Ok(lists[A]);
    }
    Err(Error::new(Code::Shape, "each adapter has two factors")
        .expected(format!("{} second factors, as there are first ones", lists[A]))
        .received(lists[B].to_string())
        .hint("pass A and B of the same adapters in the same order"))
}
