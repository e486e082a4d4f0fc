//! Queue entries: data that says what to run, never closures, so that they can be traced, replayed and fused.
//! Only what answers the caller (a read, a fence) carries a function, its reply.

use std::sync::Arc;

use smallvec::SmallVec;

use super::progress::{Position, Progress, StreamId};
use super::uses::Waits;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::meta::{Id, Meta, Metas};
use crate::ops::row::OpRow;
use crate::precision::Precision;
use crate::rng::Rng;
use crate::shape::Shape;
use crate::storage::{Bytes, Window};

/// The values of a tensor on the host, as bytes.
pub struct HostTensor {
    /// Element type.
    pub dtype: Dtype,
    /// Sizes.
    pub shape: Shape,
    /// Little-endian elements, row-major.
    pub bytes: HostBytes,
}

/// The bytes of values that were read.
pub enum HostBytes {
    /// A copy.
    Copied(Vec<u8>),
    /// Bytes of a mapped file, not copied.
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

impl Bytes for HostBytes {
    fn check(&self) -> Result<()> {
        match self {
            HostBytes::Copied(_) => Ok(()),
            HostBytes::Mapped(window) => window.check(),
        }
    }
}

impl HostBytes {
    /// The bytes in a vector of their own.
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            HostBytes::Copied(bytes) => bytes,
            HostBytes::Mapped(window) => window.bytes().to_vec(),
        }
    }
}

/// Where the values of a new tensor come from.
pub enum Source {
    /// Bytes from the host, already of the tensor's dtype.
    Host(Vec<u8>),
    /// A window of a mapped file: a base weight, used without a copy.
    Mapped(Window),
    /// A window of a file, to be copied.
    Copied(Window),
}

/// Answers a caller that awaits.
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
        /// Tensors that it produces.
        outputs: SmallVec<[Id; 3]>,
        /// Their shapes and dtypes.
        metas: Metas,
        /// Attributes.
        attrs: SmallVec<[f64; 12]>,
        /// Random numbers, fixed when it was recorded.
        rng: Option<Rng>,
        /// Precision of its products, fixed when it was recorded.
        precision: Precision,
        /// The tensors that are poisoned when a change of them in place fails.
        spoils: SmallVec<[Id; 1]>,
    },
    /// Makes a tensor from values of the host or of a file.
    Put {
        /// The tensor.
        id: Id,
        /// Its shape and dtype.
        meta: Meta,
        /// Where its values are.
        source: Source,
    },
    /// Frees tensors.
    Free(SmallVec<[Id; 8]>),
    /// Copies tensors to the host, as they are at this position of the queue.
    Read {
        /// The tensors.
        ids: Vec<Id>,
        /// Whether values in a mapped file are passed on without a copy.
        in_file: bool,
        /// Answers the caller.
        reply: Reply<Vec<HostTensor>>,
    },
    /// Answers when everything before it in the stream is done, with the first error that has not been reported.
    Fence {
        /// Whether this ends a training step, for the back-pressure count.
        step: bool,
        /// Answers the caller.
        reply: Option<Reply<()>>,
    },
    /// Ends a stream: its number is forgotten.
    Close,
}

/// One entry of a stream's queue.
pub struct Entry {
    /// Its position in the queue.
    pub position: Position,
    /// Entries of other streams that must be done first.
    pub after: Waits,
    /// Module path for errors, as an interned number; 0 is none.
    pub path: u32,
    /// Number of the call stack that recorded it; 0 is none.
    pub stack: u64,
    /// Whether its results are checked for NaN and infinities.
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
    /// Opens a stream. Higher priorities are served first.
    Open {
        /// Its number.
        stream: StreamId,
        /// Its priority.
        priority: i32,
        /// Where its progress is reported.
        progress: Arc<Progress>,
    },
    /// Skips what is queued in a stream: ops poison their outputs with this error.
    Abort {
        /// The stream.
        stream: StreamId,
        /// Why.
        error: Error,
    },
    /// Ends a stream at once: its environment is gone, and nobody awaits its work.
    Drop {
        /// The stream.
        stream: StreamId,
    },
    /// Frees tensors whose environment is gone.
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
    /// Ends the thread after what is queued.
    Stop,
}

/// Where the recorder sends what it recorded.
pub trait Link: Send + Sync {
    /// Hands over a message. Never waits.
    fn send(&self, message: Message);
}
