//! The modes of recording: the current stream, generator, grad mode, module path and call stack.

use super::entry::{Command, Message};
use super::progress::StreamId;
use super::record::{Generator, Recorder, Stream};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::precision::Precision;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The numbers of module paths in the process: worker threads share one executor, which knows a path only by its number.
static PATHS: LazyLock<Mutex<FxHashMap<String, u32>>> = LazyLock::new(Mutex::default);

fn process_number(name: &str) -> u32 {
    let mut paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
    // 0 is no path.
    let next = paths.len() as u32 + 1;
    *paths.entry(name.to_owned()).or_insert(next)
}

impl Recorder {
    /// Opens a stream with its own generator.
    pub fn open_stream(&mut self, stream: StreamId, priority: i32, seed: u64) {
        // A server opens one for each request, and the weights must not keep a record of them all.
        for ended in self.progress.take_ended() {
            self.values.end_stream(ended);
        }
        self.values.open_stream(stream);
        self.link.send(Message::Open {
            stream,
            priority,
            progress: self.progress.clone(),
        });
        self.streams.insert(
            stream,
            Stream {
                seq: 0,
                generator: Generator { seed, counter: 0 },
            },
        );
    }

    /// Chooses the stream to record into; returns the previous one.
    ///
    /// # Errors
    /// [`Code::Option`] for a stream that was closed or never opened.
    pub fn set_stream(&mut self, stream: StreamId) -> Result<StreamId> {
        let stream = if stream == 0 { self.default } else { stream };
        if !self.streams.contains_key(&stream) {
            return Err(Error::new(Code::Option, "no such stream")
                .received(stream.to_string())
                .hint("open it with lora.stream()")
                .expected("an open stream of this thread"));
        }
        Ok(std::mem::replace(&mut self.current, stream))
    }

    /// Closes a stream behind what is queued in it.
    pub fn close_stream(&mut self, stream: StreamId) {
        if let Some(position) = self.next_position(stream) {
            self.push(position, SmallVec::new(), Command::Close);
            self.flush();
            self.streams.remove(&stream);
            if self.current == stream {
                self.current = self.default;
            }
        }
    }

    /// Skips what is queued in a stream.
    pub fn abort_stream(&mut self, stream: StreamId, error: Error) {
        self.flush();
        self.link.send(Message::Abort { stream, error });
    }

    /// Ends this recorder: its queued work is skipped, its tensors are freed, its streams are closed.
    pub fn close(mut self) {
        let mut ids = self.values.all_ids();
        // What was released but not sent yet is freed too.
        for entry in self.pending.drain(..) {
            if let Command::Free(freed) = entry.command {
                ids.extend(freed);
            }
        }
        let streams: Vec<StreamId> = self.streams.keys().copied().collect();
        for stream in streams {
            self.link.send(Message::Drop { stream });
        }
        self.link.send(Message::Forget { ids });
    }

    /// Turns recording of the graph on or off; returns the previous mode.
    pub fn set_grad_enabled(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.grad_enabled, on)
    }

    /// Sets the module path that errors name, by interned number; returns the previous one.
    pub fn set_path(&mut self, path: u32) -> u32 {
        std::mem::replace(&mut self.path, path)
    }

    /// The number of the current module path.
    pub(crate) fn path(&self) -> u32 {
        self.path
    }

    /// The name of a module path.
    pub(crate) fn path_of(&self, path: u32) -> &str {
        self.path_names.get(&path).map_or("", String::as_str)
    }

    /// Sets the number of the caller's stack for run-time errors; returns the previous one.
    pub fn set_stack(&mut self, stack: u64) -> u64 {
        std::mem::replace(&mut self.stack, stack)
    }

    /// Turns anomaly mode, the check for NaN and infinities, on or off for what is recorded from here on; returns the previous mode.
    pub fn set_anomaly(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.watched, on)
    }

    /// Sets the precision of products in layers with a bf16 weight, for what is recorded from here on, backward included; returns the previous one.
    pub fn set_precision(&mut self, precision: Precision) -> Precision {
        std::mem::replace(&mut self.precision, precision)
    }

    /// The precision of products in layers with a bf16 weight.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Sets the op whose gradient rule is recording; returns the previous one.
    pub(crate) fn set_rule(&mut self, rule: Option<&'static str>) -> Option<&'static str> {
        std::mem::replace(&mut self.rule, rule)
    }

    /// The number of a module path.
    pub fn intern(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.paths.get(name) {
            return number;
        }
        let number = process_number(name);
        self.path_names.insert(number, name.to_owned());
        self.paths.insert(name.to_owned(), number);
        self.link.send(Message::Path {
            path: number,
            name: name.to_owned(),
        });
        number
    }

    /// The name of the current module path.
    pub fn path_name(&self) -> &str {
        self.path_of(self.path)
    }

    /// Makes a generator; number 0 is the stream's own.
    pub fn new_generator(&mut self, seed: u64) -> u32 {
        loop {
            // After four thousand million requests the numbers begin again, and some are still in use.
            self.last_generator = self.last_generator.wrapping_add(1).max(1);
            if let Entry::Vacant(place) = self.generators.entry(self.last_generator) {
                place.insert(Generator { seed, counter: 0 });
                return self.last_generator;
            }
        }
    }

    /// Forgets a generator. What was recorded with it has its numbers already.
    pub fn drop_generator(&mut self, number: u32) {
        self.generators.remove(&number);
    }

    /// Number of generators, without those of the streams.
    pub fn generator_count(&self) -> usize {
        self.generators.len()
    }

    /// Chooses the generator that random ops draw from; returns the previous one.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn set_generator(&mut self, number: u32) -> Result<u32> {
        self.generator_mut(number)?;
        Ok(std::mem::replace(&mut self.generator, number))
    }

    /// The state of a generator, to read or to set.
    ///
    /// # Errors
    /// [`Code::Disposed`].
    pub fn generator_mut(&mut self, number: u32) -> Result<&mut Generator> {
        if number == 0 {
            let stream = self.streams.get_mut(&self.current);
            return Ok(&mut stream.expect("the current stream is open").generator);
        }
        self.generators.get_mut(&number).ok_or_else(|| {
            Error::new(Code::Disposed, "this generator was disposed of")
                .expected("a generator before dispose()")
                .received(format!("generator {number}, which has been freed"))
                .hint("make another: new lora.Generator(seed)")
        })
    }
}
