//! The executor: one thread that owns storage, device and pool, and interprets the queues in order.
//!
//! A long op pauses every few milliseconds (`kernels::pause`). Entries of streams with a higher priority are then served on the same stack before it
//! continues; so no method may hold a borrow of the executor's parts while an op runs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::awake::Awake;
use super::pending::{Pending, Place};
use crate::config::Config;
use crate::error::Error;
use crate::executor::trace::{Timeline, Trace};
use crate::id_map::IdMap;
use crate::memory::{Counters, Pool};
use crate::recorder::{Message, StreamId};
use crate::storage::Value;

use super::schedule::{Streams, made};

/// How long the engine is idle before the pool gives its memory back.
const IDLE: Duration = Duration::from_millis(2000);

/// How many interrupted entries the stack may hold.
const MOST_INTERRUPTED: usize = 16;

/// A tensor, or the error that poisoned it.
pub(crate) type Slot = std::result::Result<Value, Error>;

/// An entry that is being served.
pub(super) struct Frame {
    pub(super) stream: StreamId,
    pub(super) began: Instant,
    /// Nanoseconds spent on entries served in between.
    pub(super) others: u64,
    /// When others could last interrupt it, and the longest time in which they could not.
    pub(super) paused: Instant,
    pub(super) stretch: Duration,
    pub(super) place: Place,
}

impl Frame {
    /// Nanoseconds that the entry itself has taken so far.
    pub(super) fn own(&self) -> u64 {
        (self.began.elapsed().as_nanos() as u64).saturating_sub(self.others)
    }

    /// Ends a stretch without a chance of interruption.
    pub(super) fn end_stretch(&mut self) {
        self.stretch = self.stretch.max(self.paused.elapsed());
    }
}

/// The owner of all storage.
pub struct Executor {
    pub(super) values: RefCell<IdMap<Slot>>,
    pub(super) pool: RefCell<Pool>,
    pub(super) counters: Arc<Counters>,
    pub(super) device: crate::device::Device,
    pub(super) candle: bool,
    /// Check each op for NaN and infinities, whatever its entry says (LORALIB_DEBUG=4).
    pub(super) finite_check: bool,
    pub(super) trace: RefCell<Trace>,
    pub(super) streams: RefCell<Streams>,
    pub(super) paths: RefCell<FxHashMap<u32, String>>,
    /// Set by a panic: nothing more is computed.
    pub(super) broken: RefCell<Option<Error>>,
    pub(super) stopping: Cell<bool>,
    pub(super) messages: Receiver<Message>,
    pub(super) frames: RefCell<Vec<Frame>>,
    pub(super) awake: Awake,
    /// By how much entries served in between have changed the bytes in use, within the current entry.
    pub(super) elsewhere: Cell<[i64; 2]>,
    /// What the device has found and nobody has read.
    pub(super) doubts: RefCell<Vec<Pending>>,
    /// An op on whole lists failed after it had changed some of them.
    pub(super) half_done: Cell<bool>,
}

impl Executor {
    /// An executor without tensors that gets its work through `messages`.
    pub fn new(
        config: &Config,
        counters: Arc<Counters>,
        timeline: Option<Timeline>,
        messages: Receiver<Message>,
    ) -> Self {
        Executor {
            values: RefCell::default(),
            // What a device holds is counted here too, and bounded by its own memory.
            pool: RefCell::new(match config.device.memory() {
                Some(bytes) => Pool::with_limit(counters.clone(), 0, bytes),
                None => Pool::new(counters.clone(), crate::memory::limit() / 4),
            }),
            counters,
            device: config.device.clone(),
            candle: config.candle || !config.device.is_cpu(),
            finite_check: config.debug >= 4,
            trace: RefCell::new(Trace::new(config.log, timeline)),
            streams: RefCell::default(),
            paths: RefCell::default(),
            broken: RefCell::default(),
            stopping: Cell::new(false),
            messages,
            frames: RefCell::default(),
            awake: Awake::new(),
            elsewhere: Cell::new([0; 2]),
            doubts: RefCell::default(),
            half_done: Cell::new(false),
        }
    }

