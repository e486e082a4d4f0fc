//! Serving an entry of the queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use super::call::Call;
use super::run;
use super::thread::Executor;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::executor::trace::{Ran, Took};
use crate::meta::{Id, Meta};
use crate::ops::cost::Shapes;
use crate::ops::row::Mutates;
use crate::recorder::{Command, Entry, HostTensor, Progress, Source, StreamId};
use crate::storage::Value;

impl Executor {
    /// Serves an entry; returns the error of work that has no reply.
    pub(super) fn serve(&self, entry: Entry, abort: Option<Error>) -> Option<Error> {
        let (position, path, stack) = (entry.position, entry.path, entry.stack);
        let watched = entry.watched || self.finite_check;
        match entry.command {
            Command::Op {
                row,
                inputs,
                outputs,
                metas,
                attrs,
                rng,
                precision,
                spoils,
            } => {
                let given = self.trace.borrow().ops().then(|| self.metas_of(&inputs));
                let changed = inputs.iter().enumerate().filter(|(i, _)| row.is_mutated(*i, &attrs));
                let is_state = |id: &Id| !spoils.contains(id);
                if row.mutates != Mutates::Nothing
                    && changed.filter_map(|(_, id)| id.as_ref()).any(is_state)
                    && self.is_doubtful(&inputs)
                {
                    // A lasting state cannot be changed back. What is none fails with what it was made of.
                    self.settle_doubts();
                }
                let inherited = inputs.iter().flatten().find_map(|id| self.error_of(*id));
                let failure = if let Some(first) = inherited {
                    // What depends on a failed tensor fails with the first error, which keeps its op and path.
                    self.keep(&outputs, &metas, Err(first), |e| e)
                } else {
                    let outcome = match abort.or_else(|| self.broken.borrow().clone()) {
                        Some(error) => Err(error),
                        None => self.counted(|exec| {
                            let call = Call {
                                row,
                                metas: &metas,
                                attrs: &attrs,
                                rng,
                                precision,
                            };
                            exec.op(call, &inputs, watched.then_some(entry.rule))
                        }),
                    };
                    self.keep(&outputs, &metas, outcome, |e| {
                        e.op(row.signature.name).path(&self.path_name(path)).stack(stack)
                    })
                };
                if let Some(given) = given {
                    self.trace.borrow().op(
                        &Ran {
                            row,
                            rule: entry.rule,
                            path: &self.path_name(path),
                            stream: position.stream,
                            shapes: Shapes {
                                inputs: &given,
                                outputs: if row.mutates == Mutates::Nothing { &metas } else { &[] },
                            },
                            failed: failure.is_some(),
                        },
                        &self.took(),
                    );
                }
                if let (Mutates::Lists(_), Some(_), Some(progress)) =
                    (row.mutates, &failure, self.progress(position.stream))
                {
                    progress.fail_update(stack);
                }
                if let Some(error) = &failure {
                    spoils.iter().for_each(|&target| self.poison(target, error));
                }
                failure
            }
            Command::Put { id, meta, source } => {
                if let (Source::Host(bytes), Some(stream)) = (&source, self.progress(position.stream)) {
                    stream.host_bytes_done.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
                let broken = self.broken.borrow().clone();
                let outcome = broken
                    .map_or_else(|| self.guarded(|exec| exec.put(&meta, source)), Err)
                    .map(|value| SmallVec::from_iter([value]));
                if self.trace.borrow().ops() {
                    let bytes = meta.bytes();
                    self.trace.borrow().moved("put", position.stream, bytes, &self.took());
                }
                self.keep(&[id], &[meta], outcome, |e| e.stack(stack))
            }
            Command::Free(ids) => {
                for id in ids {
                    self.free(id);
                }
                None
            }
            Command::Read { ids, in_file, reply } => {
                // Evaluation and generation read in every iteration and end no step: there the reads let unused buffers age.
                self.pool.borrow_mut().end_step();
                self.settle_doubts();
                let outcome = self.guarded(|exec| {
                    ids.iter()
                        .map(|&id| exec.read_host(id, in_file))
                        .collect::<Result<Vec<HostTensor>>>()
                });
                if let (Ok(tensors), true) = (&outcome, self.trace.borrow().ops()) {
                    let bytes = tensors.iter().map(|t| t.bytes.as_ref().len() as u64).sum();
                    self.trace.borrow().moved("read", position.stream, bytes, &self.took());
                }
                let reported = outcome.as_ref().err().cloned();
                // Noted before the answer: the caller may at once ask for unreported errors.
                self.note_reported(position.stream, reported);
                reply(outcome);
                None
            }
            Command::Fence { step, reply } => {
                self.settle_doubts();
                self.synchronize();
                let progress = self.progress(position.stream);
                if let (true, Some(progress)) = (step, &progress) {
                    progress.steps_done.fetch_add(1, Ordering::Relaxed);
                }
                let failure = progress
                    .filter(|_| reply.is_some())
                    .and_then(|progress| progress.take_failure(position.stream));
                if step {
                    self.pool.borrow_mut().end_step();
                    self.trace.borrow_mut().step(position.stream, &self.counters);
                }
                if let Some(reply) = reply {
                    reply(failure.map_or(Ok(()), Err));
                }
                None
            }
            Command::Close => {
                if let Some(stream) = self.streams.borrow_mut().get_mut(position.stream) {
                    stream.closed = true;
                }
                None
            }
        }
    }

    /// An error that a reply has reported is no longer unhandled.
    fn note_reported(&self, stream: StreamId, error: Option<Error>) {
        if let (Some(error), Some(progress)) = (error, self.progress(stream)) {
            progress.reported(stream, &error);
        }
    }

    /// Shapes and dtypes of inputs, for the trace.
    fn metas_of(&self, inputs: &[Option<Id>]) -> Vec<Option<Meta>> {
        let values = self.values.borrow();
        let meta = |id: &Option<Id>| {
            let value = values.get((*id)?)?.as_ref().ok()?;
            Some(value.meta())
        };
        inputs.iter().map(meta).collect()
    }

    /// How long the current entry has run.
    fn took(&self) -> Took {
        let mut frames = self.frames.borrow_mut();
        let frame = frames.last_mut().expect("an entry is being served");
        frame.end_stretch();
        let whole = frame.began.elapsed();
        Took {
            began: frame.began,
            whole,
            own: whole.saturating_sub(std::time::Duration::from_nanos(frame.others)),
            stretch: frame.stretch,
        }
    }

    pub(super) fn progress(&self, stream: StreamId) -> Option<Arc<Progress>> {
        self.streams.borrow().get(stream).map(|s| s.progress.clone())
    }

    pub(super) fn path_name(&self, path: u32) -> String {
        self.paths.borrow().get(&path).cloned().unwrap_or_default()
    }

    /// As [`Executor::guarded`], and counts memory: what failed work had taken from the pool is freed with it and not counted; what entries served in
    /// between have allocated is.
    fn counted<T>(&self, work: impl FnOnce(&Executor) -> Result<T>) -> Result<T> {
        let before = self.counters.in_use();
        let outer = self.elsewhere.replace([0; 2]);
        let outcome = self.guarded(work);
        let elsewhere = self.elsewhere.replace(outer);
        if outcome.is_err() {
            let own = [0, 1].map(|i| before[i].saturating_add_signed(elsewhere[i]));
            self.counters.set_in_use(own);
        }
        outcome
    }

    /// Runs work so that no panic leaves the thread. After a panic nothing more is computed.
    fn guarded<T>(&self, work: impl FnOnce(&Executor) -> Result<T>) -> Result<T> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(outcome) => outcome,
            Err(panic) => {
                if let Some(refused) = panic.downcast_ref::<kernels::alloc::OutOfMemory>() {
                    return Err(self.pool.borrow().out_of_memory(refused.bytes as u64));
                }
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                let error = Error::new(
                    Code::Internal,
                    "an internal error of loralib stopped an operation; nothing more is computed in this process",
                )
                .expected("operations that end with a result or an error")
                .received(text.unwrap_or_else(|| "a panic without a message".into()))
                .hint(
                    "intact tensors can still be read and saved; please report this with the output of lora.backend()",
                );
                self.broken.replace(Some(error.clone()));
                Err(error)
            }
        }
    }

    fn op(
        &self,
        call: Call<'_>,
        inputs: &[Option<Id>],
        watch: Option<Option<&'static str>>,
    ) -> Result<SmallVec<[Value; 3]>> {
        let mut values: SmallVec<[Option<Value>; 6]> = SmallVec::new();
        for id in inputs {
            values.push(id.map(|id| self.value(id)).transpose()?);
        }
        let results = run::op(self, call, &values, watch)?;
        // An environment that ended during a pause has released its tensors: then these are the last owners.
        values.into_iter().flatten().for_each(|value| self.recycle(value));
        Ok(results)
    }
}
