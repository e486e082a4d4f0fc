//! Whether there is room. Asked before anything large is allocated: a full machine is an error, not the end of the process.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::platform;

/// From this size on, the system is asked first. Smaller requests are summed up until they reach it.
pub const LARGE: u64 = 16 << 20;

/// What stays free beside every large request: for Node, and for the small allocations of everybody.
const MARGIN: u64 = 64 << 20;

/// How long an answer of the system counts.
const FRESH: Duration = Duration::from_millis(10);

/// Bytes that this process may use: the smallest of physical memory, the limits of its container, its resource limits and
/// `LORALIB_MEMORY_LIMIT`.
pub fn limit() -> u64 {
    static LIMIT: OnceLock<u64> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        // A value that means nothing is reported when the engine starts.
        let wanted = crate::env::memory_limit().ok().flatten();
        wanted.unwrap_or(u64::MAX).min(platform::memory_limit())
    })
}

/// How the allocator of the process gives freed memory back to the system.
static COLLECTOR: OnceLock<fn()> = OnceLock::new();

/// Names the function that makes the allocator give back what the calling thread freed. The first one counts.
pub fn set_collector(collect: fn()) {
    let _ = COLLECTOR.set(collect);
}

/// Freed memory goes back to the system, as far as the allocator can.
pub(super) fn collect() {
    if let Some(collect) = COLLECTOR.get() {
        collect();
    }
}

/// What may still be taken.
pub struct Room {
    limit: u64,
    margin: u64,
    address_limit: bool,
    /// Bytes of small requests since the system was asked.
    unasked: u64,
    /// When the system was asked, and what is left of its answer.
    free: Option<(Instant, u64)>,
}

impl Room {
    /// Room up to a limit.
    pub fn new(limit: u64) -> Self {
        let address_limit = platform::has_address_limit();
        // V8 ends the process when it cannot map its next 16 MB, and it maps them whenever it likes.
        let margin = if address_limit {
            (2 * MARGIN).min(limit / 16)
        } else {
            MARGIN.min(limit / 32)
        };
        Room {
            limit,
            margin,
            address_limit,
            unasked: 0,
            free: None,
        }
    }

    /// Whether `bytes` more may be taken beside the `held` ones.
    pub fn allows(&mut self, bytes: u64, held: u64) -> bool {
        if held.saturating_add(bytes) > self.limit {
            return false;
        }
        self.unasked = self.unasked.saturating_add(bytes);
        if self.unasked < LARGE {
            return true;
        }
        let Some((asked, free)) = self.ask() else { return true };
        if bytes.saturating_add(self.margin) > free {
            return false;
        }
        self.unasked = 0;
        self.free = Some((asked, free - bytes));
        true
    }

    /// Whether something is left after a large request was granted. Only a trial can say where the address space is limited.
    pub fn leaves_margin(&self, bytes: u64) -> bool {
        !self.address_limit || bytes < LARGE || platform::can_map(self.margin as usize)
    }

    /// Memory was given back: the last answer of the system counts no more.
    pub fn refresh(&mut self) {
        self.free = None;
    }

    /// The limit.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    fn ask(&self) -> Option<(Instant, u64)> {
        let now = Instant::now();
        match self.free {
            Some((asked, free)) if now.duration_since(asked) < FRESH => Some((asked, free)),
            _ => platform::available_memory().map(|free| (now, free)),
        }
    }
}

/// An empty vector with room for `n` elements on the host, outside the pool: copies, files.
///
/// # Errors
/// [`Code::Memory`] when the system has no room; nothing is aborted.
pub fn host_vec<T>(n: usize, what: &str) -> Result<Vec<T>> {
    let bytes = (n as u64).saturating_mul(size_of::<T>() as u64);
    let mut vec = Vec::new();
    let mut room = Room::new(limit());
    if room.allows(bytes, 0) && vec.try_reserve_exact(n).is_ok() && room.leaves_margin(bytes) {
        return Ok(vec);
    }
    Err(no_room(bytes, what))
}

/// A copy of bytes on the host.
///
/// # Errors
/// As [`host_vec`].
pub fn host_copy(bytes: &[u8], what: &str) -> Result<Vec<u8>> {
    let mut vec = host_vec(bytes.len(), what)?;
    for part in bytes.chunks(COPY_BYTES) {
        vec.extend_from_slice(part);
        kernels::pause::point();
    }
    Ok(vec)
}

/// A copy of bytes on the host, made by all compute threads: most of its time goes to memory that is touched for the first time. For one of them to call.
///
/// # Errors
/// As [`host_vec`].
pub fn shared_copy(bytes: &[u8], what: &str) -> Result<Vec<u8>> {
    let mut vec = host_vec(bytes.len(), what)?;
    let room = &mut vec.spare_capacity_mut()[..bytes.len()];
    kernels::par::rows_mut(room, 1, TASK_BYTES, |start, part| {
        let from = &bytes[start..start + part.len()];
        // SAFETY: both are of this length, and nobody else has the new memory.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), part.as_mut_ptr().cast::<u8>(), from.len()) };
    });
    // SAFETY: the parts cover the first `bytes.len()` bytes, and each has been written.
    unsafe { vec.set_len(bytes.len()) };
    Ok(vec)
}

/// Fails when a large copy that somebody else allocates, who cannot fail, has no room.
///
/// # Errors
/// [`Code::Memory`].
pub fn check_host(bytes: u64, what: &str) -> Result<()> {
    if bytes < MARGIN / 64 {
        return Ok(());
    }
    let mut room = Room::new(limit());
    let wanted = usize::try_from(bytes.saturating_add(MARGIN / 4)).unwrap_or(usize::MAX);
    if room.allows(bytes, 0) && platform::can_map(wanted) {
        return Ok(());
    }
    Err(no_room(bytes, what))
}

fn no_room(bytes: u64, what: &str) -> Error {
    let free = platform::available_memory().unwrap_or_else(limit);
    Error::new(Code::Memory, format!("the system has no room for {what}"))
        .expected(format!("at most {}, what is free", size(free)))
        .received(format!(
            "a request of {}; the limit of this process is {}",
            size(bytes),
            size(limit())
        ))
        .hint("dispose of tensors that are no longer needed, or work on smaller pieces")
}

/// Bytes that a copy moves between two pauses: a few milliseconds at most.
const COPY_BYTES: usize = 8 << 20;

/// Bytes that one task copies.
const TASK_BYTES: usize = 256 << 10;

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} bytes")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_and_asked_for_stays_below_the_limit() {
        let mut room = Room::new(100 << 20);
        assert!(room.allows(1 << 20, 99 << 20));
        assert!(!room.allows((1 << 20) + 1, 99 << 20));
        assert!(!room.allows(u64::MAX, 1));
    }

    #[test]
    fn more_than_the_machine_has_is_refused_before_it_is_allocated() {
        let Some(free) = platform::available_memory() else {
            return;
        };
        let mut room = Room::new(u64::MAX);
        assert!(!room.allows(free + (1 << 30), 0));
        assert!(room.allows(LARGE, 0));
        let error = host_vec::<u8>(usize::try_from(free).unwrap() + (1 << 30), "a test").expect_err("no room");
        assert_eq!(error.code(), Code::Memory);
        assert!(error.to_string().contains("GB"), "{error}");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(12), "12 bytes");
        assert_eq!(size(3 << 29), "1.5 GB");
    }
}
