//! Counts of the engine's memory, readable from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that recorder and executor read.
#[derive(Default)]
pub struct Counters {
    /// Bytes of live CPU buffers (pooled buffers in use).
    pub live_bytes: AtomicU64,
    /// The highest value of `live_bytes` so far.
    pub peak_bytes: AtomicU64,
    /// Bytes of the elements in live buffers: `live_bytes` without the rounding up to a size class.
    pub number_bytes: AtomicU64,
    /// Bytes of values in mapped files.
    pub mapped_bytes: AtomicU64,
    /// Bytes that the pool keeps for reuse.
    pub pool_bytes: AtomicU64,
    /// Streams, and positions that they wait for, which the executor has looked at.
    pub looked: AtomicU64,
    /// How often the host has waited for what a device found out about ids, labels and weights.
    pub read_backs: AtomicU64,
    /// Values in the executor's table.
    pub live_values: AtomicU64,
}

impl Counters {
    /// `[live_bytes, number_bytes]` now.
    pub fn in_use(&self) -> [u64; 2] {
        [&self.live_bytes, &self.number_bytes].map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Restores what [`Counters::in_use`] returned.
    pub fn set_in_use(&self, [live, numbers]: [u64; 2]) {
        self.live_bytes.store(live, Ordering::Relaxed);
        self.number_bytes.store(numbers, Ordering::Relaxed);
    }
}
