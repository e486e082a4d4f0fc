//! The pool of CPU buffers, and what the process may use.

mod room;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use half::{bf16, f16};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::storage::{Buffer, Element, Window};

use room::Room;
pub use room::{check_host, host_copy, host_vec, limit, set_collector, shared_copy, size};

/// Counters that both halves of the engine read.
#[derive(Default)]
pub struct Counters {
    /// Bytes of live CPU buffers (pooled buffers in use).
    pub live_bytes: AtomicU64,
    /// The largest that `live_bytes` has been.
    pub peak_bytes: AtomicU64,
    /// Bytes of the numbers in live buffers: `live_bytes` without what rounding up to a size class adds.
    pub number_bytes: AtomicU64,
    /// Bytes of numbers that lie in mapped files.
    pub mapped_bytes: AtomicU64,
    /// Bytes that the pool keeps for reuse.
    pub pool_bytes: AtomicU64,
    /// Values in the executor's table.
    pub live_values: AtomicU64,
}

impl Counters {
    /// `[live_bytes, number_bytes]` now.
    pub fn in_use(&self) -> [u64; 2] {
        [&self.live_bytes, &self.number_bytes].map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Sets what [`Counters::in_use`] gave.
    pub fn set_in_use(&self, [live, numbers]: [u64; 2]) {
        self.live_bytes.store(live, Ordering::Relaxed);
        self.number_bytes.store(numbers, Ordering::Relaxed);
    }
}

/// Free buffers of one element type by capacity, each with the tick at which it was shelved; of one capacity, the oldest first.
type Shelf<T> = BTreeMap<usize, Vec<(u64, Vec<T>)>>;

/// Buffers for reuse, by size class: no page faults on each step, and no zero-fill of a recycled buffer.
pub struct Pool {
    counters: Arc<Counters>,
    room: Room,
    f32: Shelf<f32>,
    f64: Shelf<f64>,
    bf16: Shelf<bf16>,
    f16: Shelf<f16>,
    i64: Shelf<i64>,
    u8: Shelf<u8>,
    budget: u64,
    /// The largest that live bytes have been.
    most_live: u64,
    /// Buffers that were shelved so far.
    tick: u64,
    step: u64,
    /// Steps, each with the tick and the time when it was reached; the oldest first.
    marks: VecDeque<(u64, u64, Instant)>,
}

/// Steps and time after which an unused buffer goes back to the system: batches of changing length must not pile up one set of buffers for each
/// length. The time is for trainers beside others, whose every token counts as a step: what their next step needs is not given back meanwhile.
const KEEP_STEPS: u64 = 16;
const KEEP_TIME: Duration = Duration::from_secs(5);

/// Live bytes and the pool may take this many halves of the largest that live bytes have been. Batches of one length need 1.05 to 1.1 times as much in
/// the cases of the bench, since sizes are not all in use at the same moment; batches of changing length would leave buffers of sizes that do not come again for a while.
const MOST_HALVES: u64 = 3;

/// An element type that the pool keeps a shelf for.
pub trait Pooled: Element {
    #[doc(hidden)]
    fn shelf(pool: &mut Pool) -> &mut Shelf<Self>;
}

macro_rules! pooled {
    ($($type:ident),*) => {$(
        impl Pooled for $type {
            fn shelf(pool: &mut Pool) -> &mut Shelf<Self> {
                &mut pool.$type
            }
        }
    )*};
}
pooled!(f32, f64, bf16, f16, i64, u8);

/// What an expression gives for the shelf of each element type.
macro_rules! each_shelf {
    ($pool:ident, |$shelf:ident| $of:expr) => {
        each_shelf!($pool, $shelf, $of, f32, f64, bf16, f16, i64, u8)
    };
    ($pool:ident, $shelf:ident, $of:expr, $($type:ident),*) => {
        [$({
            let $shelf = &mut $pool.$type;
            $of
        }),*]
    };
}

impl Pool {
    /// An empty pool that keeps at most `budget` bytes for reuse.
    pub fn new(counters: Arc<Counters>, budget: u64) -> Self {
        Self::with_limit(counters, budget, limit())
    }

    /// The same, with a limit of its own for all that it hands out and keeps.
    pub fn with_limit(counters: Arc<Counters>, budget: u64, limit: u64) -> Self {
        Pool {
            counters,
            room: Room::new(limit),
            f32: Shelf::new(),
            f64: Shelf::new(),
            bf16: Shelf::new(),
            f16: Shelf::new(),
            i64: Shelf::new(),
            u8: Shelf::new(),
            budget,
            most_live: 0,
            tick: 0,
            step: 0,
            marks: VecDeque::new(),
        }
    }

