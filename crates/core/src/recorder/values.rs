//! What the recorder knows about each tensor, and who holds it.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::progress::{Position, StreamId};
use crate::meta::{Id, Meta};

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Frozen weight.
    Base = 0,
    /// Trainable parameter.
    Adapter = 1,
    /// Gradient.
    Gradient = 2,
    /// Optimizer state.
    Optimizer = 3,
    /// Everything else.
    Activation = 4,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Kind; 5] = [
        Kind::Base,
        Kind::Adapter,
        Kind::Gradient,
        Kind::Optimizer,
        Kind::Activation,
    ];
}

/// What the views of one storage share.
#[derive(Clone, Debug)]
pub struct StorageMeta {
    /// How often it has been changed in place.
    pub version: u32,
    /// Values with this storage.
    pub users: u32,
    /// Its size.
    pub bytes: u64,
    /// What it is for.
    pub kind: Kind,
    written: Option<Position>,
    read: SmallVec<[Position; 2]>,
}

impl StorageMeta {
    /// Notes a use at `here` and collects the positions in other streams that it must wait for.
    pub fn touch(&mut self, here: Position, write: bool, after: &mut SmallVec<[Position; 2]>) {
        let mut wait = |position: Position| {
            if position.stream != here.stream && !after.contains(&position) {
                after.push(position);
            }
        };
        if let Some(position) = self.written {
            wait(position);
        }
        if write {
            self.read.drain(..).for_each(&mut wait);
            self.written = Some(here);
        } else {
            self.read.retain(|position| position.stream != here.stream);
            self.read.push(here);
        }
    }
}

impl Dead {
    /// The stream that used it last, as far as known.
    pub fn home(&self) -> Option<StreamId> {
        let storage = self.storage.as_ref();
        let position = storage
            .and_then(|s| s.read.last().or(s.written.as_ref()))
            .or(self.used.last());
        position.map(|p| p.stream)
    }
}

/// One tensor.
#[derive(Debug)]
pub struct ValueMeta {
    /// Shape and dtype.
    pub meta: Meta,
    /// Whether a gradient flows to it.
    pub requires_grad: bool,
    /// The node that produced it, and which output it is.
    pub node: Option<(u64, usize)>,
    /// Its gradient, for leaves and after `retainGrad`.
    pub grad: Option<Id>,
    /// Whether the gradient is kept although it is not a leaf.
    pub retain_grad: bool,
    storage: u64,
    handles: u32,
    /// Holds of the graph: saved tensors, edges to leaves, gradients.
    holds: u32,
}

/// A value that nobody holds any more.
pub struct Dead {
    /// Its id.
    pub id: Id,
    /// Its storage, when no other view uses it.
    pub storage: Option<StorageMeta>,
    /// Where the storage was used, when another view keeps it.
    pub used: SmallVec<[Position; 2]>,
}

/// All tensors of one environment.
#[derive(Default)]
pub struct Values {
    values: FxHashMap<Id, ValueMeta>,
    storages: FxHashMap<u64, StorageMeta>,
}

impl Values {
    /// Adds a value without holders.
    pub fn insert(&mut self, id: Id, meta: Meta, storage: Option<u64>, kind: Kind) {
        let storage = match storage {
            Some(number) => {
                self.storages.get_mut(&number).expect("a view's storage lives").users += 1;
                number
            }
            None => {
                let bytes = meta.bytes();
                self.storages.insert(
                    id,
                    StorageMeta {
                        version: 0,
                        users: 1,
                        bytes,
                        kind,
                        written: None,
                        read: SmallVec::new(),
                    },
                );
                id
            }
        };
        self.values.insert(
            id,
            ValueMeta {
                meta,
                requires_grad: false,
                node: None,
                grad: None,
                retain_grad: false,
                storage,
                handles: 0,
                holds: 0,
            },
        );
    }

    /// Whether the user may still use the tensor.
    pub fn is_usable(&self, id: Id) -> bool {
        self.values.get(&id).is_some_and(|v| v.handles > 0 || v.holds > 0)
    }

    /// Whether the tensor is known.
    pub fn contains(&self, id: Id) -> bool {
        self.values.contains_key(&id)
    }

