//! How far the executor has come with what was recorded, and what failed.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::error::Error;

/// Number of a stream.
pub type StreamId = u32;

/// A position in the queue of a stream: its `seq`-th entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The stream.
    pub stream: StreamId,
    /// The entry's number in it, from 1.
    pub seq: u64,
}

/// How far the executor has come with one recorder's work, for the back-pressure check.
#[derive(Default)]
pub struct Progress {
    /// Fences with `step` that are done.
    pub steps_done: AtomicU64,
    /// Entries of the queue that are done.
    pub entries_done: AtomicU64,
    /// Bytes of host data that the executor has taken over.
    pub host_bytes_done: AtomicU64,
    failures: Mutex<FxHashMap<StreamId, Failures>>,
    failed_updates: Mutex<Vec<u64>>,
    ended: Mutex<Vec<StreamId>>,
}

/// Failures of one stream. One lock guards both: between taking one and noting that it was reported, a dependent could report it once more.
#[derive(Default)]
struct Failures {
    /// The first that has not been reported.
    open: Option<Error>,
    /// The one last reported while work was queued, and the last entry that was queued then.
    reported_ahead: Option<(Error, u64)>,
}

impl Progress {
    /// Notes the first unreported failure of a stream, at the entry that failed.
    ///
    /// What was already queued when a failure was reported often depends on it, and does not report it once more.
    pub fn fail(&self, position: Position, error: Error) {
        let mut failures = self.lock();
        let Failures { open, reported_ahead } = failures.entry(position.stream).or_default();
        let is_reported = |(reported, last): &(Error, u64)| position.seq <= *last && *reported == error;
        if !reported_ahead.as_ref().is_some_and(is_reported) {
            open.get_or_insert(error);
        }
    }

    /// Notes that an update of whole lists failed and changed nothing, under the number of the stack that recorded it: an optimizer counts its updates.
    pub fn fail_update(&self, stack: u64) {
        self.lock_updates().push(stack);
    }

    /// Takes what [`Progress::fail_update`] noted.
    pub fn take_failed_updates(&self) -> Vec<u64> {
        std::mem::take(&mut *self.lock_updates())
    }

    fn lock_updates(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.failed_updates
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes the unreported failure of a stream; the caller reports it.
    pub fn take_failure(&self, stream: StreamId) -> Option<Error> {
        self.lock().get_mut(&stream)?.open.take()
    }

    /// Takes the failure of a stream whose last queued entry is `last`, while entries before it may still run.
    pub fn take_failure_ahead(&self, last: Position) -> Option<Error> {
        let mut failures = self.lock();
        let Failures { open, reported_ahead } = failures.get_mut(&last.stream)?;
        let error = open.take()?;
        *reported_ahead = Some((error.clone(), last.seq));
        Some(error)
    }

    /// Notes that an error has been reported.
    pub fn reported(&self, stream: StreamId, error: &Error) {
        if let Some(Failures { open, .. }) = self.lock().get_mut(&stream) {
            open.take_if(|open| open == error);
        }
    }

    /// Notes that a closed stream has done all its work. Nobody needs its failure any more.
    pub fn end(&self, stream: StreamId) {
        self.lock().remove(&stream);
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
    }

    /// The streams that ended since the last call.
    pub fn take_ended(&self) -> Vec<StreamId> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FxHashMap<StreamId, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
