//! The check of all steps with moments.

use crate::error::{Result, check_len};

/// Checks that gradient and moments are as long as the parameter.
pub(super) fn check_moments<T>(kernel: &'static str, p: &[T], g: &[T], m: &[T], v: &[T]) -> Result<()> {
    check_len(kernel, "g", g.len(), p.len())?;
    check_len(kernel, "m", m.len(), p.len())?;
    check_len(kernel, "v", v.len(), p.len())
}
