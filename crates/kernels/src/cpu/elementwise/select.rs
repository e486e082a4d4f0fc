//! Selection between two operands.

use crate::cpu::broadcast::{Broadcast, Operand};
use crate::error::Result;
use crate::{isa, par};

/// `out = cond ≠ 0 ? a : b`, all three broadcasting over `shape`.
///
/// # Errors
/// As [`super::binary`].
pub fn where_<T: Copy + Send + Sync>(
    shape: &[usize],
    cond: Operand<'_, u8>,
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    out: &mut [T],
) -> Result<()> {
    let lens = [cond.values.len(), a.values.len(), b.values.len()];
    let plan = Broadcast::new("where", shape, [cond.strides, a.strides, b.strides], lens, out.len())?;
    let (cond, a, b) = (cond.values, a.values, b.values);
    par::flat_mut(out, |start, chunk| {
        isa::dispatch(
            #[inline(always)]
            || {
                plan.walk(
                    start,
                    chunk.len(),
                    #[inline(always)]
                    |range, [oc, oa, ob], strides| {
                        where_run(&cond[oc..], &a[oa..], &b[ob..], strides, &mut chunk[range]);
                    },
                )
            },
        )
    });
    Ok(())
}

#[inline(always)]
fn where_run<T: Copy>(cond: &[u8], a: &[T], b: &[T], strides: [usize; 3], out: &mut [T]) {
    if strides == [1, 1, 1] {
        for (((out, &c), &a), &b) in out.iter_mut().zip(cond).zip(a).zip(b) {
            *out = if c != 0 { a } else { b };
        }
        return;
    }
    let [sc, sa, sb] = strides;
    for (i, out) in out.iter_mut().enumerate() {
        *out = if cond[i * sc] != 0 { a[i * sa] } else { b[i * sb] };
    }
}
