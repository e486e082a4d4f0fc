//! One parallel loop over tensors of any sizes: large ones are cut into parts, small ones share a task.

use std::sync::{Mutex, PoisonError};

use kernels::par;

use crate::error::Result;

/// Elements of a part. A step reads a parameter, its gradient and two moments: four times 64 KiB in f32, which the second-level cache holds.
pub(super) const PART: usize = par::FLAT_CHUNK;

/// Runs all jobs in one parallel loop, which pauses as every long kernel does; a small total stays on this thread.
///
/// # Errors
/// The error of one of the jobs. The others have run too.
pub(super) fn each<J: Send>(
    jobs: &mut [J],
    elements: usize,
    run: impl Fn(&mut J) -> kernels::Result<()> + Sync,
) -> Result<()> {
    let average = elements / jobs.len().max(1);
    let together = if elements <= par::INLINE_WORK {
        jobs.len()
    } else {
        par::grain(average)
    };
    let failed = Mutex::new(None);
    par::rows_mut(jobs, 1, together, |_, jobs| {
        for job in jobs {
            if let Err(error) = run(job) {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
