//! Which stream is served next: order within a stream, dependencies between streams, priorities, and equal time at equal priority.

use std::collections::VecDeque;
use std::sync::Arc;

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
}

/// Every open stream.
#[derive(Default)]
pub(super) struct Streams(FxHashMap<StreamId, Stream>);

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
        };
        self.0.insert(number, fresh);
    }

    pub fn get(&self, number: StreamId) -> Option<&Stream> {
        self.0.get(&number)
    }

    pub fn get_mut(&mut self, number: StreamId) -> Option<&mut Stream> {
        self.0.get_mut(&number)
    }

    /// Removes a stream whose environment is gone. Returns what its queue would have freed.
    pub fn remove(&mut self, number: StreamId) -> Vec<Id> {
        let queue = self.0.remove(&number).map(|stream| stream.queue).unwrap_or_default();
        let freed = |entry: Entry| match entry.command {
            Command::Free(ids) => ids,
            _ => SmallVec::new(),
        };
        queue.into_iter().flat_map(freed).collect()
    }

    /// Queues an entry. One for a stream that is gone is dropped.
    pub fn push(&mut self, entry: Entry) {
        let number = entry.position.stream;
        let wakes = self.0.get(&number).is_some_and(|s| s.queue.is_empty() && !s.running);
        let floor = if wakes { self.least_used(number) } else { 0 };
        if let Some(stream) = self.0.get_mut(&number) {
            stream.used = stream.used.max(floor.saturating_sub(QUANTUM));
            stream.queue.push_back(entry);
        }
    }

    /// The least time that a busy stream of the same priority has had.
    fn least_used(&self, number: StreamId) -> u64 {
        let priority = self.0.get(&number).map(|s| s.priority);
        let busy = |(other, s): &(&StreamId, &Stream)| {
            **other != number && Some(s.priority) == priority && (s.running || !s.queue.is_empty())
        };
        self.0.iter().filter(busy).map(|(_, s)| s.used).min().unwrap_or(0)
    }

    /// Skips what is queued in a stream now.
    pub fn abort(&mut self, number: StreamId, error: Error) {
        if let Some(stream) = self.0.get_mut(&number)
            && let Some(last) = stream.queue.back()
        {
            stream.abort = Some((error, last.position.seq));
        }
    }

    /// The stream to serve: the highest priority whose next entry is ready; among equals the one with the least compute time. With `over`, a stream
    /// that has run for so many more nanoseconds, only one that may interrupt it: of higher priority, or more than a quantum behind it in time.
    pub fn choose(&self, over: Option<(StreamId, u64)>) -> Option<StreamId> {
        let running = over.and_then(|(number, more)| self.0.get(&number).map(|s| (s.priority, s.used + more)));
        let may = |s: &Stream| {
            running.is_none_or(|(priority, used)| {
                s.priority > priority || (s.priority == priority && s.used + QUANTUM <= used)
            })
        };
        let ready = |s: &Stream| {
            !s.running
                && s.queue
                    .front()
                    .is_some_and(|entry| entry.after.iter().all(|position| self.is_done(*position)))
        };
        self.0
            .iter()
            .filter(|(_, stream)| may(stream) && ready(stream))
            .max_by_key(|(number, stream)| {
                (
                    stream.priority,
                    std::cmp::Reverse(stream.used),
                    std::cmp::Reverse(**number),
                )
            })
            .map(|(number, _)| *number)
    }

    fn is_done(&self, position: Position) -> bool {
        self.0
            .get(&position.stream)
            .is_none_or(|stream| stream.done >= position.seq)
    }

    /// Takes the next entry of a stream, with an error when it is skipped.
    pub fn begin(&mut self, number: StreamId) -> Option<(Entry, Option<Error>)> {
        let stream = self.0.get_mut(&number)?;
        let entry = stream.queue.pop_front()?;
        stream.running = true;
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
        let Some(stream) = self.0.get_mut(&position.stream) else {
            return;
        };
        stream.running = false;
        stream.done = position.seq;
        stream.used += took;
        if let Some(error) = failure {
            stream.progress.fail(position, error);
        }
        if stream.closed {
            stream.progress.end(position.stream);
            self.0.remove(&position.stream);
        }
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
}
