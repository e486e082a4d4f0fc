//! Large f32 products: both factors are packed into panels, and C is computed tile by tile from them.
//!
//! An element of C is a sum over K in chains of additions (of pairs, in bf16), one chain after the other, and of at most `Kernel::kc` steps at a time. So its bits
//! depend on K and the instruction set only: not on M, N, the threads, or where a block ends.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::super::scratch::with_scratch;
use super::super::small_rows::MAX_ROWS;
pub(crate) use super::micro::{Factor, Numbers, Start};
use super::micro::{Kernel, Lines, Pack, Tile, bf16_kernel, kernel};
use crate::blocks::BlockRef;
use crate::shared::{Shared, shared};
use crate::{Float, isa, par, pause};

/// Units of 32 bits of a factor that are packed at once: 4 MiB, the scratch memory that a thread keeps.
const SCRATCH_UNITS: usize = 1 << 20;

/// Units of a factor that a task reads repeatedly: 192 KiB, for a second-level cache of 512 KiB.
const CACHED: usize = 48 << 10;

/// Multiply-adds of a task in f32, about 0.15 ms; twice as many in bf16.
const TASK_WORK: usize = 1 << 23;

/// Most rows of a product whose tasks pack their own columns of B; with more, each panel of B would require reading too much of A.
const OWN_ROWS: usize = 1024;

/// Panels of B per thread from which that leaves enough tasks.
const OWN_PANELS: usize = 4;

/// Tasks per thread in that case.
const OWN_TASKS: usize = 8;

/// Units that a packing task copies.
const PACK_WORK: usize = 32 << 10;

/// Adds to a finished part of C, rows and columns, while it is in the cache.
pub(crate) type After<'a> = dyn Fn(Range<usize>, Range<usize>) + Sync + 'a;

/// `C = start + alpha · (A · B + A' · B')`: a product whose sum over K continues over a second pair of factors.
pub(crate) struct Blocked<'a> {
    pub m: usize,
    pub n: usize,
    /// Length of the sum in the first pair of factors.
    pub k: usize,
    /// Length of the sum in the second pair; 0 without one.
    pub more_k: usize,
    /// A, whose lines are rows, and A'.
    pub a: [Factor; 2],
    /// B, whose lines are columns, and B'.
    pub b: [Factor; 2],
    /// Rounds A to bf16 and multiplies it with a B in bf16 where the CPU has instructions for that. A' and B' stay in f32.
    pub rounds_a: bool,
    pub alpha: f32,
    pub start: Start,
    pub c: *mut f32,
    pub c_rs: usize,
    /// Called once for each part of C, by the thread that computed it.
    pub after: Option<&'a After<'a>>,
}

/// A part of the sum over K, in steps of the panels: a part of the first pair of factors and, in the last part, all of the second pair.
#[derive(Clone, Copy)]
struct Depth {
    before: usize,
    len: usize,
    more: usize,
    /// First index along K in the first pair of factors, and how many values.
    k0: usize,
    k_len: usize,
}

impl Depth {
    fn total(self) -> usize {
        self.len + self.more
    }
}

/// How the sum over K is cut into parts.
#[derive(Clone, Copy)]
struct Cut {
    parts: usize,
    /// Steps of the first pair of factors in a part.
    step: usize,
    steps: usize,
    per_step: usize,
    k: usize,
    more_k: usize,
    /// Most steps of a part, and those of all.
    deepest: usize,
    total: usize,
}

impl Cut {
    fn new(product: &Blocked<'_>, kernel: &Kernel) -> Self {
        let (k, more_k, per_step) = (product.k, product.more_k, kernel.per_step);
        let steps = k.div_ceil(per_step);
        let parts = steps.div_ceil(kernel.kc).max(1);
        let step = steps.div_ceil(parts).max(1);
        Cut {
            parts,
            step,
            steps,
            per_step,
            k,
            more_k,
            deepest: (step.min(steps) + more_k).max(1),
            total: (steps + more_k).max(1),
        }
    }

    fn depth(self, part: usize) -> Depth {
        let (before, k0) = (part * self.step, part * self.step * self.per_step);
        Depth {
            before,
            len: self.step.min(self.steps - before),
            more: if part + 1 == self.parts { self.more_k } else { 0 },
            k0,
            k_len: (self.step * self.per_step).min(self.k - k0),
        }
    }

