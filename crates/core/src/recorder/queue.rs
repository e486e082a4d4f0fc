//! The order of the queue: as recorded within a stream, and between streams that use the same storage.

use super::entry::{Command, Entry, Message};
use super::progress::{Position, StreamId};
use super::record::Recorder;
use super::uses::{Waits, compact};
use crate::error::Result;
use crate::meta::Id;
use crate::ops::row::OpRow;

/// Entries that are gathered before they are sent to the executor, unless somebody awaits.
const BATCH: usize = 24;

impl Recorder {
    pub(super) fn next_position(&mut self, stream: StreamId) -> Option<Position> {
        let s = self.streams.get_mut(&stream)?;
        s.seq += 1;
        Some(Position { stream, seq: s.seq })
    }

    pub(super) fn order(&mut self, row: &OpRow, inputs: &[Id], attrs: &[f64], outputs: &[Id]) -> Waits {
        let here = Position {
            stream: self.current,
            seq: self.streams[&self.current].seq + 1,
        };
        let mut after = Waits::new();
        for (i, &id) in inputs.iter().enumerate() {
            if id != 0 {
                self.values.touch(id, here, row.is_mutated(i, attrs), &mut after);
            }
        }
        for &id in outputs {
            self.values.touch(id, here, true, &mut after);
        }
        compact(&mut after);
        after
    }

    pub(super) fn push(&mut self, position: Position, after: Waits, command: Command) {
        self.entries += 1;
        self.pending.push(Entry {
            position,
            after,
            path: self.path,
            stack: self.stack,
            watched: self.watched,
            rule: self.rule,
            command,
        });
        if self.pending.len() >= BATCH {
            self.flush();
        }
    }

    /// Sends what was gathered to the executor.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            let entries = std::mem::replace(&mut self.pending, Vec::with_capacity(BATCH));
            self.link.send(Message::Entries(entries));
        }
    }

    /// Updates of an optimizer that failed and changed nothing, by the numbers of the stacks that recorded them.
    pub fn take_failed_updates(&self) -> Vec<u64> {
        self.progress.take_failed_updates()
    }

    /// Fails with the unreported error of the current stream: a step that was never awaited failed.
    ///
    /// # Errors
    /// That error.
    pub fn check_failure(&self) -> Result<()> {
        let last = Position {
            stream: self.current,
            seq: self.streams[&self.current].seq,
        };
        self.progress.take_failure_ahead(last).map_or(Ok(()), Err)
    }
}
