//! The executor: one thread that owns storage, device and pool, and interprets the queues in order.
//!
//! A long op looks up every few milliseconds (`kernels::pause`). Then entries of a stream that matters more are served, on the same stack, before it goes
//! on: hence no method holds a borrow of the executor's parts while an op runs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::engine::Config;
use crate::entry::{Id, Message, StreamId};
use crate::error::Error;
use crate::memory::{Counters, Pool};
use crate::storage::Value;
use crate::trace::{Timeline, Trace};

mod awake;
mod finite;
mod run;
mod schedule;
mod serve;
mod values;

use schedule::{Streams, made};

/// How long the engine is idle before the pool gives its memory back.
const IDLE: Duration = Duration::from_millis(2000);

/// How many entries may stand interrupted on the stack.
const MOST_INTERRUPTED: usize = 16;

/// A tensor, or why there is none.
pub(crate) type Slot = std::result::Result<Value, Error>;

/// An entry under way.
struct Frame {
    stream: StreamId,
    began: Instant,
    /// Nanoseconds that went to entries served meanwhile.
    others: u64,
    /// When others could last interrupt it, and the longest time that they could not.
    looked: Instant,
    stretch: Duration,
}

impl Frame {
    /// Nanoseconds of its own so far.
    fn own(&self) -> u64 {
        (self.began.elapsed().as_nanos() as u64).saturating_sub(self.others)
    }

    /// A stretch without interruption ends here.
    fn look(&mut self) {
        self.stretch = self.stretch.max(self.looked.elapsed());
    }
}

/// Owner of all numbers.
pub struct Executor {
    values: RefCell<FxHashMap<Id, Slot>>,
    pub(crate) pool: RefCell<Pool>,
    counters: Arc<Counters>,
    pub(crate) device: crate::device::Device,
    pub(crate) candle: bool,
    /// Look for NaN and infinities after each op, whatever its entry says (LORALIB_DEBUG=4).
    finite_check: bool,
    trace: RefCell<Trace>,
    streams: RefCell<Streams>,
    paths: RefCell<FxHashMap<u32, String>>,
    /// Set by a panic: nothing is computed any more.
    broken: RefCell<Option<Error>>,
    stopping: Cell<bool>,
    messages: Receiver<Message>,
    frames: RefCell<Vec<Frame>>,
    awake: awake::Awake,
    /// By how much entries served in between changed the bytes in use, within the entry under way.
    elsewhere: Cell<[i64; 2]>,
}

impl Executor {
    /// An executor without tensors that is told what to do through `messages`.
    pub fn new(
        config: &Config,
        counters: Arc<Counters>,
        timeline: Option<Timeline>,
        messages: Receiver<Message>,
    ) -> Self {
        Executor {
            values: RefCell::default(),
            pool: RefCell::new(Pool::new(counters.clone(), crate::memory::limit() / 4)),
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
            awake: awake::Awake::new(),
            elsewhere: Cell::new([0; 2]),
        }
    }

    /// Serves messages until Stop.
    pub fn run(self) {
        let executor = Rc::new(self);
        let weak = Rc::downgrade(&executor);
        kernels::pause::set_hook(Some(Rc::new(move || {
            if let Some(executor) = weak.upgrade() {
                executor.look_up();
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

    /// Between two pieces of a long op: serves what may interrupt it.
    fn look_up(&self) {
        if self.frames.borrow().len() >= MOST_INTERRUPTED {
            return;
        }
        let before = self.counters.in_use();
        let elsewhere = self.elsewhere.get();
        if let Some(frame) = self.frames.borrow_mut().last_mut() {
            frame.look();
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
            frame.looked = Instant::now();
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
        let (place, made) = (entry.place, made(&entry));
        let began = Instant::now();
        self.frames.borrow_mut().push(Frame {
            stream: number,
            began,
            others: 0,
            looked: began,
            stretch: Duration::ZERO,
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
            // Its environment ended meanwhile, and with it all that could name the results.
            made.into_iter().for_each(|id| self.free(id));
        }
        self.streams.borrow_mut().end(place, own, failure);
    }
}
