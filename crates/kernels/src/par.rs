//! Splitting work over the current rayon pool in chunks that never depend on the number of threads.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::pause;
use crate::shared::shared;

/// Up to about this many element operations a kernel runs on the caller's thread: waking a worker costs more.
pub const INLINE_WORK: usize = 32 * 1024;

/// Elements per chunk of a flat elementwise kernel: 64 KiB of f32, so that a chunk stays in the L2 cache.
pub const FLAT_CHUNK: usize = 16 * 1024;

/// Rows per chunk, so that a chunk of rows of `row_work` element operations is worth a task.
#[inline]
pub fn grain(row_work: usize) -> usize {
    FLAT_CHUNK.div_ceil(row_work.max(1)).max(1)
}

/// Chunks that run before the first pause.
const FIRST_CHUNKS: usize = 16;

/// How long the work between two pauses should take.
const PIECE: Duration = Duration::from_millis(4);

/// Calls `f` with ranges that cover `0..rows`, each of `grain_rows` rows (the last may be shorter).
pub fn for_rows(rows: usize, grain_rows: usize, f: impl Fn(Range<usize>) + Sync) {
    each_range(rows, grain_rows.max(1), &f);
}

/// The work of a kernel, behind a pointer, so that pausing, splitting and rayon's join are compiled once and not for each of some 500 kernels.
type Work<'a> = dyn Fn(Range<usize>) + Sync + 'a;

fn each_range(rows: usize, grain: usize, f: &Work<'_>) {
    in_pieces(rows, grain, &mut |range| split_range(range, grain, f));
}

/// Runs `0..rows` in pieces of whole chunks with a pause between two. The length of a piece follows the clock; the chunks do not.
fn in_pieces(rows: usize, grain: usize, work: &mut dyn FnMut(Range<usize>)) {
    if rows <= FIRST_CHUNKS * grain || !pause::is_on() {
        return pause::piece(|| work(0..rows));
    }
    let (mut start, mut chunks) = (0, FIRST_CHUNKS);
    while start < rows {
        let end = rows.min(start.saturating_add(chunks.saturating_mul(grain)));
        let began = Instant::now();
        pause::piece(|| work(start..end));
        let took = began.elapsed();
        if took < PIECE / 2 {
            chunks *= 2;
        } else if took > PIECE {
            chunks = (chunks / 2).max(1);
        }
        start = end;
        if start < rows {
            pause::point();
        }
    }
}

/// Splits `out` into chunks of `min_rows` rows of `row_len` values; `f` gets the index of the first row and the chunk.
pub fn rows_mut<T: Send>(out: &mut [T], row_len: usize, min_rows: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let (rows, len) = (count(out, row_len), out.len());
    // SAFETY: `for_rows` gives each row to one task.
    let data = unsafe { shared(out.as_mut_ptr()) };
    for_rows(rows, min_rows, |range| {
        let (start, end) = (range.start * row_len, len.min(range.end * row_len));
        // SAFETY: the range lies within the rows of `out`, which is borrowed until all tasks have run, and no other task has these rows.
        f(range.start, unsafe {
            std::slice::from_raw_parts_mut(data.get().add(start), end - start)
        });
    });
}

/// Rows of `row_len` values; the last may be shorter. Rows without values are none.
fn count<T>(data: &[T], row_len: usize) -> usize {
    if row_len == 0 { 0 } else { data.len().div_ceil(row_len) }
}

/// Splits a flat slice into chunks of [`FLAT_CHUNK`] values; `f` gets the first index and the chunk.
pub fn flat_mut<T: Send>(out: &mut [T], f: impl Fn(usize, &mut [T]) + Sync) {
    let chunk = if out.len() <= INLINE_WORK {
        INLINE_WORK
    } else {
        FLAT_CHUNK
    };
    rows_mut(out, 1, chunk, f);
}

/// Copies a slice.
///
/// # Panics
/// When the lengths differ.
pub fn copy<T: Copy + Send + Sync>(from: &[T], to: &mut [T]) {
    assert_eq!(from.len(), to.len(), "a copy is as long as its source");
    flat_mut(to, |start, to| to.copy_from_slice(&from[start..start + to.len()]));
}

/// Fills a slice.
pub fn fill<T: Copy + Send + Sync>(to: &mut [T], value: T) {
    flat_mut(to, |_, to| to.fill(value));
}

/// Results of `f` over chunks of `chunk` items of `0..n`, in order. The caller folds them from first to last (or in any
/// other fixed order), so the result has the same bits for any thread count.
pub fn map_chunks<P: Send + Default + Clone>(n: usize, chunk: usize, f: impl Fn(Range<usize>) -> P + Sync) -> Vec<P> {
    let chunk = chunk.max(1);
    let mut partials = vec![P::default(); n.div_ceil(chunk)];
    rows_mut(&mut partials, 1, 1, |index, slot| {
        let start = index * chunk;
        slot[0] = f(start..(start + chunk).min(n));
    });
    partials
}

/// Output memory that can be split between rows. A tuple splits all its members at the same row.
pub trait Parts: Send + Sized {
    /// Number of rows left, or `None` where the part has no rows of its own (an absent optional output).
    fn rows(&self) -> Option<usize>;
    /// Splits before row `at`.
    fn cut(self, at: usize) -> (Self, Self);
}

/// Rows of equal length, owned by one chunk at a time.
pub struct Rows<'a, T> {
    /// The values of the rows of this chunk.
    pub data: &'a mut [T],
    /// Values in a row.
    pub row_len: usize,
}

impl<'a, T> Rows<'a, T> {
    /// `data` as rows of `row_len` values.
    pub fn new(data: &'a mut [T], row_len: usize) -> Self {
        Self { data, row_len }
    }
}