    /// The panels of `lines` for one part of K: at `at` or, where it holds all of K, after those of the parts before.
    fn panels(self, at: Shared<*mut f32>, lines: Range<usize>, width: usize, part: usize, has_all: bool) -> Panels {
        let (depth, count) = (self.depth(part), lines.len());
        let behind = if has_all {
            count.next_multiple_of(width) * depth.before
        } else {
            0
        };
        Panels {
            // The caller makes sure that the memory is there, and that tasks write disjoint panels.
            at: at.map(|at| at.wrapping_add(behind)),
            first: lines.start,
            count,
            width,
            depth,
        }
    }
}

/// Panels in memory: those of `lines`, and the depth that they hold.
#[derive(Clone, Copy)]
struct Panels {
    at: Shared<*mut f32>,
    first: usize,
    count: usize,
    width: usize,
    depth: Depth,
}

/// Whether [`Blocked`] computes products of this type and shape. Not where the gemm crate measures faster: where C is narrower than
/// half a panel, or has so few rows that packing B does not pay, which the crate can do without where rows of B are contiguous.
pub(crate) fn applies<T: Float>(m: usize, n: usize, b_rows_contiguous: bool) -> bool {
    let is_f32 = size_of::<T>() == 4; // Float is implemented by f32 and f64 only.
    is_f32 && m > MAX_ROWS && n >= 16 && !(m < 96 && b_rows_contiguous) && kernel().is_some()
}

/// The same for products of bf16 ([`Blocked::rounds_a`]), which nothing else computes: by M and N alone, for any layout.
pub(crate) fn applies_bf16<T: Float>(m: usize, n: usize) -> bool {
    size_of::<T>() == 4 && m > MAX_ROWS && n >= 16 && bf16_kernel().is_some()
}