    /// Shape and dtype.
    pub fn meta(&self, id: Id) -> &Meta {
        &self.get(id).meta
    }

    /// Everything known about a tensor.
    pub fn get(&self, id: Id) -> &ValueMeta {
        self.values
            .get(&id)
            .expect("the recorder checks ids before it uses them")
    }

    /// The same, to change.
    pub fn get_mut(&mut self, id: Id) -> &mut ValueMeta {
        self.values
            .get_mut(&id)
            .expect("the recorder checks ids before it uses them")
    }

    /// Number of the storage.
    pub fn storage_number(&self, id: Id) -> u64 {
        self.get(id).storage
    }

    /// The storage.
    pub fn storage(&self, id: Id) -> &StorageMeta {
        self.storages
            .get(&self.get(id).storage)
            .expect("a value's storage lives")
    }

    /// The storage, to change.
    pub fn storage_mut(&mut self, id: Id) -> &mut StorageMeta {
        let number = self.get(id).storage;
        self.storages.get_mut(&number).expect("a value's storage lives")
    }

    /// Adds a handle; returns whether it is the first.
    pub fn hold_handle(&mut self, id: Id) -> bool {
        let value = self.get_mut(id);
        value.handles += 1;
        value.handles == 1
    }

    /// Drops a handle; returns whether it was the last.
    pub fn drop_handle(&mut self, id: Id) -> bool {
        let value = self.get_mut(id);
        if value.handles == 0 {
            return false;
        }
        value.handles -= 1;
        value.handles == 0
    }

    /// Whether the user has a handle.
    pub fn has_handle(&self, id: Id) -> bool {
        self.get(id).handles > 0
    }

    /// Adds a hold of the graph.
    pub fn hold(&mut self, id: Id) {
        self.get_mut(id).holds += 1;
    }

    /// Drops a hold of the graph.
    pub fn unhold(&mut self, id: Id) {
        let value = self.get_mut(id);
        value.holds = value.holds.checked_sub(1).expect("every hold is dropped once");
    }

    /// Whether nobody holds it.
    pub fn is_unused(&self, id: Id) -> bool {
        self.values.get(&id).is_some_and(|v| v.handles == 0 && v.holds == 0)
    }

    /// Whether the graph alone holds it, once: then it may be changed in place.
    pub fn is_sole(&self, id: Id) -> bool {
        let v = self.get(id);
        v.handles == 0 && v.holds == 1 && self.storage(id).users == 1
    }

    /// Forgets an unused value; the caller releases its gradient.
    pub fn remove(&mut self, id: Id) -> (Dead, Option<Id>) {
        let value = self.values.remove(&id).expect("an unused value is still known");
        let storage = self.storages.get_mut(&value.storage).expect("a value's storage lives");
        storage.users -= 1;
        let dead = if storage.users == 0 {
            Dead {
                id,
                storage: self.storages.remove(&value.storage),
                used: SmallVec::new(),
            }
        } else {
            let mut used = storage.read.clone();
            used.extend(storage.written);
            Dead {
                id,
                storage: None,
                used,
            }
        };
        (dead, value.grad)
    }

    /// Forgets uses in streams that have ended: nothing waits for them any more.
    pub fn forget_streams(&mut self, ended: &[StreamId]) {
        for storage in self.storages.values_mut() {
            storage.read.retain(|position| !ended.contains(&position.stream));
            storage.written = storage.written.filter(|position| !ended.contains(&position.stream));
        }
    }

    /// The ids of all tensors.
    pub fn all_ids(&self) -> Vec<Id> {
        self.values.keys().copied().collect()
    }

    /// Number of values; a storage with two views has two.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Bytes of one kind.
    pub fn bytes_of(&self, kind: Kind) -> u64 {
        self.storages.values().filter(|s| s.kind == kind).map(|s| s.bytes).sum()
    }

    /// Live tensors and bytes by kind.
    pub fn count(&self) -> [(u64, u64); Kind::ALL.len()] {
        let mut counts = [(0, 0); Kind::ALL.len()];
        for storage in self.storages.values() {
            let count = &mut counts[storage.kind as usize];
            count.0 += 1;
            count.1 += storage.bytes;
        }
        counts
    }
}
