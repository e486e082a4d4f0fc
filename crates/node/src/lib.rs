//! N-API: converts, enqueues, maps errors. Nothing here computes.
//!
//! Every export is guarded against panics (`catch_unwind`): without the guard a panic would end Node.

mod engine_api;
mod error;
mod files;
mod grad;
mod guard;
mod host;
mod provoke;
mod state;
mod tensor;
mod tokenizer;

/// candle and the pools allocate through it: no page faults on each step, memory given back when idle.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

unsafe extern "C" {
    // Part of the library that the mimalloc crate links; the crate itself does not name it.
    fn mi_collect(force: bool);
}

/// Gives what the calling thread freed back to the system, not only to the allocator.
fn collect() {
    // SAFETY: it may be called at any time, by any thread.
    unsafe { mi_collect(true) }
}
