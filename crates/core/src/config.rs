//! How the engine runs.

use std::path::PathBuf;

use crate::device::Device;

/// How the engine runs; fixed when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where ops run.
    pub device: Device,
    /// Run every op through its candle twin.
    pub candle: bool,
    /// Compute threads.
    pub threads: usize,
    /// Debug level, see docs/env.md.
    pub debug: u8,
    /// How much is printed: 1 what runs, 2 each step, 3 each op.
    pub log: u8,
    /// Where a timeline is written.
    pub trace: Option<PathBuf>,
    /// How the compute threads share the cores.
    pub priority: Priority,
}

/// How compute threads share the cores with the event loop and with other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// As all others.
    Normal,
    /// Below the event loop, which does not wait for them; beside busy programs they get a smaller share, and go on.
    Low,
    /// They take what all others leave, which beside busy programs is nothing.
    Idle,
}
