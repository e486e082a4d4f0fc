//! The recorder: checks, ids, tape and random counters on the caller's thread. Works on metadata only and never waits.

mod checks;
mod entry;
mod ids;
mod modes;
mod progress;
mod queue;
mod record;
mod tensors;
mod uses;
mod values;

pub use entry::{Command, Entry, HostBytes, HostTensor, Link, Message, Reply, Source};
pub use progress::{Position, Progress, StreamId};
pub use record::{Generator, Limits, Recorder};
pub use values::{Dead, Kind, StorageMeta, Values};
