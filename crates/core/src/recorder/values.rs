//! What the recorder knows about each tensor, and who holds it.

use super::progress::{Position, StreamId};
use super::uses::{Alive, Uses, Waits};
use crate::id_map::IdMap;
use crate::meta::{Id, Meta};

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Frozen weight, or buffer of a module.
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
    bytes: u64,
    kind: Kind,
    uses: Uses,
}

impl StorageMeta {
    /// What it is for.
    pub fn kind(&self) -> Kind {
        self.kind
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
    /// Where the id itself was used, of a view: its end waits for these alone, not for whoever uses the same storage.
    uses: Option<Box<Uses>>,
    handles: u32,
    /// Holds of the graph: saved tensors, edges to leaves, gradients.
    holds: u32,
}

/// A value that nobody holds any more.
pub struct Dead {
    /// Its id.
    pub id: Id,
    /// Where it is used: where its storage is, or, of a view, its id.
    pub uses: Uses,
}

/// All tensors of one environment.
#[derive(Default)]
pub struct Values {
    values: IdMap<ValueMeta>,
    storages: IdMap<StorageMeta>,
    /// Live storages and their bytes by kind: read at every await, so they are kept and not counted.
    counts: [(u64, u64); Kind::ALL.len()],
    streams: Alive,
}

impl Values {
    /// Adds a value without holders.
    pub fn insert(&mut self, id: Id, meta: Meta, storage: Option<u64>, kind: Kind) {
        let storage = match storage {
            Some(number) => {
                self.storages.get_mut(number).expect("a view's storage lives").users += 1;
                number
            }
            None => {
                let bytes = meta.bytes();
                let storage = StorageMeta {
                    version: 0,
                    users: 1,
                    bytes,
                    kind,
                    uses: Uses::default(),
                };
                self.storages.insert(id, storage);
                let count = &mut self.counts[kind as usize];
                *count = (count.0 + 1, count.1 + bytes);
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
                uses: None,
                handles: 0,
                holds: 0,
            },
        );
    }

    /// Whether the user may still use the tensor.
    pub fn is_usable(&self, id: Id) -> bool {
        self.values.get(id).is_some_and(|v| v.handles > 0 || v.holds > 0)
    }

    /// Whether the tensor is known.
    pub fn contains(&self, id: Id) -> bool {
        self.values.contains(id)
    }

    /// Shape and dtype.
    pub fn meta(&self, id: Id) -> &Meta {
        &self.get(id).meta
    }

    /// Everything known about a tensor.
    pub fn get(&self, id: Id) -> &ValueMeta {
        self.values
            .get(id)
            .expect("the recorder checks ids before it uses them")
    }

    /// The same, to change.
    pub fn get_mut(&mut self, id: Id) -> &mut ValueMeta {
        self.values
            .get_mut(id)
            .expect("the recorder checks ids before it uses them")
    }

    /// Number of the storage.
    pub fn storage_number(&self, id: Id) -> u64 {
        self.get(id).storage
    }

    /// The storage.
    pub fn storage(&self, id: Id) -> &StorageMeta {
        self.storages
            .get(self.get(id).storage)
            .expect("a value's storage lives")
    }

    /// Notes that a tensor was changed in place.
    pub fn bump(&mut self, id: Id) {
        let number = self.get(id).storage;
        self.storages.get_mut(number).expect("a value's storage lives").version += 1;
    }

    /// Notes a use at `here` and collects the positions in other streams that it must wait for.
    pub fn touch(&mut self, id: Id, here: Position, write: bool, after: &mut Waits) {
        let value = self
            .values
            .get_mut(id)
            .expect("the recorder checks ids before it uses them");
        let number = value.storage;
        if number != id {
            value.uses.get_or_insert_default().note(here, &self.streams);
        }
        let storage = self.storages.get_mut(number).expect("a value's storage lives");
        storage.uses.touch(here, write, after, &self.streams);
    }