impl Blocked<'_> {
    /// Computes the product, on the current pool when `parallel`.
    ///
    /// # Safety
    /// The factors and C have the elements that sizes and strides name, no other thread touches those of C, and the instruction set in use
    /// has a kernel ([`applies`], [`applies_bf16`]).
    pub(crate) unsafe fn run(&self, parallel: bool) {
        let paired = if self.rounds_a { bf16_kernel() } else { None };
        let Some(kernel) = paired.or_else(kernel) else { return };
        if self.m == 0 || self.n == 0 {
            return;
        }
        let cut = Cut::new(self, kernel);
        let rows = block(self.m, kernel.mr, SCRATCH_UNITS / cut.deepest);
        // All of K at once where it fits: then A is packed once for all blocks of columns.
        let whole = rows.next_multiple_of(kernel.mr) * cut.total <= SCRATCH_UNITS;
        // SAFETY: as promised by the caller.
        unsafe {
            if whole && self.m <= OWN_ROWS && self.n.div_ceil(kernel.nr) >= OWN_PANELS * threads(parallel) {
                self.run_by_columns(kernel, cut, parallel);
            } else {
                self.run_by_blocks(kernel, cut, rows, whole, parallel);
            }
        }
    }

    /// Blocks of B are packed by all threads together, and then multiplied by all.
    unsafe fn run_by_blocks(&self, kernel: &Kernel, cut: Cut, rows: usize, whole: bool, parallel: bool) {
        let columns = block(self.n, kernel.nr, SCRATCH_UNITS / cut.deepest);
        let units_a = rows.next_multiple_of(kernel.mr) * if whole { cut.total } else { cut.deepest };
        let units_b = columns.next_multiple_of(kernel.nr) * cut.deepest;
        with_scratch(units_a, |a: &mut [f32]| {
            with_scratch(units_b, |b: &mut [f32]| {
                // SAFETY: tasks write disjoint panels, and read them when all are written.
                let (a, b) = unsafe { (shared(a.as_mut_ptr()), shared(b.as_mut_ptr())) };
                for i0 in (0..self.m).step_by(rows) {
                    for j0 in (0..self.n).step_by(columns) {
                        for part in 0..cut.parts {
                            let a = cut.panels(a, i0..self.m.min(i0 + rows), kernel.mr, part, whole);
                            let b = cut.panels(b, j0..self.n.min(j0 + columns), kernel.nr, part, false);
                            if parallel && (i0, j0, part) != (0, 0, 0) {
                                pause::point();
                            }
                            // SAFETY: as promised by the caller; a and b are large enough for these panels.
                            unsafe {
                                self.pack(kernel, a, b, !whole || j0 == 0, parallel);
                                self.multiply(kernel, a, b, [part == 0, part + 1 == cut.parts], parallel);
                            }
                        }
                    }
                }
            });
        });
    }

    /// Each task packs its own columns of B, so that no thread waits for another between the parts of K. All of A is packed at once.
    unsafe fn run_by_columns(&self, kernel: &Kernel, cut: Cut, parallel: bool) {
        let (m, n) = (self.m, self.n);
        let columns = kernel.nr
            * own_panels(
                n.div_ceil(kernel.nr),
                CACHED / (kernel.nr * cut.deepest),
                threads(parallel),
            );
        with_scratch(m.next_multiple_of(kernel.mr) * cut.total, |a: &mut [f32]| {
            // SAFETY: tasks write disjoint panels, and read them when all are written.
            let a = unsafe { shared(a.as_mut_ptr()) };
            let panels_of_a = |part| cut.panels(a, 0..m, kernel.mr, part, true);
            // SAFETY: tasks write disjoint panels and disjoint columns of C.
            let this = unsafe { shared(&raw const *self) };
            let chunks = panels_of_a(0).chunks();
            tasks(chunks * cut.parts, parallel, |i| {
                // SAFETY: self outlives the tasks; the chunk is one of the panels, whose memory was reserved.
                unsafe { panels_of_a(i / chunks).pack(&(*this.get()).a, i % chunks, kernel.pack_a) }
            });
            tasks(n.div_ceil(columns), parallel, |i| {
                with_scratch(columns * cut.deepest, |b: &mut [f32]| {
                    for part in 0..cut.parts {
                        // SAFETY: self outlives the tasks, the panels are this task's, and so are the columns of C.
                        unsafe {
                            let this = &*this.get();
                            let columns = i * columns..n.min((i + 1) * columns);
                            let b = cut.panels(shared(b.as_mut_ptr()), columns, kernel.nr, part, false);
                            this.pack(kernel, panels_of_a(part), b, false, false);
                            this.multiply(kernel, panels_of_a(part), b, [part == 0, part + 1 == cut.parts], false);
                        }
                    }
                });
            });
        });
    }

    /// Packs a block of B and, when `with_a`, of A.
    unsafe fn pack(&self, kernel: &Kernel, a: Panels, b: Panels, with_a: bool, parallel: bool) {
        let of_a = if with_a { a.chunks() } else { 0 };
        // SAFETY: tasks write disjoint panels.
        let factors = unsafe { shared((&raw const self.a, &raw const self.b)) };
        tasks(of_a + b.chunks(), parallel, |i| {
            let (panels, chunk, pack) = if i < of_a {
                (a, i, kernel.pack_a)
            } else {
                (b, i - of_a, kernel.pack_b)
            };
            let (a, b) = factors.get();
            // SAFETY: the factors live as long as self; the chunk is one of the panels, whose memory was reserved.
            unsafe { panels.pack(if i < of_a { &*a } else { &*b }, chunk, pack) }
        });
    }

    /// Adds the product of a block of A and a block of B to C.
    unsafe fn multiply(&self, kernel: &Kernel, a: Panels, b: Panels, [is_first, is_last]: [bool; 2], parallel: bool) {
        let (steps, depth) = ([a.depth.len, a.depth.more], a.depth.total());
        let (of_a, of_b) = (a.panels(), b.panels());
        // As many rows as fit in the cache as panels, and enough columns to be worth a task.
        let rows = even(of_a, CACHED / (kernel.mr * depth).max(1));
        let columns = even(of_b, TASK_WORK / (rows * kernel.mr * kernel.nr * depth).max(1));
        let wide = of_b.div_ceil(columns);
        // SAFETY: tasks write disjoint tiles.
        let (c, bias) = unsafe { (shared(self.c), shared(self.start)) };
        let (c_rs, alpha, after) = (self.c_rs, self.alpha, self.after.filter(|_| is_last));
        tasks(of_a.div_ceil(rows) * wide, parallel, |i| {
            let (i, j) = (i / wide * rows, i % wide * columns);
            let start = if is_first { bias.get() } else { Start::Scaled(1.0) };
            for j in j..of_b.min(j + columns) {
                for i in i..of_a.min(i + rows) {
                    let (row, column) = (i * kernel.mr, j * kernel.nr);
                    // SAFETY: as promised by the caller; row and column are inside their blocks.
                    unsafe {
                        let tile = Tile {
                            c: c.get().add((a.first + row) * c_rs + b.first + column),
                            c_rs,
                            rows: kernel.mr.min(a.count - row),
                            columns: kernel.nr.min(b.count - column),
                            alpha,
                            start: match start {
                                Start::Bias(bias) => Start::Bias(bias.add(b.first + column)),
                                other => other,
                            },
                        };
                        (kernel.tile)(
                            steps,
                            a.at.get().add(row * depth),
                            b.at.get().add(column * depth),
                            &tile,
                        );
                    }
                }
            }
            if let Some(after) = after {
                let part = |panels: Panels, from: usize, count: usize| {
                    panels.first + from * panels.width..panels.first + panels.count.min((from + count) * panels.width)
                };
                after(part(a, i, rows), part(b, j, columns));
            }
        });
    }
}

