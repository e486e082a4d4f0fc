//! The pool of CPU buffers.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use half::{bf16, f16};

use super::counters::Counters;
use super::limit::{self, Headroom, limit, size};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::storage::{Buffer, Doubts, Element, Held, Window};

/// Free buffers of one element type by capacity, each with the tick at which it was shelved; of each capacity the oldest first.
type Shelf<T> = BTreeMap<usize, Vec<(u64, Vec<T>)>>;

/// Buffers for reuse, by size class: no page faults in each step, and no zero-fill of a recycled buffer.
pub struct Pool {
    counters: Arc<Counters>,
    headroom: Headroom,
    f32: Shelf<f32>,
    f64: Shelf<f64>,
    bf16: Shelf<bf16>,
    f16: Shelf<f16>,
    i64: Shelf<i64>,
    u8: Shelf<u8>,
    budget: u64,
    /// The most live bytes so far.
    most_live: u64,
    /// Number of buffers shelved so far.
    tick: u64,
    step: u64,
    /// Steps, each with the tick and the time when it was reached; the oldest first.
    marks: VecDeque<(u64, u64, Instant)>,
}

/// Steps and time after which an unused buffer is freed: batches of changing length must not pile up one set of buffers for each length. The time
/// is for trainers beside generation, where every token counts as a step: what the next training step needs is kept meanwhile.
const KEEP_STEPS: u64 = 16;
const KEEP_TIME: Duration = Duration::from_secs(5);

/// Live bytes and the pool together may take this many halves of the most live bytes so far. Batches of one length need 1.05 to 1.1 times that in the
/// benchmarks, since not all sizes are in use at the same moment; batches of changing length would leave behind buffers of sizes that are not needed for a while.
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

