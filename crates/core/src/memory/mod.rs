//! Memory: the pool of CPU buffers, the counters, and how much the process may use.

mod counters;
mod limit;
mod pool;

pub use counters::Counters;
pub use limit::{MemoryLimit, check_host, host_copy, host_vec, limit, set_collector, shared_copy, size};
pub use pool::{Pool, Pooled};