impl Panels {
    fn panels(self) -> usize {
        self.count.div_ceil(self.width)
    }

    /// Panels of one packing task.
    fn per_chunk(self) -> usize {
        (PACK_WORK / (self.width * self.depth.total()).max(1)).max(1)
    }

    fn chunks(self) -> usize {
        self.panels().div_ceil(self.per_chunk())
    }

    /// Packs one chunk from the two factors.
    unsafe fn pack(self, factors: &[Factor; 2], chunk: usize, pack: [Pack; 2]) {
        let Depth {
            len, more, k0, k_len, ..
        } = self.depth;
        let panel = chunk * self.per_chunk();
        let lines = Range {
            start: panel * self.width,
            end: ((panel + self.per_chunk()) * self.width).min(self.count),
        };
        let lines = Lines {
            first: self.first + lines.start,
            count: lines.len(),
            k0,
            k_len,
            panel: self.width * self.depth.total(),
        };
        // SAFETY: the lines are inside the block, which is inside the factors; the memory of the panels was reserved.
        unsafe {
            let out = self.at.get().add(panel * lines.panel);
            match factors[0].numbers {
                Numbers::Blocks(blocks) => pack_blocks(blocks.get(), &factors[0], lines, (pack[0], self.width), out),
                _ => pack[0](&factors[0], lines, out),
            }
            if more > 0 {
                let lines = Lines {
                    k0: 0,
                    k_len: more,
                    ..lines
                };
                pack[1](&factors[1], lines, out.add(len * self.width));
            }
        }
    }
}

/// [`Pack`] of a factor in blocks: its lines are widened first, those of one panel at a time where they are contiguous along K.
///
/// # Safety
/// As [`Pack`].
unsafe fn pack_blocks(
    blocks: BlockRef<'_>,
    factor: &Factor,
    lines: Lines,
    (pack, width): (Pack, usize),
    out: *mut f32,
) {
    let along_k = factor.k == 1;
    let most = if along_k { width } else { lines.count };
    with_scratch(most * lines.k_len, |wide: &mut [f32]| {
        for (i, first) in (0..lines.count).step_by(most.max(1)).enumerate() {
            let count = most.min(lines.count - first);
            let (runs, len) = if along_k {
                (count, lines.k_len)
            } else {
                (lines.k_len, count)
            };
            for run in 0..runs {
                let (line, k) = if along_k { (run, 0) } else { (0, run) };
                let at = (lines.first + first + line) * factor.line + (lines.k0 + k) * factor.k;
                let values = blocks.slice(at, len);
                let wide = &mut wide[run * len..][..len];
                isa::dispatch(
                    #[inline(always)]
                    || values.widen(wide),
                );
            }
            let widened = Factor {
                numbers: Numbers::F32(wide.as_ptr()),
                line: if along_k { len } else { 1 },
                k: if along_k { 1 } else { len },
            };
            let lines = Lines {
                first: 0,
                count,
                k0: 0,
                ..lines
            };
            // SAFETY: `wide` holds these lines; `out` has the memory of their panels, as promised by the caller.
            unsafe { pack(&widened, lines, out.add(i * lines.panel)) };
        }
    });
}

/// Runs tasks, on the current pool with pauses when `parallel`.
fn tasks(count: usize, parallel: bool, task: impl Fn(usize) + Sync) {
    if parallel {
        par::for_rows(count, 1, |range| range.for_each(&task));
    } else {
        (0..count).for_each(task);
    }
}

/// Panels of B of a task that packs its own: at most `most`, and few enough that all threads stay busy to the end.
fn own_panels(panels: usize, most: usize, threads: usize) -> usize {
    (panels / (OWN_TASKS * threads)).clamp(1, most.max(1))
}

fn threads(parallel: bool) -> usize {
    if parallel { rayon::current_num_threads() } else { 1 }
}

/// Lines of a block: whole panels, blocks as equal as possible, at most `most` values per step of K.
fn block(lines: usize, width: usize, most: usize) -> usize {
    even(lines.div_ceil(width), most / width) * width
}

/// The size of parts of `count` that are at most `most` each and as equal as possible.
fn even(count: usize, most: usize) -> usize {
    let parts = count.div_ceil(most.max(1)).max(1);
    count.div_ceil(parts).max(1)
}
