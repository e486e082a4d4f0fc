//! What the engine's tests share: an engine in the process, and sample calls of every op.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(missing_docs, reason = "helpers of tests")]

pub mod grads;
pub mod harness;
pub mod samples;
