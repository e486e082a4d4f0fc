//! Provoked panics, for tests. No export of the package reaches this.

use engine::ops::provoke::PROVOKED_PANIC;
use napi_derive::napi;

use crate::state::with;

/// For tests: queues an op that panics when it runs, on the executor's thread or on a compute thread. Returns its result, which fails.
#[napi(catch_unwind)]
pub fn provoke_panic(x: f64, compute_thread: bool) -> napi::Result<f64> {
    with(|state| {
        let attrs = [f64::from(u8::from(compute_thread))];
        let outputs = state.recorder.record(&PROVOKED_PANIC, &[x as u64], &attrs)?;
        state.recorder.flush();
        Ok(outputs[0] as f64)
    })
}
