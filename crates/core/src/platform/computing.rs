//! Whether the process is computing, for work that should not disturb it.

use std::sync::atomic::{AtomicUsize, Ordering};

static OPS: AtomicUsize = AtomicUsize::new(0);

/// A running op, anywhere in the process.
pub struct Computing(());

impl Computing {
    /// An op begins; it ends when the value is dropped.
    pub fn begin() -> Self {
        OPS.fetch_add(1, Ordering::Relaxed);
        Computing(())
    }

    /// Whether any op is running.
    pub fn is_active() -> bool {
        OPS.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        OPS.fetch_sub(1, Ordering::Relaxed);
    }
}