    /// A vector of `n` elements with arbitrary content: every kernel overwrites its outputs.
    ///
    /// # Errors
    /// [`Code::Memory`] when the system has no room; nothing is aborted.
    pub fn take<T: Pooled>(&mut self, n: usize) -> Result<Vec<T>> {
        let class = size_class(n);
        let mut vec = match pop(T::shelf(self), class) {
            Some(vec) => {
                self.counters
                    .pool_bytes
                    .fetch_sub((vec.capacity() * size_of::<T>()) as u64, Ordering::Relaxed);
                vec
            }
            None => {
                self.make_way((class * size_of::<T>()) as u64);
                // Pages that come zeroed from the system are not written here, but by the threads that fill them.
                self.fresh(class, |n| bytemuck::allocation::try_zeroed_vec(n).ok())?
            }
        };
        vec.resize(n, T::default());
        let live = self
            .counters
            .live_bytes
            .fetch_add((vec.capacity() * size_of::<T>()) as u64, Ordering::Relaxed)
            + (vec.capacity() * size_of::<T>()) as u64;
        self.counters.peak_bytes.fetch_max(live, Ordering::Relaxed);
        self.most_live = self.most_live.max(live);
        self.counters
            .number_bytes
            .fetch_add((n * size_of::<T>()) as u64, Ordering::Relaxed);
        Ok(vec)
    }

    /// Fails when working memory of this size, which is not the pool's, has no room.
    ///
    /// # Errors
    /// [`Code::Memory`].
    pub fn check_room(&mut self, bytes: u64) -> Result<()> {
        // The trial's memory is never touched, so it costs nothing but its place.
        let untouched = |n| {
            let mut vec: Vec<u8> = Vec::new();
            vec.try_reserve_exact(n).ok().map(|()| vec)
        };
        let n = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.fresh(n, untouched).map(|_| ())
    }

    fn fresh<T>(&mut self, n: usize, get: impl Fn(usize) -> Option<Vec<T>>) -> Result<Vec<T>> {
        if let Some(vec) = self.try_fresh(n, &get) {
            return Ok(vec);
        }
        // What lies in the pool unused may be what is missing.
        self.trim();
        self.room.refresh();
        self.try_fresh(n, &get)
            .ok_or_else(|| self.no_room((n as u64).saturating_mul(size_of::<T>() as u64)))
    }

    fn try_fresh<T>(&mut self, n: usize, get: &impl Fn(usize) -> Option<Vec<T>>) -> Option<Vec<T>> {
        let bytes = (n as u64).saturating_mul(size_of::<T>() as u64);
        if !self.room.allows(bytes, self.held()) {
            return None;
        }
        let vec = get(n)?;
        self.room.leaves_margin(bytes).then_some(vec)
    }

    fn held(&self) -> u64 {
        self.counters.live_bytes.load(Ordering::Relaxed) + self.counters.pool_bytes.load(Ordering::Relaxed)
    }

    /// The error of a request that has no room.
    pub(crate) fn no_room(&self, bytes: u64) -> Error {
        let live = self.counters.live_bytes.load(Ordering::Relaxed);
        let free = match crate::platform::available_memory() {
            // What the machine has free says nothing where the address space is limited.
            _ if crate::platform::has_address_limit() => " (a resource limit, such as ulimit -v)".to_owned(),
            Some(free) => format!(", {} are free now", size(free)),
            None => String::new(),
        };
        Error::new(Code::Memory, "there is no room for a tensor")
            .expected(format!("at most {} in this process{free}", size(self.room.limit())))
            .received(format!("a request of {} beside {} of live tensors", size(bytes), size(live)))
            .hint(
                "use a smaller batch, a shorter sequence or checkpoint(), or dispose of tensors that are no longer needed",
            )
    }

    /// Counts numbers that lie in a mapped file, until they are given back.
    pub fn map(&self, window: Window) -> Buffer {
        self.counters
            .mapped_bytes
            .fetch_add(window.bytes().len() as u64, Ordering::Relaxed);
        Buffer::Mapped(window)
    }

