//! What differs between operating systems: memory limits and thread priority.

#[cfg(target_os = "linux")]
mod cgroup;
mod memory;
mod threads;

pub use memory::{available_memory, can_map, has_address_limit, memory_limit};
pub use threads::{lower_default_pool, lower_thread_priority};