    /// Collects what freeing a value at `here` must wait for.
    pub fn touch_dead(&self, dead: &mut Dead, here: Position, after: &mut Waits) {
        dead.uses.touch(here, true, after, &self.streams);
    }

    /// Sets what a tensor is for.
    pub fn set_kind(&mut self, id: Id, kind: Kind) {
        let number = self.get(id).storage;
        let storage = self.storages.get_mut(number).expect("a value's storage lives");
        let (before, bytes) = (std::mem::replace(&mut storage.kind, kind), storage.bytes);
        self.counts[before as usize].0 -= 1;
        self.counts[before as usize].1 -= bytes;
        self.counts[kind as usize].0 += 1;
        self.counts[kind as usize].1 += bytes;
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
        self.values.get(id).is_some_and(|v| v.handles == 0 && v.holds == 0)
    }

    /// Whether the graph alone holds it, once: then it may be changed in place.
    pub fn is_sole(&self, id: Id) -> bool {
        let v = self.get(id);
        v.handles == 0 && v.holds == 1 && self.storage(id).users == 1
    }

    /// Forgets an unused value; the caller releases its gradient.
    pub fn remove(&mut self, id: Id) -> (Dead, Option<Id>) {
        let value = self.values.remove(id).expect("an unused value is still known");
        let storage = self.storages.get_mut(value.storage).expect("a value's storage lives");
        storage.users -= 1;
        let uses = if storage.users > 0 {
            value.uses.map_or_else(|| storage.uses.clone(), |uses| *uses)
        } else {
            let storage = self.storages.remove(value.storage).expect("it was just there");
            let count = &mut self.counts[storage.kind as usize];
            *count = (count.0 - 1, count.1 - storage.bytes);
            storage.uses
        };
        (Dead { id, uses }, value.grad)
    }

    /// A stream begins.
    pub fn open_stream(&mut self, stream: StreamId) {
        self.streams.open(stream);
    }

    /// A stream has done all its work: nothing waits for it any more.
    pub fn end_stream(&mut self, stream: StreamId) {
        self.streams.end(stream);
    }

    /// Tensors and storages that were listed so far, and uses that were looked at.
    pub fn work(&self) -> [u64; 2] {
        [self.values.scanned() + self.storages.scanned(), self.streams.looked()]
    }

    /// The ids of all tensors.
    pub fn all_ids(&self) -> Vec<Id> {
        self.values.keys().collect()
    }

    /// Number of values; a storage with two views has two.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Live tensors and bytes by kind.
    pub fn count(&self) -> [(u64, u64); Kind::ALL.len()] {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Dtype;
    use crate::shape::Shape;

    #[test]
    fn the_counts_are_those_of_the_storages_that_live() {
        let mut values = Values::default();
        let meta = |n: usize| Meta::new(Shape::new(&[n]), Dtype::F32);
        for id in 1..=1000 {
            values.insert(id, meta(id as usize % 7), None, Kind::ALL[id as usize % 5]);
            values.insert(1000 + id, meta(id as usize % 7), Some(id), Kind::Activation);
        }
        for id in 1..=1000 {
            if id % 3 == 0 {
                values.set_kind(1000 + id, Kind::ALL[id as usize % 4]);
            }
            if id % 5 != 0 {
                values.remove(id);
            }
            if id % 2 == 0 {
                values.remove(1000 + id);
            }
        }
        let mut wanted = [(0, 0); Kind::ALL.len()];
        for number in values.storages.keys() {
            let storage = values.storages.get(number).expect("it is a key");
            let count = &mut wanted[storage.kind as usize];
            *count = (count.0 + 1, count.1 + storage.bytes);
        }
        assert_eq!(values.count(), wanted);
        for id in values.all_ids() {
            values.remove(id);
        }
        assert_eq!(values.count(), [(0, 0); Kind::ALL.len()]);
    }
}
