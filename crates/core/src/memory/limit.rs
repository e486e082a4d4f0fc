//! How much memory may still be allocated. It is checked before every large allocation: running out of memory is an error, not the end of the process.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::platform;

/// From this size on the system is asked first. Smaller requests are added up until they reach it.
pub const LARGE: u64 = 16 << 20;

/// What stays free beside every large request: for Node, and for small allocations that are not checked.
const MARGIN: u64 = 64 << 20;

/// How long an answer of the system is used.
const FRESH: Duration = Duration::from_millis(10);

/// The percentage of what is available that tensors may take by default. Node needs some of the rest, other programs grow, and a desktop that runs out of
/// memory ends whatever it likes.
const SHARE: u64 = 80;

/// How much the tensors of this process may take, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// The most bytes.
    pub bytes: u64,
    /// Bytes that were available when it was first asked for: what other programs leave of physical memory and of the container's limits, or a resource limit
    /// if that is less.
    pub available: u64,
    /// Whether `LORALIB_MEMORY_LIMIT` says it.
    pub is_set: bool,
}

impl MemoryLimit {
    /// From `LORALIB_MEMORY_LIMIT`, what the process may use at all, and what is free of it if the system tells.
    fn of(wanted: Option<u64>, most: u64, free: Option<u64>) -> Self {
        let available = free.unwrap_or(most).min(most);
        MemoryLimit {
            // One who asks for more than is free now may know that it will be.
            bytes: wanted.map_or(available / 100 * SHARE, |wanted| wanted.min(most)),
            available,
            is_set: wanted.is_some(),
        }
    }

    /// The limit of this process, found out once.
    pub fn get() -> &'static MemoryLimit {
        static LIMIT: OnceLock<MemoryLimit> = OnceLock::new();
        LIMIT.get_or_init(|| {
            // An invalid value is reported when the engine starts.
            let wanted = crate::env::memory_limit().ok().flatten();
            MemoryLimit::of(wanted, platform::memory_limit(), platform::available_memory())
        })
    }
}

/// Bytes that the tensors of this process may take.
pub fn limit() -> u64 {
    MemoryLimit::get().bytes
}

/// What an error says about how to get more.
pub(super) fn how_to_raise() -> &'static str {
    if MemoryLimit::get().is_set {
        ""
    } else {
        "; the limit is 80 % of what was available at the start, and LORALIB_MEMORY_LIMIT sets another one"
    }
}

/// Makes the allocator of the process return freed memory to the system.
static COLLECTOR: OnceLock<fn()> = OnceLock::new();

/// Sets the function that makes the allocator return what the calling thread freed. Only the first call has an effect.
pub fn set_collector(collect: fn()) {
    let _ = COLLECTOR.set(collect);
}

/// Returns freed memory to the system, as far as the allocator can.
pub(super) fn collect() {
    if let Some(collect) = COLLECTOR.get() {
        collect();
    }
}

/// What may still be allocated.
pub struct Headroom {
    limit: u64,
    margin: u64,
    address_limit: bool,
    /// Bytes of small requests since the system was last asked.
    unasked: u64,
    /// When the system was last asked, and what is left of its answer.
    free: Option<(Instant, u64)>,
}

impl Headroom {
    /// The headroom below a limit.
    pub fn new(limit: u64) -> Self {
        let address_limit = platform::has_address_limit();
        // V8 ends the process when it cannot map its next 16 MB, and that may be at any time.
        let margin = if address_limit {
            (2 * MARGIN).min(limit / 16)
        } else {
            MARGIN.min(limit / 32)
        };
        Headroom {
            limit,
            margin,
            address_limit,
            unasked: 0,
            free: None,
        }
    }

    /// Whether `bytes` more may be allocated beside the `held` ones.
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

    /// Whether the margin is still free after a large request. Where the address space is limited, only a trial can tell.
    pub fn leaves_margin(&self, bytes: u64) -> bool {
        !self.address_limit || bytes < LARGE || platform::can_map(self.margin as usize)
    }

