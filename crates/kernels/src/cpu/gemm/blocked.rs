//! Large f32 products: both factors are packed into panels, and C is computed tile by tile from them.
//!
//! An element of C is a sum over K in chains of at most `Kernel::kc` additions, one chain after the other. So its bits go by K
//! and the instruction set only: not by M, N, the threads, or where a block ends.

use std::ops::Range;

use super::super::small_rows::{MAX_ROWS, Shared, shared, with_scratch};
pub(crate) use super::micro::{Factor, Numbers, Start};
use super::micro::{Kernel, Lines, Pack, Tile, kernel};
use crate::{Float, par, pause};

/// Numbers of a factor that are packed at once: 4 MiB, what a thread keeps as scratch memory.
const ROOM: usize = 1 << 20;

/// Numbers of A that a tile of tasks goes over again and again: 192 KiB, for a second-level cache of 512 KiB.
const CACHED: usize = 48 << 10;

/// Multiply-adds of a task, some 0.15 ms.
const TASK_WORK: usize = 1 << 23;

/// Numbers that a packing task copies.
const PACK_WORK: usize = 32 << 10;

/// `C = start + alpha · (A · B + A' · B')`: a product whose sum over K goes on in a second pair of factors.
pub(crate) struct Blocked {
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
    pub alpha: f32,
    pub start: Start,
    pub c: *mut f32,
    pub c_rs: usize,
}

/// A part of the sum over K: from the first pair of factors, and behind the last such part all of the second pair.
#[derive(Clone, Copy)]
struct Depth {
    k0: usize,
    len: usize,
    more: usize,
}

