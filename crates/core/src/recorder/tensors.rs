//! Tensors made from host data or files, read back, and freed.

use smallvec::SmallVec;

use super::entry::{Command, HostTensor, Reply, Source};
use super::progress::Position;
use super::record::Recorder;
use super::uses::{Waits, compact};
use super::values::{Dead, Kind};
use crate::error::Result;
use crate::meta::{Id, Meta, Metas};

/// Values that are freed at one position.
struct Freed {
    here: Position,
    after: Waits,
    ids: SmallVec<[Id; 8]>,
}

impl Freed {
    fn at(here: Position) -> Self {
        Freed {
            here,
            after: Waits::new(),
            ids: SmallVec::new(),
        }
    }
}

impl Recorder {
    /// Makes a tensor from values of the host or of a file.
    ///
    /// # Errors
    /// [`crate::Code::Backlog`], or [`crate::Code::Memory`] for one that can never fit.
    pub fn put(&mut self, meta: Meta, source: Source, kind: Kind) -> Result<Id> {
        self.check_backlog()?;
        let metas: Metas = SmallVec::from_elem(meta.clone(), 1);
        self.check_size(&metas)?;
        if let Source::Host(bytes) = &source {
            self.host_bytes += bytes.len() as u64;
        }
        let id = self.ids.next();
        self.values.insert(id, meta.clone(), None, kind);
        self.tape.hold_handle(&mut self.values, id);
        let here = self.next_position(self.current).expect("the current stream is open");
        let mut after = Waits::new();
        self.values.touch(id, here, true, &mut after);
        self.push(here, after, Command::Put { id, meta, source });
        Ok(id)
    }

    /// Copies tensors to the host, as they are at this position of the queue.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn read(&mut self, ids: &[Id], reply: Reply<Vec<HostTensor>>) -> Result<()> {
        self.read_all(ids, false, reply)
    }

    /// The same for a caller that does not change the bytes: those of a mapped file are not copied.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn read_where_they_lie(&mut self, ids: &[Id], reply: Reply<Vec<HostTensor>>) -> Result<()> {
        self.read_all(ids, true, reply)
    }

    fn read_all(&mut self, ids: &[Id], in_file: bool, reply: Reply<Vec<HostTensor>>) -> Result<()> {
        if let Some(&id) = ids.iter().find(|&&id| !self.values.is_usable(id)) {
            return Err(self.gone(id));
        }
        let here = self.next_position(self.current).expect("the current stream is open");
        let mut after = Waits::new();
        for &id in ids {
            self.values.touch(id, here, false, &mut after);
        }
        compact(&mut after);
        self.push(
            here,
            after,
            Command::Read {
                ids: ids.to_vec(),
                in_file,
                reply,
            },
        );
        self.flush();
        Ok(())
    }

    /// Answers when everything recorded in the current stream is done.
    pub fn fence(&mut self, step: bool, reply: Option<Reply<()>>) {
        self.steps += u64::from(step);
        let here = self.next_position(self.current).expect("the current stream is open");
        self.push(here, SmallVec::new(), Command::Fence { step, reply });
        self.flush();
    }

    /// Drops one handle of a tensor.
    pub fn release(&mut self, id: Id) {
        if self.values.contains(id) {
            self.tape.drop_handle(&mut self.values, id);
            self.free_dead();
        }
    }

    /// Frees a value that neither the user nor the graph holds.
    pub(crate) fn drop_if_unused(&mut self, id: Id) {
        self.tape.release_if_unused(&mut self.values, id);
        self.free_dead();
    }

    /// Queues the freeing of values that the recorder has already forgotten.
    pub(crate) fn free_values(&mut self, dead: Vec<Dead>) {
        if dead.is_empty() {
            return;
        }
        let mut groups: SmallVec<[Freed; 1]> = SmallVec::new();
        for mut value in dead {
            // In the stream that used it last: in another one, the freeing would make that one wait for this.
            let stream = value.uses.latest().filter(|s| self.streams.contains_key(s));
            let stream = stream.unwrap_or(self.current);
            let at = groups.iter().position(|g| g.here.stream == stream).unwrap_or_else(|| {
                let here = self.next_position(stream).expect("the current stream is open");
                groups.push(Freed::at(here));
                groups.len() - 1
            });
            let Freed { here, after, ids } = &mut groups[at];
            ids.push(value.id);
            self.values.touch_dead(&mut value, *here, after);
        }
        for Freed { here, mut after, ids } in groups {
            compact(&mut after);
            self.push(here, after, Command::Free(ids));
        }
    }

    /// Live tensors and bytes by kind, in the order of [`Kind::ALL`].
    pub fn memory(&self) -> [(u64, u64); Kind::ALL.len()] {
        self.values.count()
    }

    /// Bytes of inputs, results and what the graph saved of them.
    pub fn activation_bytes(&self) -> u64 {
        self.values.count()[Kind::Activation as usize].1
    }

    /// What was done so far: entries recorded, tensors listed, uses of tensors looked at.
    pub fn work(&self) -> [u64; 3] {
        let [listed, looked] = self.values.work();
        [self.entries, listed, looked]
    }

    /// Live values; each view counts.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// Nodes of the graph.
    pub fn tape_nodes(&self) -> usize {
        self.tape.len()
    }

    /// Shape and dtype of a tensor.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn meta(&self, id: Id) -> Result<&Meta> {
        if self.values.is_usable(id) {
            Ok(self.values.meta(id))
        } else {
            Err(self.gone(id))
        }
    }

    /// Fails when the tensor cannot be used.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn check_live(&self, id: Id) -> Result<()> {
        self.meta(id).map(|_| ())
    }

    /// How often the tensor has been changed in place.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn version(&self, id: Id) -> Result<u32> {
        self.check_live(id)?;
        Ok(self.values.storage(id).version)
    }

    /// Sets what a tensor is for, as `memory()` counts it.
    pub fn set_kind(&mut self, id: Id, kind: Kind) {
        if self.values.is_usable(id) {
            self.values.set_kind(id, kind);
        }
    }

    /// What a tensor is for.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn kind(&self, id: Id) -> Result<Kind> {
        self.check_live(id)?;
        Ok(self.values.storage(id).kind())
    }

    /// Number of the storage of a tensor: views share it.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn storage(&self, id: Id) -> Result<u64> {
        self.check_live(id)?;
        Ok(self.values.storage_number(id))
    }
}
