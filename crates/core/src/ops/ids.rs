//! Indexes that a twin reads.

use candle_core::Tensor;

use super::context::Twin;
use super::twins::number;
use crate::error::Result;

/// Input `i` as indexes from 0 to `n - 1`. One outside is an error, as of the kernels, though not at once: candle does not check on CUDA, and asking the device
/// for each op would make it wait.
///
/// # Errors
/// candle's.
pub fn checked_ids(twin: &Twin<'_>, i: usize, n: usize) -> Result<Tensor> {
    let (ids, name) = (twin.tensor(i).clone(), twin.signature.name);
    if ids.elem_count() == 0 {
        return Ok(ids);
    }
    let (first, last) = (number(&ids, 0.0)?, number(&ids, n as f64 - 1.0)?);
    let bad = (ids.broadcast_lt(&first)? + ids.broadcast_gt(&last)?)?;
    let safe = ids
        .broadcast_maximum(&first)?
        .broadcast_minimum(&last.broadcast_maximum(&first)?)?;
    twin.forbid(bad, move || {
        let ids = ids.flatten_all()?.to_vec1::<i64>()?;
        Ok(kernels::cpu::index::check_ids(name, &ids, n)?)
    });
    Ok(safe)
}
