//! Which stream is served next: order within a stream, dependencies between streams, priorities, and equal time at equal priority.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::error::Error;
use crate::meta::Id;
use crate::recorder::{Command, Entry, Position, Progress, StreamId};

/// How much more compute time a stream may have had than another of its priority, in nanoseconds.
const QUANTUM: u64 = 10_000_000;

/// A stream's queue and its share of the compute time.
pub(super) struct Stream {
    pub priority: i32,
    pub progress: Arc<Progress>,
    /// Closed by its owner: removed after its last entry.
    pub closed: bool,
    queue: VecDeque<Entry>,
    done: u64,
    /// Why what is queued up to this position is skipped.
    abort: Option<(Error, u64)>,
    /// Compute time that it has had, in nanoseconds. A stream that is new or was idle begins near the others: idle time is not saved up.
    used: u64,
    /// One of its entries is being served, perhaps interrupted.
    running: bool,
    /// Its place among those that have work.
    turn: Option<Turn>,
}

/// When a stream that has work is served: a higher priority first, then the one with the least compute time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    priority: Reverse<i32>,
    used: u64,
    stream: StreamId,
}

/// Every open stream. What it costs to serve an entry does not depend on how many there are.
#[derive(Default)]
pub(super) struct Streams {
    all: FxHashMap<StreamId, Stream>,
    /// Those with an entry that is queued or being served.
    busy: BTreeSet<Turn>,
    /// Those whose next entry can be served.
    ready: BTreeSet<Turn>,
    /// By a position, the streams whose next entry waits for it.
    waiting: BTreeMap<(StreamId, u64), Vec<StreamId>>,
    /// Streams and positions that were looked at, for the proof that they do not grow in number.
    pub looked: u64,
}

impl Streams {
    pub fn open(&mut self, number: StreamId, priority: i32, progress: Arc<Progress>) {
        let fresh = Stream {
            priority,
            progress,
            closed: false,
            queue: VecDeque::new(),
            done: 0,
            abort: None,
            used: 0,
            running: false,
            turn: None,
        };
        self.all.insert(number, fresh);
    }

    pub fn get(&self, number: StreamId) -> Option<&Stream> {
        self.all.get(&number)
    }

    pub fn get_mut(&mut self, number: StreamId) -> Option<&mut Stream> {
        self.all.get_mut(&number)
    }

    /// Removes a stream whose environment is gone. Returns what its queue would have freed.
    pub fn remove(&mut self, number: StreamId) -> Vec<Id> {
        let freed = |entry: Entry| match entry.command {
            Command::Free(ids) => ids,
            _ => SmallVec::new(),
        };
        let queue = self.take(number).map(|stream| stream.queue).unwrap_or_default();
        queue.into_iter().flat_map(freed).collect()
    }

    /// Takes a stream out; what waited for its entries waits no more.
    fn take(&mut self, number: StreamId) -> Option<Stream> {
        let stream = self.all.remove(&number)?;
        if let Some(turn) = stream.turn {
            self.busy.remove(&turn);
            self.ready.remove(&turn);
        }
        while let Some((&position, _)) = self.waiting.range((number, 0)..=(number, u64::MAX)).next() {
            self.wake(position);
        }
        Some(stream)
    }

    /// Queues an entry. One for a stream that is gone is dropped.
    pub fn push(&mut self, entry: Entry) {
        let number = entry.position.stream;
        let Some(stream) = self.all.get_mut(&number) else {
            return;
        };
        stream.queue.push_back(entry);
        if stream.turn.is_none() {
            let floor = self.least_used(number);
            if let Some(stream) = self.all.get_mut(&number) {
                stream.used = stream.used.max(floor.saturating_sub(QUANTUM));
            }
            self.place(number);
        }
    }

    /// The least time that a busy stream of the same priority has had.
    fn least_used(&self, number: StreamId) -> u64 {
        let Some(stream) = self.all.get(&number) else {
            return 0;
        };
        let priority = Reverse(stream.priority);
        let from = Turn {
            priority,
            used: 0,
            stream: 0,
        };
        let first = self.busy.range(from..).next();
        first
            .filter(|turn| turn.priority == priority)
            .map_or(0, |turn| turn.used)
    }

    /// Puts a stream where it belongs, after it got work, ended an entry, or got what its next entry waited for.
    fn place(&mut self, number: StreamId) {
        let Some(stream) = self.all.get_mut(&number) else {
            return;
        };
        let turn = Turn {
            priority: Reverse(stream.priority),
            used: stream.used,
            stream: number,
        };
        let has_work = stream.running || !stream.queue.is_empty();
        let before = std::mem::replace(&mut stream.turn, has_work.then_some(turn));
        if before != stream.turn {
            if let Some(before) = before {
                self.busy.remove(&before);
            }
            if has_work {
                self.busy.insert(turn);
            }
        }
        let stream = &self.all[&number];
        let Some(next) = stream.queue.front().filter(|_| !stream.running) else {
            return;
        };
        self.looked += 1 + next.after.len() as u64;
        match next.after.iter().copied().find(|position| !self.is_done(*position)) {
            Some(Position { stream, seq }) => self.waiting.entry((stream, seq)).or_default().push(number),
            None => {
                self.ready.insert(turn);
            }
        }
    }