impl Depth {
    fn total(self) -> usize {
        self.len + self.more
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

/// Whether [`Blocked`] is the code for products of this type and shape. Not where the gemm crate measures faster: C is narrower than
/// half a panel, or so few rows meet each number of B that packing it does not pay, which the crate can do without where rows of B
/// are contiguous.
pub(crate) fn serves<T: Float>(m: usize, n: usize, b_rows_contiguous: bool) -> bool {
    let is_f32 = size_of::<T>() == 4; // Float is implemented by f32 and f64 only.
    is_f32 && m > MAX_ROWS && n >= 16 && !(m < 96 && b_rows_contiguous) && kernel().is_some()
}

impl Blocked {
    /// Computes the product, on the current pool when `parallel`.
    ///
    /// # Safety
    /// The factors and C have the elements that sizes and strides name, nobody else touches those of C, and the instruction set in use
    /// has a kernel ([`serves`]).
    pub(crate) unsafe fn run(&self, parallel: bool) {
        let Some(kernel) = kernel() else { return };
        if self.m == 0 || self.n == 0 {
            return;
        }
        let parts = self.k.div_ceil(kernel.kc).max(1);
        let step = self.k.div_ceil(parts).max(1);
        let deepest = (step.min(self.k) + self.more_k).max(1);
        let rows = block(self.m, kernel.mr, ROOM / deepest);
        let columns = block(self.n, kernel.nr, ROOM / deepest);
        // All of K at once where there is room: then A is packed once for all blocks of columns.
        let whole = rows.next_multiple_of(kernel.mr) * (self.k + self.more_k) <= ROOM;
        let room_a = rows.next_multiple_of(kernel.mr) * if whole { (self.k + self.more_k).max(1) } else { deepest };
        let room_b = columns.next_multiple_of(kernel.nr) * deepest;
        let depth = |part: usize| Depth {
            k0: part * step,
            len: step.min(self.k - part * step),
            more: if part + 1 == parts { self.more_k } else { 0 },
        };
        with_scratch(room_a, |a: &mut [f32]| {
            with_scratch(room_b, |b: &mut [f32]| {
                // SAFETY: tasks write disjoint panels, and read them when all are written.
                let (a, b) = unsafe { (shared(a.as_mut_ptr()), shared(b.as_mut_ptr())) };
                for i0 in (0..self.m).step_by(rows) {
                    for j0 in (0..self.n).step_by(columns) {
                        for part in 0..parts {
                            let depth = depth(part);
                            let count = rows.min(self.m - i0);
                            let behind = if whole {
                                count.next_multiple_of(kernel.mr) * depth.k0
                            } else {
                                0
                            };
                            // SAFETY: the panels of this depth lie behind those of the depths before it.
                            let at = unsafe { shared(a.get().add(behind)) };
                            let a = Panels {
                                at,
                                first: i0,
                                count,
                                width: kernel.mr,
                                depth,
                            };
                            let count = columns.min(self.n - j0);
                            let b = Panels {
                                at: b,
                                first: j0,
                                count,
                                width: kernel.nr,
                                depth,
                            };
                            if parallel && (i0, j0, part) != (0, 0, 0) {
                                pause::point();
                            }
                            // SAFETY: as promised by the caller; a and b have room for these panels.
                            unsafe {
                                self.pack(kernel, a, b, !whole || j0 == 0, parallel);
                                self.multiply(kernel, a, b, part == 0, parallel);
                            }
                        }
                    }
                }
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
            // SAFETY: the factors live as long as self; the chunk is one of the panels, which have room.
            unsafe { panels.pack(if i < of_a { &*a } else { &*b }, chunk, pack) }
        });
    }

    /// Adds what a block of A and a block of B give to C.
    unsafe fn multiply(&self, kernel: &Kernel, a: Panels, b: Panels, is_first: bool, parallel: bool) {
        let depth = a.depth.total();
        let (of_a, of_b) = (a.panels(), b.panels());
        // Rows such that their panels stay in the cache, columns such that a task is worth it.
        let rows = even(of_a, CACHED / (kernel.mr * depth).max(1));
        let columns = even(of_b, TASK_WORK / (rows * kernel.mr * kernel.nr * depth).max(1));
        let wide = of_b.div_ceil(columns);
        // SAFETY: tasks write disjoint tiles.
        let (c, bias) = unsafe { (shared(self.c), shared(self.start)) };
        let (c_rs, alpha) = (self.c_rs, self.alpha);
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
                            depth,
                            a.at.get().add(row * depth),
                            b.at.get().add(column * depth),
                            &tile,
                        );
                    }
                }
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
    unsafe fn pack(self, factors: &[Factor; 2], chunk: usize, pack: Pack) {
        let Depth { k0, len, more } = self.depth;
        let panel = chunk * self.per_chunk();
        let lines = Range {
            start: panel * self.width,
            end: ((panel + self.per_chunk()) * self.width).min(self.count),
        };
        let lines = Lines {
            first: self.first + lines.start,
            count: lines.len(),
            k0,
            k_len: len,
            panel: self.width * self.depth.total(),
        };
        // SAFETY: the lines are inside the block, which is inside the factors; the panels have room.
        unsafe {
            let out = self.at.get().add(panel * lines.panel);
            pack(&factors[0], lines, out);
            if more > 0 {
                let lines = Lines {
                    k0: 0,
                    k_len: more,
                    ..lines
                };
                pack(&factors[1], lines, out.add(len * self.width));
            }
        }
    }
}

/// Runs tasks, on the current pool with pauses when `parallel`.
fn tasks(count: usize, parallel: bool, task: impl Fn(usize) + Sync) {
    if parallel {
        par::for_rows(count, 1, |range| range.for_each(&task));
    } else {
        (0..count).for_each(task);
    }
}

/// Lines of a block: as equal as they can be, whole panels, at most `most` numbers a step of K.
fn block(lines: usize, width: usize, most: usize) -> usize {
    even(lines.div_ceil(width), most / width) * width
}

/// The size of parts of `count` that are at most `most` each and as equal as they can be.
fn even(count: usize, most: usize) -> usize {
    let parts = count.div_ceil(most.max(1)).max(1);
    count.div_ceil(parts).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::half_bits::{f32_to_bf16, f32_to_f16};
    use crate::reference;
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    /// A factor in memory: (lines, k) when `along_k`, else (k, lines); with gaps where `step` is 2.
    struct Owned {
        f32: Vec<f32>,
        bf16: Vec<half::bf16>,
        f16: Vec<half::f16>,
        strides: (usize, usize),
    }

    impl Owned {
        fn new(lines: usize, k: usize, along_k: bool, step: usize, seed: u64) -> Self {
            let f32 = values::<f32>(lines * k * step, seed);
            Owned {
                bf16: f32.iter().map(|&x| f32_to_bf16(x)).collect(),
                f16: f32.iter().map(|&x| f32_to_f16(x)).collect(),
                strides: if along_k {
                    (k * step, step)
                } else {
                    (step, lines * step)
                },
                f32,
            }
        }

        /// As f32, bf16 or f16, and the same numbers in f64.
        fn factor(&self, precision: usize) -> (Factor, Vec<f64>) {
            let (line, k) = self.strides;
            let (numbers, wide) = match precision {
                0 => (Numbers::F32(self.f32.as_ptr()), wide(&self.f32)),
                1 => {
                    let numbers = self.bf16.iter().map(|x| x.to_f64()).collect();
                    (Numbers::Bf16(self.bf16.as_ptr()), numbers)
                }
                _ => {
                    let numbers = self.f16.iter().map(|x| x.to_f64()).collect();
                    (Numbers::F16(self.f16.as_ptr()), numbers)
                }
            };
            (Factor { numbers, line, k }, wide)
        }
    }

    /// C of a product whose sum goes on in a second pair of factors, next to what the reference gives.
    fn both(
        (m, k, more_k, n): (usize, usize, usize, usize),
        layout: usize,
        precision: usize,
        start: usize,
    ) -> (Vec<f32>, Vec<f64>) {
        let (along_a, along_b) = (layout & 1 == 0, layout & 2 == 0);
        let step = if layout & 4 == 4 { 2 } else { 1 };
        let a = [Owned::new(m, k, along_a, step, 1), Owned::new(m, more_k, true, 1, 2)];
        let b = [Owned::new(n, k, along_b, step, 3), Owned::new(n, more_k, false, 1, 4)];
        let (a, b) = (
            [a[0].factor(0), a[1].factor(0)].map(|f| (f, &a)),
            [b[0].factor(precision), b[1].factor(0)].map(|f| (f, &b)),
        );
        let (c_rs, bias) = (n + 5, values::<f32>(n, 6));
        let mut c = values::<f32>(m * c_rs, 5);
        let mut want = wide(&c);
        let beta = [0.0, 1.0, 1.5][start];
        for i in 0..m {
            for j in 0..n {
                let at = i * c_rs + j;
                if start == 1 {
                    want[at] = f64::from(bias[j]);
                }
                if start < 2 {
                    c[at] = f32::NAN; // which must not be read
                }
            }
        }
        for (pair, k) in [(0, k), (1, more_k)] {
            let (((fa, a), _), ((fb, b), _)) = (&a[pair], &b[pair]);
            let beta = if pair == 0 { beta } else { 1.0 };
            reference::gemm::gemm(
                m,
                k,
                n,
                a,
                (fa.line, fa.k),
                b,
                (fb.k, fb.line),
                0.5,
                beta,
                &mut want,
                c_rs,
            );
        }
        let product = Blocked {
            m,
            n,
            k,
            more_k,
            a: [a[0].0.0, a[1].0.0],
            b: [b[0].0.0, b[1].0.0],
            alpha: 0.5,
            start: match start {
                0 => Start::Zero,
                1 => Start::Bias(bias.as_ptr()),
                _ => Start::Scaled(1.5),
            },
            c: c.as_mut_ptr(),
            c_rs,
        };
        // SAFETY: the factors own what their strides name, and C is owned here.
        unsafe { product.run(m * n * k > 100_000) };
        (c, want)
    }

    fn meets_reference(sizes: (usize, usize, usize, usize), layout: usize, precision: usize, start: usize) {
        let (got, want) = both(sizes, layout, precision, start);
        let depth = 1.0 + (sizes.1 + sizes.2) as f64 / 256.0;
        let name = format!("{sizes:?} layout {layout} precision {precision} start {start}");
        close(&got, &want, 2e-5 * depth, &name);
    }

    fn each_own(mut f: impl FnMut(&Kernel)) {
        each_isa(|_| {
            if let Some(kernel) = kernel() {
                f(kernel);
            }
        });
    }

    #[test]
    fn every_size_of_tile_layout_precision_and_start_meets_the_reference() {
        each_own(|kernel| {
            for m in 1..=kernel.mr + 1 {
                for n in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40] {
                    meets_reference((m, 1 + (m * n) % 37, (m + n) % 3, n), (m + n) % 8, n % 3, m % 3);
                }
            }
            for layout in 0..8 {
                for precision in 0..3 {
                    for start in 0..3 {
                        meets_reference((37, 67, 5, 71), layout, precision, start);
                    }
                }
            }
            meets_reference((20, 0, 0, 33), 0, 0, 1);
            meets_reference((20, 0, 3, 33), 0, 0, 2);
            meets_reference((0, 3, 3, 33), 0, 0, 2);
        });
    }

    #[test]
    fn several_blocks_and_depths_meet_the_reference() {
        each_own(|kernel| {
            // More than ROOM on both sides, several tasks, and the second factors behind the last depth.
            meets_reference((300, 2 * kernel.kc + 3, 8, 1100), 2, 1, 2);
            meets_reference((3, 2 * kernel.kc + 1, 0, 2100), 0, 0, 1);
            meets_reference((1500, kernel.kc + 9, 0, 40), 1, 0, 0);
        });
    }

    #[test]
    fn the_bits_of_a_row_go_by_its_numbers_alone() {
        each_own(|kernel| {
            let (whole, _) = both((2 * kernel.mr + 3, 1000, 4, 70), 0, 2, 2);
            same_for_any_thread_count(|| {
                let (again, _) = both((2 * kernel.mr + 3, 1000, 4, 70), 0, 2, 2);
                assert!(again == whole);
                again
            });
            // The same rows in a taller product: the factors of rows are drawn in order, so the first ones are the same.
            let (taller, _) = both((3 * kernel.mr, 1000, 4, 70), 0, 2, 0);
            let (first, _) = both((5, 1000, 4, 70), 0, 2, 0);
            assert!((0..5).all(|i| taller[i * 75..][..70] == first[i * 75..][..70]));
        });
    }
}
