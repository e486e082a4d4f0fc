//! The executor: one thread that owns storage, device and pool, and interprets the queues in order.

mod awake;
mod call;
mod changes;
mod doubts;
mod engine;
mod finite;
mod pending;
mod run;
mod schedule;
mod serve;
mod thread;
mod trace;
mod values;

pub use engine::Engine;
pub use thread::Executor;
