//! Where a storage is used, so that what another stream records waits for it. What a use costs does not depend on how many streams there are.

use std::cell::Cell;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::progress::{Position, StreamId};

/// Positions that an entry waits for.
pub type Waits = SmallVec<[Position; 2]>;

/// Streams whose last reads are kept in a list; of more, in a map.
const FEW: usize = 8;
/// Positions among which a stream is searched before one is added.
const SEARCHED: usize = 16;

/// The streams that may still have work: a position of another one is done.
#[derive(Default)]
pub struct Alive {
    streams: FxHashSet<StreamId>,
    /// Uses that were looked at: proof:scale shows that an op looks at as many, however many streams there are.
    looked: Cell<u64>,
}

impl Alive {
    /// A stream begins.
    pub fn open(&mut self, stream: StreamId) {
        self.streams.insert(stream);
    }

    /// A stream has done all its work.
    pub fn end(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    /// Uses that were looked at so far.
    pub fn looked(&self) -> u64 {
        self.looked.get()
    }

    fn has(&self, stream: StreamId) -> bool {
        self.looked.set(self.looked.get() + 1);
        self.streams.contains(&stream)
    }
}

/// The last write of a storage, and the last read of each stream since then.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    written: Option<Position>,
    read: Readers,
    latest: Option<StreamId>,
}

#[derive(Clone, Debug)]
enum Readers {
    Few(SmallVec<[Position; 2]>),
    /// The frozen weights of a server: each request reads them in a stream of its own, and nobody ever writes.
    Many(Box<Many>),
}

#[derive(Clone, Debug)]
struct Many {
    last: FxHashMap<StreamId, u64>,
    /// The number of streams at which those that have ended are forgotten.
    forget_at: usize,
}

impl Default for Readers {
    fn default() -> Self {
        Readers::Few(SmallVec::new())
    }
}

impl Readers {
    fn add(&mut self, here: Position, alive: &Alive) {
        match self {
            Readers::Few(list) => {
                list.retain(|position| position.stream != here.stream);
                list.push(here);
                if list.len() > FEW {
                    list.retain(|position| alive.has(position.stream));
                }
                if list.len() > FEW {
                    let last: FxHashMap<_, _> = list.iter().map(|p| (p.stream, p.seq)).collect();
                    let forget_at = 2 * last.len();
                    *self = Readers::Many(Box::new(Many { last, forget_at }));
                }
            }
            Readers::Many(many) => {
                many.last.insert(here.stream, here.seq);
                // Twice as many as there were after the last time: so each read pays a little of it.
                if many.last.len() >= many.forget_at {
                    many.last.retain(|stream, _| alive.has(*stream));
                    many.forget_at = 2 * many.last.len().max(FEW);
                }
            }
        }
    }

    fn each(&self, mut see: impl FnMut(Position)) {
        match self {
            Readers::Few(list) => list.iter().copied().for_each(see),
            Readers::Many(many) => many
                .last
                .iter()
                .for_each(|(&stream, &seq)| see(Position { stream, seq })),
        }
    }
}

impl Uses {
    /// Notes a use at `here` and collects the positions in other streams that it must wait for.
    pub fn touch(&mut self, here: Position, write: bool, after: &mut Waits, alive: &Alive) {
        let mut wait = |position: Position| {
            if position.stream != here.stream && alive.has(position.stream) {
                add(position, after);
            }
        };
        if let Some(position) = self.written {
            wait(position);
        }
        if write {
            self.read.each(wait);
            self.read = Readers::default();
            self.written = Some(here);
        } else {
            self.read.add(here, alive);
        }
        self.latest = Some(here.stream);
    }

    /// Notes a use at `here` that waits for nothing.
    pub fn note(&mut self, here: Position, alive: &Alive) {
        self.read.add(here, alive);
        self.latest = Some(here.stream);
    }

    /// The stream that used it last.
    pub fn latest(&self) -> Option<StreamId> {
        self.latest
    }
}

fn add(position: Position, after: &mut Waits) {
    if after.len() <= SEARCHED
        && let Some(known) = after.iter_mut().find(|known| known.stream == position.stream)
    {
        known.seq = known.seq.max(position.seq);
        return;
    }
    after.push(position);
}

/// Leaves the last position of each stream, where many were collected.
pub fn compact(after: &mut Waits) {
    if after.len() <= SEARCHED {
        return;
    }
    after.sort_unstable_by_key(|position| (position.stream, std::cmp::Reverse(position.seq)));
    after.dedup_by_key(|position| position.stream);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stream: StreamId, seq: u64) -> Position {
        Position { stream, seq }
    }

    fn alive(streams: std::ops::RangeInclusive<StreamId>) -> Alive {
        Alive {
            streams: streams.collect(),
            ..Alive::default()
        }
    }

    fn touched(uses: &mut Uses, here: Position, write: bool, alive: &Alive) -> Vec<(StreamId, u64)> {
        let mut after = Waits::new();
        uses.touch(here, write, &mut after, alive);
        compact(&mut after);
        let mut list: Vec<_> = after.iter().map(|p| (p.stream, p.seq)).collect();
        list.sort_unstable();
        list
    }

    #[test]
    fn a_read_waits_for_the_write_and_a_write_for_the_last_read_of_each_stream() {
        let alive = alive(1..=100);
        let mut uses = Uses::default();
        assert_eq!(touched(&mut uses, at(1, 1), true, &alive), []);
        for seq in 1..=3 {
            for stream in 1..=100 {
                let wanted: &[_] = if stream == 1 { &[] } else { &[(1, 1)] };
                assert_eq!(touched(&mut uses, at(stream, 10 * seq), false, &alive), wanted);
            }
        }
        let wanted: Vec<_> = (1..=100).filter(|s| *s != 7).map(|s| (s, 30)).collect();
        assert_eq!(touched(&mut uses, at(7, 40), true, &alive), wanted);
        assert_eq!(touched(&mut uses, at(8, 50), false, &alive), [(7, 40)]);
    }

    #[test]
    fn streams_that_have_ended_are_not_waited_for_and_forgotten() {
        let mut living = Alive::default();
        let mut uses = Uses::default();
        for stream in 1..=10_000 {
            living.open(stream);
            touched(&mut uses, at(stream, 1), false, &living);
            if stream > 20 {
                living.end(stream - 20);
            }
        }
        let Readers::Many(many) = &uses.read else {
            panic!("20 streams are many");
        };
        assert!(many.last.len() <= 64, "{} streams are kept", many.last.len());
        assert_eq!(touched(&mut uses, at(20_000, 1), true, &living).len(), 20);
    }

    #[test]
    fn of_many_positions_the_last_of_each_stream_is_left() {
        let mut after = Waits::new();
        for seq in 1..=4 {
            (1..=40).for_each(|stream| add(at(stream, seq * 10), &mut after));
        }
        compact(&mut after);
        assert_eq!(after.len(), 40);
        assert!(after.iter().all(|position| position.seq == 40));
    }
}