    /// Memory was freed: the last answer of the system is no longer used.
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

/// An empty vector with capacity for `n` elements on the host, outside the pool: copies, files.
///
/// # Errors
/// [`Code::Memory`] when there is not enough memory; the process goes on.
pub fn host_vec<T>(n: usize, what: &str) -> Result<Vec<T>> {
    let bytes = (n as u64).saturating_mul(size_of::<T>() as u64);
    let mut vec = Vec::new();
    let mut headroom = Headroom::new(limit());
    if headroom.allows(bytes, 0) && vec.try_reserve_exact(n).is_ok() && headroom.leaves_margin(bytes) {
        return Ok(vec);
    }
    Err(out_of_memory(bytes, what))
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

/// A copy of bytes on the host, made by all compute threads, because touching fresh memory takes most of the time. Called on one of them.
///
/// # Errors
/// As [`host_vec`].
pub fn shared_copy(bytes: &[u8], what: &str) -> Result<Vec<u8>> {
    let mut vec = host_vec(bytes.len(), what)?;
    let spare = &mut vec.spare_capacity_mut()[..bytes.len()];
    kernels::par::rows_mut(spare, 1, TASK_BYTES, |start, part| {
        let from = &bytes[start..start + part.len()];
        // SAFETY: both are of this length, and nobody else has the new memory.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), part.as_mut_ptr().cast::<u8>(), from.len()) };
    });
    // SAFETY: the parts cover the first `bytes.len()` bytes, and each has been written.
    unsafe { vec.set_len(bytes.len()) };
    Ok(vec)
}

/// Fails when there is not enough memory for a large copy that is allocated elsewhere, where running out of memory cannot be handled.
///
/// # Errors
/// [`Code::Memory`].
pub fn check_host(bytes: u64, what: &str) -> Result<()> {
    if bytes < MARGIN / 64 {
        return Ok(());
    }
    let mut headroom = Headroom::new(limit());
    let wanted = usize::try_from(bytes.saturating_add(MARGIN / 4)).unwrap_or(usize::MAX);
    if headroom.allows(bytes, 0) && platform::can_map(wanted) {
        return Ok(());
    }
    Err(out_of_memory(bytes, what))
}

fn out_of_memory(bytes: u64, what: &str) -> Error {
    let free = platform::available_memory().unwrap_or_else(limit);
    Error::new(Code::Memory, format!("not enough memory for {what}"))
        .expected(format!("at most {}, which is what is free", size(free)))
        .received(format!(
            "a request of {}; the limit of this process is {}",
            size(bytes),
            size(limit())
        ))
        .hint(format!(
            "dispose of tensors that are no longer needed, or work on smaller pieces{}",
            how_to_raise()
        ))
}

/// Bytes that a copy moves between two pauses: a few milliseconds at most.
const COPY_BYTES: usize = 8 << 20;

/// Bytes that one task copies.
const TASK_BYTES: usize = 256 << 10;

/// A size for people to read.
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
    fn the_default_is_a_share_of_what_is_available_and_a_wish_is_bounded_by_what_there_is() {
        let limit = |wanted, most, free| {
            let MemoryLimit { bytes, available, .. } = MemoryLimit::of(wanted, most, free);
            (bytes, available)
        };
        assert_eq!(limit(None, 10_000, Some(5000)), (4000, 5000));
        // The container's limit, a resource limit, or a machine that does not tell what is free.
        assert_eq!(limit(None, 1000, Some(5000)), (800, 1000));
        assert_eq!(limit(None, 1000, None), (800, 1000));
        assert_eq!(limit(Some(6000), 10_000, Some(5000)), (6000, 5000));
        assert_eq!(limit(Some(600), 10_000, Some(5000)), (600, 5000));
        assert_eq!(limit(Some(u64::MAX), 10_000, Some(5000)), (10_000, 5000));
        assert!(MemoryLimit::of(Some(1), 2, None).is_set && !MemoryLimit::of(None, 2, None).is_set);
    }

    #[test]
    fn held_and_requested_bytes_stay_below_the_limit() {
        let mut headroom = Headroom::new(100 << 20);
        assert!(headroom.allows(1 << 20, 99 << 20));
        assert!(!headroom.allows((1 << 20) + 1, 99 << 20));
        assert!(!headroom.allows(u64::MAX, 1));
    }

    #[test]
    fn more_than_the_machine_has_is_refused_before_it_is_allocated() {
        if platform::available_memory().is_none() {
            return;
        }
        // More than can ever be free: what is free changes with the programs beside this one.
        let more = platform::memory_limit() + (1 << 30);
        let mut headroom = Headroom::new(u64::MAX);
        assert!(!headroom.allows(more, 0));
        assert!(headroom.allows(LARGE, 0));
        let error = host_vec::<u8>(usize::try_from(more).unwrap(), "a test").expect_err("too large");
        assert_eq!(error.code(), Code::Memory);
        assert!(error.to_string().contains("GB"), "{error}");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(12), "12 bytes");
        assert_eq!(size(3 << 29), "1.5 GB");
    }
}
