//! Queue entries: data that says what to run, never closures, so that they can be traced, replayed and fused.
//! Only an answer to the caller (a read, a fence) carries a function: the way back.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::ops::row::{Meta, Metas, OpRow, Rng};
use crate::precision::Precision;
use crate::shape::Shape;
use crate::storage::Window;

/// Number of a tensor; 0 means none.
pub type Id = u64;

/// Number of a stream.
pub type StreamId = u32;

/// A place in a stream: the `seq`-th entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The stream.
    pub stream: StreamId,
    /// The entry's number in it, from 1.
    pub seq: u64,
}

/// Numbers on the host, as bytes of a dtype.
pub struct HostTensor {
    /// Element type.
    pub dtype: Dtype,
    /// Sizes.
    pub shape: Shape,
    /// Little-endian elements, row-major.
    pub bytes: HostBytes,
}

/// The bytes of numbers that were read.
pub enum HostBytes {
    /// A copy.
    Copied(Vec<u8>),
    /// A file that stays as it is holds them.
    Mapped(Window),
}

impl AsRef<[u8]> for HostBytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            HostBytes::Copied(bytes) => bytes,
            HostBytes::Mapped(window) => window.bytes(),
        }
    }
}

impl HostBytes {
    /// A vector of its own.
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            HostBytes::Copied(bytes) => bytes,
            HostBytes::Mapped(window) => window.bytes().to_vec(),
        }
    }
}

/// Where a new tensor's numbers come from.
pub enum Source {
    /// Bytes from the host, already of the tensor's dtype.
    Host(Vec<u8>),
    /// A window of a file that stays mapped: a base weight, used where it lies.
    Mapped(Window),
    /// A window of a file whose numbers are copied.
    Copied(Window),
}

/// The way back to a caller who awaits.
pub type Reply<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// What an entry does.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every entry is an op, and a box for each would cost an allocation"
)]
pub enum Command {
    /// Runs an op.
    Op {
        /// The op.
        row: &'static OpRow,
        /// Input tensors; `None` for a missing optional one.
        inputs: SmallVec<[Option<Id>; 6]>,
        /// Tensors to make.
        outputs: SmallVec<[Id; 3]>,
        /// What they must be.
        metas: Metas,
        /// Attributes.
        attrs: SmallVec<[f64; 12]>,
        /// Random numbers, fixed at recording.
        rng: Option<Rng>,
        /// How exactly it multiplies, fixed at recording.
        precision: Precision,
        /// A change in place that fails poisons its target.
        spoils: bool,
    },
    /// Makes a tensor from numbers outside.
    Put {
        /// The tensor.
        id: Id,
        /// What it must be.
        meta: Meta,
        /// Where the numbers are.
        source: Source,
    },
    /// Forgets tensors.
    Free(SmallVec<[Id; 8]>),
    /// Copies tensors to the host, all at this place of the queue.
    Read {
        /// The tensors.
        ids: Vec<Id>,
        /// Whether numbers that lie in a mapped file may stay there.
        in_file: bool,
        /// Who asked.
        reply: Reply<Vec<HostTensor>>,
    },
    /// Answers when everything before it in the stream is done, with the first error that nobody was told.
    Fence {
        /// Whether this ends a training step, for the back-pressure count.
        step: bool,
        /// Who asked.
        reply: Option<Reply<()>>,
    },
    /// Ends a stream: its number is forgotten.
    Close,
}

/// How far the executor has come with one recorder's work, for the back-pressure check.
#[derive(Default)]
pub struct Progress {
    /// Fences with `step` that are done.
    pub steps_done: AtomicU64,
    /// Bytes of host data that the executor took over.
    pub host_bytes_done: AtomicU64,
    failures: Mutex<FxHashMap<StreamId, Failures>>,
    failed_updates: Mutex<Vec<u64>>,
    ended: Mutex<Vec<StreamId>>,
}

/// Failures of one stream. One lock guards both: between taking one and noting that it was told, a dependent could tell it again.
#[derive(Default)]
struct Failures {
    /// The first that nobody was told.
    open: Option<Error>,
    /// The one last told while work was queued, and the last entry that was queued then.
    told_ahead: Option<(Error, u64)>,
}

impl Progress {
    /// Notes the first failure of a stream that nobody was told, at the entry that failed.
    ///
    /// What was already queued when a failure was told depends on it often, and does not tell it again.
    pub fn fail(&self, place: Place, error: Error) {
        let mut failures = self.lock();
        let Failures { open, told_ahead } = failures.entry(place.stream).or_default();
        let is_told = |(told, last): &(Error, u64)| place.seq <= *last && *told == error;
        if !told_ahead.as_ref().is_some_and(is_told) {
            open.get_or_insert(error);
        }
    }

    /// Notes that an update of whole lists changed nothing, under the number of the stack that recorded it: an optimizer counts its updates.
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

    /// Takes the failure of a stream: whoever takes it tells the user.
    pub fn take_failure(&self, stream: StreamId) -> Option<Error> {
        self.lock().get_mut(&stream)?.open.take()
    }

    /// Takes the failure of a stream whose last queued entry is `last`, while entries before it may still run.
    pub fn take_failure_ahead(&self, last: Place) -> Option<Error> {
        let mut failures = self.lock();
        let Failures { open, told_ahead } = failures.get_mut(&last.stream)?;
        let error = open.take()?;
        *told_ahead = Some((error.clone(), last.seq));
        Some(error)
    }

    /// An error that was told elsewhere is no longer open.
    pub fn told(&self, stream: StreamId, error: &Error) {
        if let Some(Failures { open, .. }) = self.lock().get_mut(&stream) {
            open.take_if(|open| open == error);
        }
    }

    /// Notes that a closed stream has done all its work. Its failure concerns nobody any more.
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

/// One entry of a stream's queue.
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// Entries of other streams that must be done first.
    pub after: SmallVec<[Place; 2]>,
    /// Module path for errors, interned; 0 is none.
    pub path: u32,
    /// Number of the stack that recorded it; 0 is none.
    pub stack: u64,
    /// Whether its results are searched for numbers that are not finite.
    pub watched: bool,
    /// The op whose gradient rule recorded it; `None` in forward.
    pub rule: Option<&'static str>,
    /// The work.
    pub command: Command,
}

/// What the recorder sends to the executor.
pub enum Message {
    /// Entries in recording order.
    Entries(Vec<Entry>),
    /// A stream comes to be. Higher priorities are served first.
    Open {
        /// Its number.
        stream: StreamId,
        /// Its priority.
        priority: i32,
        /// Whose work it is.
        progress: Arc<Progress>,
    },
    /// Skips what is queued in a stream: ops poison their outputs with this error.
    Abort {
        /// The stream.
        stream: StreamId,
        /// Why.
        error: Error,
    },
    /// A stream ends at once: its environment is gone, and nobody awaits.
    Drop {
        /// The stream.
        stream: StreamId,
    },
    /// Tensors whose environment is gone.
    Forget {
        /// The tensors.
        ids: Vec<Id>,
    },
    /// A name for error messages.
    Path {
        /// Its number.
        path: u32,
        /// The module path.
        name: String,
    },
    /// The thread ends after what is queued.
    Stop,
}