impl<T: Send> Parts for Rows<'_, T> {
    fn rows(&self) -> Option<usize> {
        Some(count(self.data, self.row_len))
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let middle = (at * self.row_len).min(self.data.len());
        let (left, right) = self.data.split_at_mut(middle);
        (Self::new(left, self.row_len), Self::new(right, self.row_len))
    }
}

impl<P: Parts> Parts for Option<P> {
    fn rows(&self) -> Option<usize> {
        self.as_ref().and_then(P::rows)
    }

    fn cut(self, at: usize) -> (Self, Self) {
        match self.map(|part| part.cut(at)) {
            Some((left, right)) => (Some(left), Some(right)),
            None => (None, None),
        }
    }
}

impl<A: Parts, B: Parts> Parts for (A, B) {
    fn rows(&self) -> Option<usize> {
        self.0.rows().or_else(|| self.1.rows())
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let (a, b) = (self.0.cut(at), self.1.cut(at));
        ((a.0, b.0), (a.1, b.1))
    }
}

impl<A: Parts, B: Parts, C: Parts> Parts for (A, B, C) {
    fn rows(&self) -> Option<usize> {
        self.0.rows().or_else(|| self.1.rows()).or_else(|| self.2.rows())
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let (a, b, c) = (self.0.cut(at), self.1.cut(at), self.2.cut(at));
        ((a.0, b.0, c.0), (a.1, b.1, c.1))
    }
}

/// Splits several outputs at the same rows, `grain_rows` rows a chunk; `f` gets the index of the first row and the chunk.
pub fn parts_mut<P: Parts>(parts: P, grain_rows: usize, f: impl Fn(usize, P) + Sync) {
    let rows = parts.rows().unwrap_or(0);
    let grain = grain_rows.max(1);
    let mut rest = Some(parts);
    in_pieces(rows, grain, &mut |range| {
        let Some(parts) = rest.take() else { return };
        let (piece, after) = if range.end == rows {
            (parts, None)
        } else {
            let (piece, after) = parts.cut(range.len());
            (piece, Some(after))
        };
        rest = after;
        split_parts(piece, range.start, range.len(), grain, &f);
    });
}

fn split_parts<P: Parts, F: Fn(usize, P) + Sync>(parts: P, start: usize, rows: usize, grain: usize, f: &F) {
    if rows == 0 {
        return;
    }
    if rows <= grain {
        return f(start, parts);
    }
    let left_rows = middle(rows, grain);
    let (left, right) = parts.cut(left_rows);
    rayon::join(
        || split_parts(left, start, left_rows, grain, f),
        || split_parts(right, start + left_rows, rows - left_rows, grain, f),
    );
}

fn split_range(range: Range<usize>, grain: usize, f: &Work<'_>) {
    if range.is_empty() {
        return;
    }
    if range.len() <= grain {
        return f(range);
    }
    let at = range.start + middle(range.len(), grain);
    rayon::join(
        || split_range(range.start..at, grain, f),
        || split_range(at..range.end, grain, f),
    );
}

/// Rows of the left half, in whole chunks: every chunk but the last is full, whichever thread runs it.
#[inline]
fn middle(rows: usize, grain: usize) -> usize {
    rows.div_ceil(grain).div_ceil(2) * grain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn chunks_cover_all_rows_once_and_are_full() {
        for rows in [0, 1, 3, 17, 64, 129] {
            for grain in [1, 4, 1000] {
                let seen = Mutex::new(Vec::new());
                for_rows(rows, grain, |range| seen.lock().unwrap().push(range));
                let mut seen = seen.into_inner().unwrap();
                seen.sort_by_key(|range| range.start);
                let want: Vec<_> = (0..rows)
                    .step_by(grain)
                    .map(|start| start..(start + grain).min(rows))
                    .collect();
                assert_eq!(seen, want);
            }
        }
    }

    #[test]
    fn rows_mut_gives_each_chunk_its_own_rows() {
        let mut out = vec![0usize; 17 * 3];
        rows_mut(&mut out, 3, 4, |start, chunk| {
            for (row, values) in chunk.chunks_mut(3).enumerate() {
                values.fill(start + row);
            }
        });
        assert_eq!(out, (0..17 * 3).map(|i| i / 3).collect::<Vec<_>>());
        rows_mut(&mut out, 0, 4, |_, _| unreachable!("rows without values"));
    }

    #[test]
    fn parts_are_cut_at_the_same_rows() {
        let (mut a, mut b) = (vec![0usize; 20], vec![0usize; 10]);
        let parts = (Rows::new(&mut a, 2), Some(Rows::new(&mut b, 1)), None::<Rows<'_, u8>>);
        parts_mut(parts, 3, |start, (a, b, none)| {
            let b = b.expect("given above");
            assert!(none.is_none() && a.data.len() == 2 * b.data.len());
            b.data.fill(start);
        });
        assert_eq!(b, [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]);
    }

    #[test]
    fn copies_and_fills_reach_every_element() {
        for n in [0, 1, INLINE_WORK + 1, 5 * FLAT_CHUNK + 7] {
            let from: Vec<usize> = (0..n).collect();
            let mut to = vec![0; n];
            copy(&from, &mut to);
            assert!(from == to, "{n} numbers");
            fill(&mut to, 3);
            assert!(to.iter().all(|x| *x == 3), "{n} numbers");
        }
    }

    #[test]
    fn map_chunks_keeps_the_order() {
        assert_eq!(map_chunks(10, 4, |range| range.start), [0, 4, 8]);
        assert_eq!(map_chunks(0, 4, |range| range.start), [0usize; 0]);
    }
}