/// Evaluates an expression for the shelf of each element type.
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

    /// The same with its own limit for all that it hands out and keeps.
    pub fn with_limit(counters: Arc<Counters>, budget: u64, limit: u64) -> Self {
        Pool {
            counters,
            headroom: Headroom::new(limit),
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
    /// [`Code::Memory`] when there is not enough memory; the process goes on.
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
                self.evict((class * size_of::<T>()) as u64);
                // The system gives zeroed pages, which are first written by the threads that fill them, not here.
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

    /// Fails when there is not enough memory for this many bytes outside the pool.
    ///
    /// # Errors
    /// [`Code::Memory`].
    pub fn check_headroom(&mut self, bytes: u64) -> Result<()> {
        // A trial that is never touched costs only address space.
        let untouched = |n| crate::platform::can_map(n).then(Vec::<u8>::new);
        let n = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.fresh(n, untouched).map(|_| ())
    }

    fn fresh<T>(&mut self, n: usize, get: impl Fn(usize) -> Option<Vec<T>>) -> Result<Vec<T>> {
        if let Some(vec) = self.try_fresh(n, &get) {
            return Ok(vec);
        }
        // Freeing the unused buffers of the pool may be enough.
        self.trim();
        self.headroom.refresh();
        self.try_fresh(n, &get)
            .ok_or_else(|| self.out_of_memory((n as u64).saturating_mul(size_of::<T>() as u64)))
    }

    fn try_fresh<T>(&mut self, n: usize, get: &impl Fn(usize) -> Option<Vec<T>>) -> Option<Vec<T>> {
        let bytes = (n as u64).saturating_mul(size_of::<T>() as u64);
        if !self.headroom.allows(bytes, self.held()) {
            return None;
        }
        let vec = get(n)?;
        self.headroom.leaves_margin(bytes).then_some(vec)
    }

    fn held(&self) -> u64 {
        self.counters.live_bytes.load(Ordering::Relaxed) + self.counters.pool_bytes.load(Ordering::Relaxed)
    }

    /// The error of a request that does not fit.
    pub(crate) fn out_of_memory(&self, bytes: u64) -> Error {
        let live = self.counters.live_bytes.load(Ordering::Relaxed);
        let free = match crate::platform::available_memory() {
            // What the machine has free does not matter where the address space is limited.
            _ if crate::platform::has_address_limit() => " (a resource limit, such as ulimit -v)".to_owned(),
            Some(free) => format!(", {} are free now", size(free)),
            None => String::new(),
        };
        Error::new(Code::Memory, "not enough memory for a tensor")
            .expected(format!("at most {} in this process{free}", size(self.headroom.limit())))
            .received(format!("a request of {} beside {} of live tensors", size(bytes), size(live)))
            .hint(format!(
                "use a smaller batch, a shorter sequence or checkpoint(), or dispose of tensors that are no longer needed{}",
                limit::how_to_raise()
            ))
    }

    /// A buffer filled from little-endian bytes. The pool is borrowed for the allocation only: the copy may pause for other entries.
    ///
    /// # Errors
    /// [`Code::Memory`], or [`Code::Format`] when the byte count is no whole number of elements.
    pub fn copy_of(pool: &RefCell<Pool>, dtype: Dtype, bytes: &[u8]) -> Result<Buffer> {
        if !bytes.len().is_multiple_of(dtype.size()) {
            return Err(Error::new(Code::Format, "the data is no whole number of elements")
                .received(format!("{} bytes of {dtype}", bytes.len()))
                .expected(format!("a multiple of {} bytes", dtype.size()))
                .hint("the file is damaged or incomplete: download or save it again"));
        }
        let n = bytes.len() / dtype.size();
        crate::any!(dtype, T => {
            let mut vec = pool.borrow_mut().take::<T>(n)?;
            kernels::par::copy(bytes, bytemuck::cast_slice_mut::<T, u8>(&mut vec));
            Ok(T::wrap(vec))
        })
    }

    /// Counts the bytes of a mapped buffer until it is given back.
    pub fn map(&self, window: Window) -> Buffer {
        self.counters
            .mapped_bytes
            .fetch_add(window.bytes().len() as u64, Ordering::Relaxed);
        Buffer::Mapped(window)
    }

    /// Counts a tensor of candle until it is given back.
    pub fn hold(&mut self, tensor: candle_core::Tensor, doubts: Doubts) -> Buffer {
        let buffer = Buffer::Candle(Held { tensor, doubts });
        let bytes = buffer.held_bytes();
        let live = self.counters.live_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.counters.peak_bytes.fetch_max(live, Ordering::Relaxed);
        self.most_live = self.most_live.max(live);
        self.counters.number_bytes.fetch_add(bytes, Ordering::Relaxed);
        buffer
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
            Buffer::Candle(_) => {
                let bytes = buffer.held_bytes();
                self.counters.live_bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.counters.number_bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
            Buffer::Failed(_) => {}
        }
    }

    fn shelve<T: Pooled>(&mut self, vec: Vec<T>) {
        let bytes = (vec.capacity() * size_of::<T>()) as u64;
        self.counters.live_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.counters
            .number_bytes
            .fetch_sub((vec.len() * size_of::<T>()) as u64, Ordering::Relaxed);
        // Only capacities of a size class can serve a later request; host data comes in any size.
        let fits = vec.capacity() == size_class(vec.capacity());
        if bytes > 0 && fits && self.counters.pool_bytes.load(Ordering::Relaxed) + bytes <= self.budget {
            self.counters.pool_bytes.fetch_add(bytes, Ordering::Relaxed);
            self.tick += 1;
            let tick = self.tick;
            T::shelf(self).entry(vec.capacity()).or_default().push((tick, vec));
        }
    }

    /// Frees all unused buffers.
    pub fn trim(&mut self) {
        self.drop_until(u64::MAX);
        limit::collect();
    }

    /// The engine is idle: frees all unused buffers, and what the compute threads keep for later work.
    pub fn rest(&mut self) {
        self.drop_until(u64::MAX);
        if rayon::current_thread_index().is_some() {
            rayon::broadcast(|_| {
                kernels::cpu::scratch::release();
                limit::collect();
            });
        }
    }

    /// A training step has ended: frees the buffers that none of the last steps used.
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

    /// Before new memory of this size is allocated: frees the least recently used buffers, as far as the pool has become too large.
    fn evict(&mut self, bytes: u64) {
        let live = self.counters.live_bytes.load(Ordering::Relaxed);
        let most = self.most_live.max(live + bytes) / 2 * MOST_HALVES;
        while live + self.counters.pool_bytes.load(Ordering::Relaxed) + bytes > most {
            let Some(tick) = self.oldest() else { break };
            self.drop_until(tick);
        }
    }

    /// The tick of the buffer that has been unused for longest.
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

/// A buffer of the class, or the next larger one up to twice the size, which is better than a new one.
fn pop<T>(shelf: &mut Shelf<T>, class: usize) -> Option<Vec<T>> {
    let (_, list) = shelf.range_mut(class..=2 * class).find(|(_, list)| !list.is_empty())?;
    list.pop().map(|(_, vec)| vec)
}

/// Drops the buffers shelved up to `tick`; returns their bytes.
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

#[cfg(test)]
mod tests;
