//! A map from ids to what is known about them. Ids are given out in rising order, and what lives longest was made together, so ids are looked up by
//! blocks: those of the moment lie side by side, however many tensors live besides. A hash map scatters them over all of its memory, and holds up the
//! thread of the event loop for tens of milliseconds when a hundred thousand tensors move into a larger one; here values never move.

use std::cell::Cell;

use rustc_hash::FxHashMap;

/// Ids of a block of the index.
const BLOCK: usize = 256;
/// Values of a chunk.
const CHUNK: usize = 1024;
/// No value.
const NONE: u32 = u32::MAX;

/// Where the values of neighbouring ids are.
struct Block {
    slots: [u32; BLOCK],
    /// How many of them have one.
    used: u32,
}

/// A map whose keys are ids.
pub struct IdMap<V> {
    blocks: FxHashMap<u64, Box<Block>>,
    chunks: Vec<Vec<Option<V>>>,
    /// Slots that were given up.
    free: Vec<u32>,
    len: usize,
    scanned: Cell<u64>,
}

impl<V> Default for IdMap<V> {
    fn default() -> Self {
        IdMap {
            blocks: FxHashMap::default(),
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
        let slot = self.slot(id)?;
        self.chunks[slot / CHUNK][slot % CHUNK].as_ref()
    }

    /// The same, to change.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut V> {
        let slot = self.slot(id)?;
        self.chunks[slot / CHUNK][slot % CHUNK].as_mut()
    }

    /// Whether the id has a value.
    pub fn contains(&self, id: u64) -> bool {
        self.slot(id).is_some()
    }

    /// Sets the value of an id; returns the one that it had.
    pub fn insert(&mut self, id: u64, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(id) {
            return Some(std::mem::replace(known, value));
        }
        let slot = self.store(value);
        let (number, at) = place(id);
        let block = self.blocks.entry(number).or_insert_with(|| {
            Box::new(Block {
                slots: [NONE; BLOCK],
                used: 0,
            })
        });
        block.slots[at] = slot;
        block.used += 1;
        self.len += 1;
        None
    }

    /// Forgets an id; returns its value.
    pub fn remove(&mut self, id: u64) -> Option<V> {
        let (number, at) = place(id);
        let block = self.blocks.get_mut(&number)?;
        let slot = std::mem::replace(&mut block.slots[at], NONE);
        if slot == NONE {
            return None;
        }
        block.used -= 1;
        if block.used == 0 {
            self.blocks.remove(&number);
        }
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
        self.blocks.iter().flat_map(|(number, block)| {
            let used = (0..BLOCK).filter(|&at| block.slots[at] != NONE);
            used.map(move |at| number * BLOCK as u64 + at as u64)
        })
    }

    fn slot(&self, id: u64) -> Option<usize> {
        let (number, at) = place(id);
        let slot = self.blocks.get(&number)?.slots[at];
        (slot != NONE).then_some(slot as usize)
    }

    fn store(&mut self, value: V) -> u32 {
        // The slot that was given up last: it is still in the caches.
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
        let slot = last * CHUNK + self.chunks[last].len() - 1;
        u32::try_from(slot).expect("four thousand million tensors do not fit into memory")
    }
}

/// The block of an id, and its place there.
fn place(id: u64) -> (u64, usize) {
    (id / BLOCK as u64, (id % BLOCK as u64) as usize)
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
    fn blocks_are_freed_and_slots_are_used_again() {
        let mut map = IdMap::default();
        (1..=100_000).for_each(|id| assert!(map.insert(id, ()).is_none()));
        let chunks = map.chunks.len();
        // What a loop does: it makes a tensor, frees it, and never uses an id again.
        for id in 100_001..1_000_000 {
            map.insert(id, ());
            map.remove(id);
        }
        assert_eq!(map.chunks.len(), chunks.max(100_001usize.div_ceil(CHUNK)));
        assert!(map.blocks.len() <= 100_000 / BLOCK + 1, "{} blocks", map.blocks.len());
        (1..=100_000).for_each(|id| assert!(map.remove(id).is_some()));
        assert!(map.blocks.is_empty());
    }
}