    /// Takes a buffer back.
    pub fn give(&mut self, buffer: Buffer) {
        match buffer {
            Buffer::F32(v) => self.shelve(v),
            Buffer::F64(v) => self.shelve(v),
            Buffer::Bf16(v) => self.shelve(v),
            Buffer::F16(v) => self.shelve(v),
            Buffer::I64(v) => self.shelve(v),
            Buffer::U8(v) => self.shelve(v),
            Buffer::Mapped(window) => {
                let bytes = window.bytes().len() as u64;
                self.counters.mapped_bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
            Buffer::Candle(_) => {}
        }
    }

    fn shelve<T: Pooled>(&mut self, vec: Vec<T>) {
        let bytes = (vec.capacity() * size_of::<T>()) as u64;
        self.counters.live_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.counters
            .number_bytes
            .fetch_sub((vec.len() * size_of::<T>()) as u64, Ordering::Relaxed);
        // Only capacities that are a size class can serve a later request; host data comes in any size.
        let fits = vec.capacity() == size_class(vec.capacity());
        if bytes > 0 && fits && self.counters.pool_bytes.load(Ordering::Relaxed) + bytes <= self.budget {
            self.counters.pool_bytes.fetch_add(bytes, Ordering::Relaxed);
            self.tick += 1;
            let tick = self.tick;
            T::shelf(self).entry(vec.capacity()).or_default().push((tick, vec));
        }
    }

    /// Gives all unused buffers back to the system.
    pub fn trim(&mut self) {
        self.drop_until(u64::MAX);
        room::collect();
    }

    /// The engine is idle: its threads, too, give back what they kept for the next work.
    pub fn rest(&mut self) {
        self.drop_until(u64::MAX);
        if rayon::current_thread_index().is_some() {
            rayon::broadcast(|_| {
                kernels::cpu::scratch::release();
                room::collect();
            });
        }
    }

    /// A training step has ended: buffers that none of the last steps used go back to the system.
    pub fn end_step(&mut self) {
        self.step += 1;
        if self.step.is_multiple_of(KEEP_STEPS) {
            self.age(Instant::now());
        }
    }

    fn age(&mut self, now: Instant) {
        self.marks.push_back((self.step, self.tick, now));
        let mut old = None;
        while let Some(&(step, tick, reached)) = self.marks.front()
            && step + KEEP_STEPS <= self.step
            && now.duration_since(reached) >= KEEP_TIME
        {
            self.marks.pop_front();
            old = Some(tick);
        }
        if let Some(tick) = old {
            self.drop_until(tick);
        }
    }

    /// Before new memory of this size is asked for: the buffers that were not used for longest go, as far as the pool has become too large.
    fn make_way(&mut self, bytes: u64) {
        let live = self.counters.live_bytes.load(Ordering::Relaxed);
        let most = self.most_live.max(live + bytes) / 2 * MOST_HALVES;
        while live + self.counters.pool_bytes.load(Ordering::Relaxed) + bytes > most {
            let Some(tick) = self.oldest() else { break };
            self.drop_until(tick);
        }
    }

    /// The tick of the buffer that has lain here for longest.
    fn oldest(&mut self) -> Option<u64> {
        each_shelf!(self, |shelf| first(shelf)).into_iter().flatten().min()
    }

    /// Drops what was shelved up to this tick.
    fn drop_until(&mut self, tick: u64) {
        let freed = each_shelf!(self, |shelf| age(shelf, tick)).into_iter().sum();
        self.counters.pool_bytes.fetch_sub(freed, Ordering::Relaxed);
    }
}

fn first<T>(shelf: &Shelf<T>) -> Option<u64> {
    shelf
        .values()
        .filter_map(|list| list.first())
        .map(|(tick, _)| *tick)
        .min()
}

/// A buffer of the class, or the next larger one up to twice the size: better a larger one than a new one.
fn pop<T>(shelf: &mut Shelf<T>, class: usize) -> Option<Vec<T>> {
    let (_, list) = shelf.range_mut(class..=2 * class).find(|(_, list)| !list.is_empty())?;
    list.pop().map(|(_, vec)| vec)
}

/// Drops the buffers shelved up to `tick`; how many bytes that were.
fn age<T>(shelf: &mut Shelf<T>, tick: u64) -> u64 {
    let mut freed = 0;
    shelf.retain(|capacity, list| {
        let old = list.partition_point(|(shelved, _)| *shelved <= tick);
        list.drain(..old);
        freed += old * capacity * size_of::<T>();
        !list.is_empty()
    });
    freed as u64
}

/// Rounds up to one of eight steps an octave, so that batches of slightly different length share buffers at 12 % waste.
fn size_class(n: usize) -> usize {
    if n <= 64 {
        return 64;
    }
    let step = 1usize << (n.ilog2() - 3);
    n.div_ceil(step) * step
}
