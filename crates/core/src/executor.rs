//! The executor: one thread that owns storage, device and pool, and interprets the queues in order.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::code::Code;
use crate::engine::Config;
use crate::entry::{Command, Entry, HostTensor, Id, Message, Place, Progress, Source, StreamId};
use crate::error::{Error, Result};
use crate::memory::{Counters, Pool};
use crate::ops::row::{Meta, OpRow, Rng};
use crate::storage::{Buffer, Value};
use crate::trace::Trace;

mod finite;
mod run;

/// How long the engine is idle before the pool gives its memory back.
const IDLE: Duration = Duration::from_millis(2000);

struct Stream {
    priority: i32,
    queue: VecDeque<Entry>,
    done: u64,
    /// Why what is queued up to this place is skipped.
    abort: Option<(Error, u64)>,
    closed: bool,
    progress: Arc<Progress>,
}

/// A tensor, or why there is none.
pub(crate) type Slot = std::result::Result<Value, Error>;

/// Owner of all numbers.
pub struct Executor {
    pub(crate) values: FxHashMap<Id, Slot>,
    pub(crate) pool: Pool,
    pub(crate) counters: Arc<Counters>,
    pub(crate) device: crate::device::Device,
    pub(crate) candle: bool,
    /// Look for NaN and infinities after each op, whatever its entry says (LORALIB_DEBUG=4).
    finite_check: bool,
    pub(crate) trace: Trace,
    streams: FxHashMap<StreamId, Stream>,
    paths: FxHashMap<u32, String>,
    /// Set by a panic: nothing is computed any more.
    broken: Option<Error>,
    stopping: bool,
}

impl Executor {
    /// An executor without tensors.
    pub fn new(config: &Config, counters: Arc<Counters>) -> Self {
        Executor {
            values: FxHashMap::default(),
            pool: Pool::new(counters.clone(), crate::memory::limit() / 4),
            counters,
            device: config.device.clone(),
            candle: config.candle || !config.device.is_cpu(),
            finite_check: config.debug >= 4,
            trace: Trace::new(config.debug),
            streams: FxHashMap::default(),
            paths: FxHashMap::default(),
            broken: None,
            stopping: false,
        }
    }

