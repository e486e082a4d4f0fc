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
    /// Lower the priority of the compute threads below that of the event loop.
    pub nice: bool,
}
