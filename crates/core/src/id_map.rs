//! A map from ids to what is known about them that never stands still to grow: a hash map of a hundred thousand tensors takes tens of milliseconds to
//! move into a larger one, on the thread of the event loop.
//!
//! Values lie in chunks that are never moved. The index grows by linear hashing: a part at a time, and each time only the entries of one part move.

use std::cell::Cell;

use rustc_hash::FxHashMap;

/// Entries of a part of the index, on average; when there are more, another part is added. The largest part has twice as many.
const AVERAGE: usize = 1536;
/// What a part has room for without growing by itself: the largest part, and some for chance.
const ROOM: usize = 3584;
/// Values of a chunk.
const CHUNK: usize = 1024;

type Part = FxHashMap<u64, u32>;

/// A map whose keys are ids.
pub struct IdMap<V> {
    index: Vec<Part>,
    chunks: Vec<Vec<Option<V>>>,
    /// Slots that were given up.
    free: Vec<u32>,
    len: usize,
    scanned: Cell<u64>,
}

impl<V> Default for IdMap<V> {
    fn default() -> Self {
        IdMap {
            index: vec![Part::default()],
            chunks: Vec::new(),
            free: Vec::new(),
            len: 0,
            scanned: Cell::new(0),
        }
    }
}

impl<V> IdMap<V> {
    /// The value of an id.
    pub fn get(&self, id: u64) -> Option<&V> {
        let slot = *self.index[self.part_of(id)].get(&id)? as usize;
        self.chunks[slot / CHUNK][slot % CHUNK].as_ref()
    }

    /// The same, to change.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut V> {
        let slot = *self.index[self.part_of(id)].get(&id)? as usize;
        self.chunks[slot / CHUNK][slot % CHUNK].as_mut()
    }

    /// Whether the id has a value.
    pub fn contains(&self, id: u64) -> bool {
        self.index[self.part_of(id)].contains_key(&id)
    }

    /// Sets the value of an id; returns the one that it had.
    pub fn insert(&mut self, id: u64, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(id) {
            return Some(std::mem::replace(known, value));
        }
        let slot = self.store(value);
        let part = self.part_of(id);
        self.index[part].insert(id, slot);
        self.len += 1;
        if self.len > AVERAGE * self.index.len() {
            self.split();
        }
        None
    }

    /// Forgets an id; returns its value.
    pub fn remove(&mut self, id: u64) -> Option<V> {
        let part = self.part_of(id);
        let slot = self.index[part].remove(&id)?;
        self.len -= 1;
        self.free.push(slot);
        self.chunks[slot as usize / CHUNK][slot as usize % CHUNK].take()
    }

    /// Number of ids.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many ids have been listed so far: proof:scale shows that no await, op or step lists them.
    pub fn scanned(&self) -> u64 {
        self.scanned.get()
    }

    /// All ids, in no order.
    pub fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.scanned.set(self.scanned.get() + self.len as u64);
        self.index.iter().flat_map(|part| part.keys().copied())
    }

    fn store(&mut self, value: V) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.chunks[slot as usize / CHUNK][slot as usize % CHUNK] = Some(value);
            return slot;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            // The first chunk grows as a vector does, so that a map of few ids is small.
            let room = if self.chunks.is_empty() { 0 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        let last = self.chunks.len() - 1;
        self.chunks[last].push(Some(value));
        u32::try_from(last * CHUNK + self.chunks[last].len() - 1)
            .expect("four thousand million tensors do not fit into memory")
    }

    /// Parts below the last power of two have been split in this round, or were made by it: they take one bit more of the hash.
    fn part_of(&self, id: u64) -> usize {
        let round = self.index.len().next_power_of_two();
        let part = (id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (round - 1);
        if part < self.index.len() {
            part
        } else {
            part - round / 2
        }
    }

    /// Adds a part, and moves into it what belongs there.
    fn split(&mut self) {
        let new = self.index.len();
        let source = new - (new + 1).next_power_of_two() / 2;
        let room = || Part::with_capacity_and_hasher(ROOM, Default::default());
        self.index.push(room());
        for (id, slot) in std::mem::replace(&mut self.index[source], room()) {
            let part = self.part_of(id);
            self.index[part].insert(id, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn scattered(n: u64) -> impl Iterator<Item = u64> {
        (1..=n).map(|i| i.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 11)
    }

    #[test]
    fn it_holds_what_a_hash_map_holds() {
        for ids in [(1..20_000).collect::<Vec<u64>>(), scattered(20_000).collect()] {
            let (mut map, mut plain) = (IdMap::default(), std::collections::HashMap::new());
            for (i, &id) in ids.iter().enumerate() {
                assert_eq!(map.insert(id, i), plain.insert(id, i));
                if i % 3 == 0 {
                    let old = ids[i / 2];
                    assert_eq!(map.remove(old), plain.remove(&old));
                }
                if i % 7 == 0 {
                    assert_eq!(map.insert(ids[i / 3], 0), plain.insert(ids[i / 3], 0));
                }
            }
            assert_eq!(map.len(), plain.len());
            for &id in &ids {
                assert_eq!(map.get(id), plain.get(&id));
                assert_eq!(map.get_mut(id), plain.get_mut(&id));
                assert_eq!(map.contains(id), plain.contains_key(&id));
            }
            let mut keys: Vec<u64> = map.keys().collect();
            let mut wanted: Vec<u64> = plain.keys().copied().collect();
            keys.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(keys, wanted);
            for id in wanted {
                assert!(map.remove(id).is_some());
            }
            assert!(map.is_empty());
        }
    }

    #[test]
    fn no_part_outgrows_its_room_and_slots_are_used_again() {
        for ids in [(1..=200_000).collect::<Vec<u64>>(), scattered(200_000).collect()] {
            let mut map = IdMap::default();
            for &id in &ids {
                map.insert(id, ());
                let largest = map.index.iter().map(Part::len).max();
                if id % 512 == 0 {
                    assert!(largest <= Some(ROOM), "{largest:?} of {}", map.len());
                }
            }
            let chunks = map.chunks.len();
            for round in 0..3 {
                for &id in &ids {
                    map.remove(id + (round << 54));
                    map.insert(id + ((round + 1) << 54), ());
                }
            }
            assert!(
                map.chunks.len() <= chunks + 1,
                "{} chunks after {chunks}",
                map.chunks.len()
            );
        }
    }
}