    fn wake(&mut self, position: (StreamId, u64)) {
        for number in self.waiting.remove(&position).unwrap_or_default() {
            self.place(number);
        }
    }

    /// Skips what is queued in a stream now.
    pub fn abort(&mut self, number: StreamId, error: Error) {
        if let Some(stream) = self.all.get_mut(&number)
            && let Some(last) = stream.queue.back()
        {
            stream.abort = Some((error, last.position.seq));
        }
    }

    /// The stream to serve: the highest priority whose next entry is ready; among equals the one with the least compute time. With `over`, a stream
    /// that has run for so many more nanoseconds, only one that may interrupt it: of higher priority, or more than a quantum behind it in time.
    pub fn choose(&self, over: Option<(StreamId, u64)>) -> Option<StreamId> {
        // The first may if any may.
        let first = self.ready.first()?;
        if let Some((running, more)) = over
            && let Some(running) = self.all.get(&running)
        {
            let behind = first.used + QUANTUM <= running.used + more;
            let may = match first.priority.0.cmp(&running.priority) {
                Ordering::Greater => true,
                Ordering::Equal => behind,
                Ordering::Less => false,
            };
            if !may {
                return None;
            }
        }
        Some(first.stream)
    }

    fn is_done(&self, position: Position) -> bool {
        self.all
            .get(&position.stream)
            .is_none_or(|stream| stream.done >= position.seq)
    }

    /// Takes the next entry of a stream, with an error when it is skipped.
    pub fn begin(&mut self, number: StreamId) -> Option<(Entry, Option<Error>)> {
        let stream = self.all.get_mut(&number)?;
        let entry = stream.queue.pop_front()?;
        stream.running = true;
        if let Some(turn) = stream.turn {
            self.ready.remove(&turn);
        }
        // What was recorded after the abort runs.
        if stream
            .abort
            .as_ref()
            .is_some_and(|(_, last)| entry.position.seq > *last)
        {
            stream.abort = None;
        }
        let abort = stream.abort.as_ref().map(|(error, _)| error.clone());
        Some((entry, abort))
    }

    /// Notes that an entry is done and took so many nanoseconds itself.
    pub fn end(&mut self, position: Position, took: u64, failure: Option<Error>) {
        let Some(stream) = self.all.get_mut(&position.stream) else {
            return;
        };
        stream.running = false;
        stream.done = position.seq;
        stream.used += took;
        stream.progress.entries_done.fetch_add(1, Relaxed);
        if let Some(error) = failure {
            stream.progress.fail(position, error);
        }
        if stream.closed {
            stream.progress.end(position.stream);
            self.take(position.stream);
            return;
        }
        self.place(position.stream);
        self.wake((position.stream, position.seq));
    }
}

