//! Ids of tensors: unique in the process, and known to the thread that gave them out, so that a tensor of another thread is recognised.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::meta::Id;

/// Ids that a recorder reserves at once.
const BLOCK: u64 = 1024;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

/// The ids of one recorder.
#[derive(Default)]
pub(super) struct Ids {
    /// Reserved ids in rising order; adjacent ranges are joined, so that a single thread has one range.
    taken: Vec<Range<Id>>,
    next: Id,
}

impl Ids {
    /// An id that no tensor of the process has.
    pub(super) fn next(&mut self) -> Id {
        if self.taken.last().is_none_or(|range| self.next == range.end) {
            let start = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
            match self.taken.last_mut().filter(|range| range.end == start) {
                Some(range) => range.end += BLOCK,
                None => self.taken.push(start..start + BLOCK),
            }
            self.next = start;
        }
        self.next += 1;
        self.next - 1
    }

    /// Whether this recorder has reserved the id.
    pub(super) fn has(&self, id: Id) -> bool {
        let after = self.taken.partition_point(|range| range.start <= id);
        after > 0 && id < self.taken[after - 1].end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recorder_knows_its_own_numbers() {
        let (mut a, mut b) = (Ids::default(), Ids::default());
        let mut all = std::collections::HashSet::new();
        for _ in 0..5000 {
            let (x, y) = (a.next(), b.next());
            assert!(all.insert(x) && all.insert(y));
            assert!(a.has(x) && b.has(y) && !a.has(y) && !b.has(x));
        }
        assert!(!a.has(0));
    }
}
