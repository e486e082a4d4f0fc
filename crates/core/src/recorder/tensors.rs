//! Tensors from outside and back, and the end of tensors.

use smallvec::SmallVec;

use super::Recorder;
use crate::entry::{Command, HostTensor, Id, Place, Reply, Source};
use crate::error::Result;
use crate::ops::row::{Meta, Metas};
use crate::values::Kind;

/// Values that are freed at one place.
struct Freed {
    here: Place,
    after: SmallVec<[Place; 2]>,
    ids: SmallVec<[Id; 8]>,
}

impl Freed {
    fn at(here: Place) -> Self {
        Freed {
            here,
            after: SmallVec::new(),
            ids: SmallVec::new(),
        }
    }
}

impl Recorder {
    /// Makes a tensor from numbers outside.
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
        let here = self.next_place(self.current).expect("the current stream is open");
        let mut after = SmallVec::new();
        self.values.storage_mut(id).touch(here, true, &mut after);
        self.push(here, after, Command::Put { id, meta, source });
        Ok(id)
    }

    /// Copies tensors to the host, at this place of the queue.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn read(&mut self, ids: &[Id], reply: Reply<Vec<HostTensor>>) -> Result<()> {
        self.read_all(ids, false, reply)
    }

    /// The same for who does not change the bytes: those of a mapped file are not copied.
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
        let here = self.next_place(self.current).expect("the current stream is open");
        let mut after = SmallVec::new();
        for &id in ids {
            self.values.storage_mut(id).touch(here, false, &mut after);
        }
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
        let here = self.next_place(self.current).expect("the current stream is open");
        self.push(here, SmallVec::new(), Command::Fence { step, reply });
        self.flush();
    }

    /// The user lets go of a tensor once.
    pub fn release(&mut self, id: Id) {
        if self.values.contains(id) {
            self.tape.drop_handle(&mut self.values, id);
            self.free_dead();
        }
    }

    /// Frees a value that neither the user nor the tape holds.
    pub(crate) fn drop_if_unused(&mut self, id: Id) {
        self.tape.release_if_unused(&mut self.values, id);
        self.free_dead();
    }

    /// Queues the end of values that the metadata has already forgotten.
    pub(crate) fn free_values(&mut self, dead: Vec<crate::values::Dead>) {
        if dead.is_empty() {
            return;
        }
        let mut groups: SmallVec<[Freed; 1]> = SmallVec::new();
        for mut value in dead {
            // Where it was last used: in another stream, its end would make that one wait for this.
            let stream = value.home().filter(|s| self.streams.contains_key(s));
            let stream = stream.unwrap_or(self.current);
            let at = groups.iter().position(|g| g.here.stream == stream).unwrap_or_else(|| {
                let here = self.next_place(stream).expect("the current stream is open");
                groups.push(Freed::at(here));
                groups.len() - 1
            });
            let Freed { here, after, ids } = &mut groups[at];
            ids.push(value.id);
            if let Some(storage) = &mut value.storage {
                storage.touch(*here, true, after);
            } else {
                // Another view keeps the numbers; this name must still outlive its queued readers.
                after.extend(value.used.iter().copied().filter(|p| p.stream != here.stream));
            }
        }
        for Freed { here, after, ids } in groups {
            self.push(here, after, Command::Free(ids));
        }
    }

    /// Live tensors and bytes by kind, in the order of [`Kind::ALL`].
    pub fn memory(&self) -> [(u64, u64); Kind::ALL.len()] {
        self.values.count()
    }

    /// Bytes of inputs, results and what the tape saved of them.
    pub fn activation_bytes(&self) -> u64 {
        self.values.bytes_of(Kind::Activation)
    }

    /// Live values, each view for itself.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// Nodes of the tape.
    pub fn tape_nodes(&self) -> usize {
        self.tape.len()
    }

    /// What is known of a tensor.
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

    /// How often the tensor's numbers were changed in place.
    ///
    /// # Errors
    /// [`crate::Code::Disposed`].
    pub fn version(&self, id: Id) -> Result<u32> {
        self.check_live(id)?;
        Ok(self.values.storage(id).version)
    }

    /// Says what a tensor is for, for `memory()`.
    pub fn set_kind(&mut self, id: Id, kind: Kind) {
        if self.values.is_usable(id) {
            self.values.storage_mut(id).kind = kind;
        }
    }
}