    /// Serves messages until Stop.
    pub fn run(&mut self, messages: &Receiver<Message>) {
        loop {
            while let Ok(message) = messages.try_recv() {
                self.receive(message);
            }
            if let Some(stream) = self.choose() {
                self.step(stream);
                continue;
            }
            if self.stopping {
                return;
            }
            match messages.recv_timeout(IDLE) {
                Ok(message) => self.receive(message),
                Err(RecvTimeoutError::Timeout) => {
                    self.pool.rest();
                    match messages.recv() {
                        Ok(message) => self.receive(message),
                        Err(_) => return,
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Entries(entries) => {
                for entry in entries {
                    if let Some(stream) = self.streams.get_mut(&entry.place.stream) {
                        stream.queue.push_back(entry);
                    }
                }
            }
            Message::Open {
                stream,
                priority,
                progress,
            } => {
                let fresh = Stream {
                    priority,
                    queue: VecDeque::new(),
                    done: 0,
                    abort: None,
                    closed: false,
                    progress,
                };
                self.streams.insert(stream, fresh);
            }
            Message::Abort { stream, error } => {
                if let Some(stream) = self.streams.get_mut(&stream)
                    && let Some(last) = stream.queue.back()
                {
                    stream.abort = Some((error, last.place.seq));
                }
            }
            Message::Path { path, name } => {
                self.paths.insert(path, name);
            }
            Message::Drop { stream } => {
                self.streams.remove(&stream);
            }
            Message::Forget { ids } => {
                for id in ids {
                    self.free(id);
                }
            }
            Message::Stop => self.stopping = true,
        }
    }

    /// The stream to serve: the highest priority whose next entry waits for nothing; among equals the one that waited longest.
    fn choose(&self) -> Option<StreamId> {
        let ready = |stream: &Stream| {
            stream
                .queue
                .front()
                .is_some_and(|entry| entry.after.iter().all(|p| self.is_done(*p)))
        };
        self.streams
            .iter()
            .filter(|(_, stream)| ready(stream))
            .max_by_key(|(number, stream)| {
                (
                    stream.priority,
                    std::cmp::Reverse(stream.done),
                    std::cmp::Reverse(**number),
                )
            })
            .map(|(number, _)| *number)
    }

    fn is_done(&self, place: Place) -> bool {
        self.streams
            .get(&place.stream)
            .is_none_or(|stream| stream.done >= place.seq)
    }

    fn step(&mut self, number: StreamId) {
        let stream = self.streams.get_mut(&number).expect("the chosen stream is open");
        let entry = stream.queue.pop_front().expect("the chosen stream has an entry");
        let seq = entry.place.seq;
        // What is recorded after the abort runs again.
        if stream.abort.as_ref().is_some_and(|(_, last)| seq > *last) {
            stream.abort = None;
        }
        let abort = stream.abort.as_ref().map(|(error, _)| error.clone());
        let failure = self.serve(entry, abort);
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.done = seq;
            if let Some(error) = failure {
                stream.progress.fail(number, error);
            }
            if stream.closed {
                stream.progress.end(number);
                self.streams.remove(&number);
            }
        }
    }

    /// Does what an entry says; returns the error of work that has no reply of its own.
    fn serve(&mut self, entry: Entry, abort: Option<Error>) -> Option<Error> {
        let (place, path, stack) = (entry.place, entry.path, entry.stack);
        let watched = entry.watched || self.finite_check;
        match entry.command {
            Command::Op {
                row,
                inputs,
                outputs,
                metas,
                attrs,
                rng,
                spoils,
            } => {
                let inherited = inputs
                    .iter()
                    .flatten()
                    .find_map(|id| self.values.get(id)?.as_ref().err().cloned());
                self.trace.op(row.name, path, &self.paths);
                let failure = if let Some(first) = inherited {
                    // Whoever depends on a failure carries the first one on, with its own op and path.
                    self.keep(&outputs, &metas, Err(first), |e| e)
                } else {
                    let outcome = match abort.or_else(|| self.broken.clone()) {
                        Some(error) => Err(error),
                        None => self
                            .counted(|exec| exec.op(row, &inputs, &metas, &attrs, rng, watched.then_some(entry.rule))),
                    };
                    let name = self.paths.get(&path).cloned().unwrap_or_default();
                    self.keep(&outputs, &metas, outcome, |e| e.op(row.name).path(&name).stack(stack))
                };
                if let (true, Some(error), Some(target)) = (spoils, &failure, inputs.first().copied().flatten()) {
                    self.poison(target, error);
                }
                failure
            }
            Command::Put { id, meta, source } => {
                if let (Source::Host(bytes), Some(stream)) = (&source, self.streams.get(&place.stream)) {
                    stream
                        .progress
                        .host_bytes_done
                        .fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
                let outcome = self
                    .guarded(|exec| exec.put(&meta, source))
                    .map(|value| SmallVec::from_iter([value]));
                self.keep(&[id], &[meta], outcome, |e| e.stack(stack))
            }
            Command::Free(ids) => {
                for id in ids {
                    self.free(id);
                }
                None
            }
            Command::Read { ids, reply } => {
                // Evaluation and generation read at every turn and end no step: there the reads make old buffers age.
                self.pool.end_step();
                let outcome = self.guarded(|exec| {
                    ids.iter()
                        .map(|&id| exec.read_host(id))
                        .collect::<Result<Vec<HostTensor>>>()
                });
                let told = outcome.as_ref().err().cloned();
                // First the note, then the answer: who has the answer may ask at once what is still open.
                self.tell(place.stream, told);
                reply(outcome);
                None
            }
            Command::Fence { step, reply } => {
                self.synchronize();
                if let (true, Some(stream)) = (step, self.streams.get(&place.stream)) {
                    stream.progress.steps_done.fetch_add(1, Ordering::Relaxed);
                }
                let failure = self.streams.get(&place.stream).and_then(|s| {
                    if reply.is_some() {
                        s.progress.take_failure(place.stream)
                    } else {
                        None
                    }
                });
                if step {
                    self.pool.end_step();
                }
                self.trace.fence(step, &self.counters);
                if let Some(reply) = reply {
                    reply(failure.map_or(Ok(()), Err));
                }
                None
            }
            Command::Close => {
                if let Some(stream) = self.streams.get_mut(&place.stream) {
                    stream.closed = true;
                }
                None
            }
        }
    }

    /// An error that a reply has told is no longer unhandled.
    fn tell(&mut self, stream: StreamId, told: Option<Error>) {
        if let (Some(told), Some(open)) = (told, self.streams.get(&stream)) {
            open.progress.told(stream, &told);
        }
    }

    /// As [`Executor::guarded`]. What failed work had taken from the pool is gone with it, so it is not counted as live.
    fn counted<T>(&mut self, work: impl FnOnce(&mut Executor) -> Result<T>) -> Result<T> {
        let before = self.counters.live_bytes.load(Ordering::Relaxed);
        let outcome = self.guarded(work);
        if outcome.is_err() {
            self.counters.live_bytes.store(before, Ordering::Relaxed);
        }
        outcome
    }

    /// Runs work so that no panic leaves the thread. After one, nothing is computed any more.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Executor) -> Result<T>) -> Result<T> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(outcome) => outcome,
            Err(panic) => {
                if let Some(refused) = panic.downcast_ref::<kernels::room::NoRoom>() {
                    return Err(self.pool.no_room(refused.bytes as u64));
                }
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                let error = Error::new(
                    Code::Internal,
                    "a fault of loralib stopped an operation; nothing more is computed in this process",
                )
                .received(text.unwrap_or_else(|| "a panic without a message".into()))
                .hint(
                    "intact tensors can still be read and saved; please report this with the output of lora.backend()",
                );
                self.broken = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Stores results, or poisons them.
    fn keep(
        &mut self,
        ids: &[Id],
        metas: &[Meta],
        outcome: Result<SmallVec<[Value; 3]>>,
        place: impl FnOnce(Error) -> Error,
    ) -> Option<Error> {
        match outcome {
            Ok(values) => {
                debug_assert_eq!(values.len(), ids.len());
                for ((&id, value), meta) in ids.iter().zip(values).zip(metas) {
                    debug_assert_eq!(&value.shape, &meta.shape);
                    self.values.insert(id, Ok(value));
                }
                self.counters.live_values.fetch_add(ids.len() as u64, Ordering::Relaxed);
                None
            }
            Err(error) => {
                let error = place(error);
                for &id in ids {
                    self.values.insert(id, Err(error.clone()));
                }
                self.counters.live_values.fetch_add(ids.len() as u64, Ordering::Relaxed);
                Some(error)
            }
        }
    }

    /// Puts an error in the place of a tensor.
    fn poison(&mut self, id: Id, error: &Error) {
        if let Some(slot) = self.values.get_mut(&id)
            && let Ok(value) = std::mem::replace(slot, Err(error.clone()))
        {
            self.recycle(value);
        }
    }

    fn free(&mut self, id: Id) {
        if let Some(slot) = self.values.remove(&id) {
            self.counters.live_values.fetch_sub(1, Ordering::Relaxed);
            if let Ok(value) = slot {
                self.recycle(value);
            }
        }
    }

    /// Gives a value's numbers back when nobody else names them.
    pub(crate) fn recycle(&mut self, value: Value) {
        if let Ok(cell) = std::rc::Rc::try_unwrap(value.storage) {
            self.pool.give(cell.into_inner());
        }
    }

    fn put(&mut self, meta: &Meta, source: Source) -> Result<Value> {
        let buffer = match source {
            Source::Host(bytes) => crate::storage::from_bytes(&mut self.pool, meta.dtype, &bytes)?,
            Source::Copied(window) => crate::storage::from_bytes(&mut self.pool, meta.dtype, window.bytes())?,
            Source::Mapped(window) if window.is_aligned() && !self.candle => Buffer::Mapped(window),
            Source::Mapped(window) => crate::storage::from_bytes(&mut self.pool, meta.dtype, window.bytes())?,
        };
        let value = Value::new(buffer, meta.shape.clone(), meta.dtype);
        if self.candle {
            self.move_to_candle(value)
        } else {
            Ok(value)
        }
    }

    fn read_host(&mut self, id: Id) -> Result<HostTensor> {
        let value = self.value(id)?;
        let bytes = self.to_bytes(&value)?;
        Ok(HostTensor {
            dtype: value.dtype,
            shape: value.shape,
            bytes,
        })
    }

    /// A value, or the error that poisoned it.
    pub(crate) fn value(&self, id: Id) -> Result<Value> {
        match self.values.get(&id) {
            Some(slot) => slot.clone(),
            None => Err(Error::new(
                Code::Internal,
                "an operation names a tensor that the executor does not know",
            )
            .received(format!("#{id}"))),
        }
    }

    fn op(
        &mut self,
        row: &'static OpRow,
        inputs: &[Option<Id>],
        metas: &[Meta],
        attrs: &[f64],
        rng: Option<Rng>,
        watch: Option<Option<&'static str>>,
    ) -> Result<SmallVec<[Value; 3]>> {
        let mut values: SmallVec<[Option<Value>; 6]> = SmallVec::new();
        for id in inputs {
            values.push(id.map(|id| self.value(id)).transpose()?);
        }
        let results = run::op(self, row, &values, metas, attrs, rng)?;
        if let Some(rule) = watch {
            finite::check(self, row, &values, &results, attrs, rule)?;
        }
        Ok(results)
    }
}