    /// Serves messages until Stop.
    pub fn run(self) {
        let executor = Rc::new(self);
        let weak = Rc::downgrade(&executor);
        kernels::pause::set_hook(Some(Rc::new(move || {
            if let Some(executor) = weak.upgrade() {
                executor.serve_others();
            }
        })));
        executor.serve_all();
        kernels::pause::set_hook(None);
    }

    fn serve_all(&self) {
        loop {
            self.receive_all();
            let next = self.streams.borrow().choose(None);
            if let Some(stream) = next {
                self.step(stream);
                continue;
            }
            if self.stopping.get() {
                return;
            }
            match self.messages.recv_timeout(IDLE) {
                Ok(message) => self.receive(message),
                Err(RecvTimeoutError::Timeout) => {
                    self.pool.borrow_mut().rest();
                    match self.messages.recv() {
                        Ok(message) => self.receive(message),
                        Err(_) => return,
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Between two parts of a long op: serves what may interrupt it.
    fn serve_others(&self) {
        if self.frames.borrow().len() >= MOST_INTERRUPTED {
            return;
        }
        let before = self.counters.in_use();
        let elsewhere = self.elsewhere.get();
        if let Some(frame) = self.frames.borrow_mut().last_mut() {
            frame.end_stretch();
        }
        loop {
            self.receive_all();
            let over = self.frames.borrow().last().map(|frame| (frame.stream, frame.own()));
            let Some(over) = over else { return };
            let next = self.streams.borrow().choose(Some(over));
            let Some(stream) = next else { break };
            self.step(stream);
        }
        if let Some(frame) = self.frames.borrow_mut().last_mut() {
            frame.paused = Instant::now();
        }
        let after = self.counters.in_use();
        self.elsewhere
            .set([0, 1].map(|i| elsewhere[i] + after[i] as i64 - before[i] as i64));
    }

    fn receive_all(&self) {
        while let Ok(message) = self.messages.try_recv() {
            self.receive(message);
        }
    }

    fn receive(&self, message: Message) {
        match message {
            Message::Entries(entries) => {
                let mut streams = self.streams.borrow_mut();
                entries.into_iter().for_each(|entry| streams.push(entry));
            }
            Message::Open {
                stream,
                priority,
                progress,
            } => {
                self.trace.borrow().open(stream, priority);
                self.streams.borrow_mut().open(stream, priority, progress);
            }
            Message::Abort { stream, error } => self.streams.borrow_mut().abort(stream, error),
            Message::Path { path, name } => {
                self.paths.borrow_mut().insert(path, name);
            }
            Message::Drop { stream } => {
                let freed = self.streams.borrow_mut().remove(stream);
                freed.into_iter().for_each(|id| self.free(id));
                self.trace.borrow_mut().close(stream);
            }
            Message::Forget { ids } => ids.into_iter().for_each(|id| self.free(id)),
            Message::Stop => self.stopping.set(true),
        }
    }

    /// Serves the next entry of a stream.
    fn step(&self, number: StreamId) {
        let Some((entry, abort)) = self.streams.borrow_mut().begin(number) else {
            return;
        };
        // Before it is served: whoever waits for its answer may read this at once.
        let looked = self.streams.borrow().looked;
        self.counters.looked.store(looked, Ordering::Relaxed);
        let (position, made) = (entry.position, made(&entry));
        let place = Place {
            position,
            path: entry.path,
            stack: entry.stack,
        };
        let began = Instant::now();
        self.frames.borrow_mut().push(Frame {
            stream: number,
            began,
            others: 0,
            paused: began,
            stretch: Duration::ZERO,
            place,
        });
        let failure = self.serve(entry, abort);
        let (own, whole) = {
            let mut frames = self.frames.borrow_mut();
            let frame = frames.pop().expect("it was pushed above");
            (frame.own(), frame.began.elapsed().as_nanos() as u64)
        };
        if let Some(below) = self.frames.borrow_mut().last_mut() {
            below.others += whole;
        }
        let gone = self.streams.borrow().get(number).is_none();
        if gone {
            // Its environment has ended, and with it everything that could name the results.
            made.into_iter().for_each(|id| self.free(id));
        }
        let mut streams = self.streams.borrow_mut();
        streams.end(position, own, failure);
    }
}
