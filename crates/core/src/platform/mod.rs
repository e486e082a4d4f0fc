//! The process and its operating system: memory limits, files, thread priority, stderr. Everything that differs between systems is here.

#[cfg(target_os = "linux")]
mod cgroup;
mod computing;
mod files;
mod lost_pages;
mod memory;
mod stderr;
mod threads;

pub use computing::Computing;
pub use files::{FileKey, drop_pages, file_key, hold, prefer_huge_pages, replace_file, reserve, sync_folder};
pub use lost_pages::Watched;
pub use memory::{available_memory, can_map, has_address_limit, memory_limit};
pub use stderr::say;
pub use threads::{lower_default_pool, lower_thread_priority, set_thread_priority};