/// The tensors that an entry makes.
pub(super) fn made(entry: &Entry) -> SmallVec<[Id; 3]> {
    match &entry.command {
        Command::Op { outputs, .. } => outputs.clone(),
        Command::Put { id, .. } => SmallVec::from_iter([*id]),
        _ => SmallVec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stream: StreamId, seq: u64, after: &[(StreamId, u64)]) -> Entry {
        Entry {
            position: Position { stream, seq },
            after: after.iter().map(|&(stream, seq)| Position { stream, seq }).collect(),
            path: 0,
            stack: 0,
            watched: false,
            rule: None,
            command: Command::Free(SmallVec::new()),
        }
    }

    fn streams(priorities: &[i32]) -> Streams {
        let mut streams = Streams::default();
        for (i, &priority) in priorities.iter().enumerate() {
            streams.open(i as StreamId + 1, priority, Arc::default());
        }
        streams
    }

    /// Serves one entry that takes `ms` milliseconds; which stream it was.
    fn serve(streams: &mut Streams, ms: u64) -> StreamId {
        let number = streams.choose(None).expect("something is ready");
        let (entry, _) = streams.begin(number).expect("it has an entry");
        streams.end(entry.position, ms * 1_000_000, None);
        number
    }

    #[test]
    fn what_a_stream_would_have_freed_is_known_when_it_goes() {
        let mut s = streams(&[0]);
        for (seq, ids) in [(1, [7, 8]), (2, [9, 10])] {
            let command = Command::Free(SmallVec::from_slice(&ids));
            s.push(Entry {
                command,
                ..entry(1, seq, &[])
            });
        }
        assert_eq!(s.remove(1), [7, 8, 9, 10]);
        assert!(s.remove(1).is_empty());
    }

    #[test]
    fn the_higher_priority_goes_first_unless_it_waits() {
        let mut s = streams(&[0, 5]);
        s.push(entry(1, 1, &[]));
        s.push(entry(2, 1, &[(1, 1)]));
        s.push(entry(1, 2, &[]));
        assert_eq!([serve(&mut s, 1), serve(&mut s, 1), serve(&mut s, 1)], [1, 2, 1]);
    }

    #[test]
    fn equal_streams_share_the_time_whatever_their_entries_take() {
        let mut s = streams(&[0, 0]);
        let mut time = [0, 0];
        for seq in 1..=1000 {
            s.push(entry(1, seq, &[]));
            s.push(entry(2, seq, &[]));
        }
        while time[0] + time[1] < 900 {
            let ms = if s.choose(None) == Some(1) { 9 } else { 1 };
            time[serve(&mut s, ms) as usize - 1] += ms;
        }
        assert!(time[0].abs_diff(time[1]) <= 10, "{time:?}");
    }

    #[test]
    fn a_late_stream_does_not_make_the_others_wait_for_its_past() {
        let mut s = streams(&[0, 0]);
        for seq in 1..=100 {
            s.push(entry(1, seq, &[]));
            assert_eq!(serve(&mut s, 50), 1);
        }
        for seq in 1..=100 {
            s.push(entry(1, 100 + seq, &[]));
            s.push(entry(2, seq, &[]));
        }
        let served: Vec<StreamId> = (0..20).map(|_| serve(&mut s, 10)).collect();
        assert!(
            served[..5].contains(&1) && served.iter().filter(|n| **n == 1).count() >= 9,
            "{served:?}"
        );
    }

    #[test]
    fn only_more_important_or_clearly_disadvantaged_streams_interrupt() {
        let mut s = streams(&[0, 0, 5, -1]);
        s.push(entry(1, 1, &[]));
        s.begin(1).expect("it has an entry");
        s.push(entry(4, 1, &[]));
        assert_eq!(s.choose(Some((1, 100 * QUANTUM))), None, "a lower priority");
        s.push(entry(2, 1, &[]));
        assert_eq!(s.choose(Some((1, QUANTUM - 1))), None, "an equal, too early");
        assert_eq!(s.choose(Some((1, QUANTUM))), Some(2));
        s.push(entry(3, 1, &[]));
        assert_eq!(s.choose(Some((1, 0))), Some(3), "a higher priority");
        s.push(entry(1, 2, &[]));
        s.begin(3).expect("it has an entry");
        assert_eq!(
            s.choose(Some((3, 100 * QUANTUM))),
            None,
            "1 is under way, 2 is less important"
        );
    }

    #[test]
    fn an_abort_skips_what_is_queued_then_and_nothing_later() {
        let mut s = streams(&[0]);
        s.push(entry(1, 1, &[]));
        s.abort(1, Error::new(crate::Code::Aborted, "on purpose"));
        s.push(entry(1, 2, &[]));
        let (first, abort) = s.begin(1).expect("the first");
        assert!(abort.is_some());
        s.end(first.position, 1, None);
        assert!(s.begin(1).expect("the second").1.is_none());
    }

    #[test]
    fn what_an_entry_costs_does_not_depend_on_the_number_of_streams() {
        let looked = |count: i32| {
            let mut s = streams(&vec![0; count as usize]);
            for seq in 1..=20 {
                (1..=count as StreamId).for_each(|stream| s.push(entry(stream, seq, &[])));
            }
            // All others wait for the last entry of the first.
            (2..=count as StreamId).for_each(|stream| s.push(entry(stream, 21, &[(1, 21)])));
            s.push(entry(1, 21, &[]));
            let mut served = 0;
            while s.choose(None).is_some() {
                serve(&mut s, 1);
                served += 1;
            }
            assert_eq!(served, 21 * count as u64);
            s.looked as f64 / served as f64
        };
        let [few, many] = [looked(2), looked(500)];
        assert!(many < 1.2 * few, "{few} with 2 streams, {many} with 500");
    }

    #[test]
    fn what_waits_for_a_stream_that_goes_is_served() {
        let mut s = streams(&[0, 0, 0]);
        s.push(entry(1, 1, &[]));
        s.push(entry(1, 2, &[]));
        s.push(entry(2, 1, &[(1, 2)]));
        s.push(entry(3, 1, &[(2, 1), (1, 1)]));
        s.remove(1);
        assert_eq!([serve(&mut s, 1), serve(&mut s, 1)], [2, 3]);
        assert_eq!(s.choose(None), None);
    }
}
