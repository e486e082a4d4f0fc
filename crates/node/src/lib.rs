//! N-API: converts, enqueues, maps errors. Nothing here computes.
//!
//! Every export is guarded against panics (`catch_unwind`): without the guard a panic would end Node.

mod allocator;
mod cuda;
mod engine_api;
mod error;
mod files;
mod gguf;
mod grad;
mod guard;
mod host;
mod provoke;
mod state;
mod tensor;
mod tokenizer;
mod tokenizer_rows;
