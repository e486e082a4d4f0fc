//! Folding a low-rank update into a copy of its base weight.

use super::super::linear::Layout;
use super::super::scratch::with_scratch;
use super::super::small_rows::Kind;
use super::blocks::{Block, check, check_blocks, offsets, tile, transpose_blocks};
use crate::half_bits::{f32_to_bf16, f32_to_f16};
use crate::{Float, Result, WeightRef, fail, isa, par};
use half::{bf16, f16};

/// Where merged values go: the same precision as the base weight.
#[derive(Debug)]
pub enum WeightMut<'a, T> {
    /// Same precision as the factors.
    Full(&'a mut [T]),
    /// bfloat16.
    Bf16(&'a mut [bf16]),
    /// IEEE half.
    F16(&'a mut [f16]),
}

/// `out = W + scaling · B · A`, in one pass over W by panels of rows.
///
/// | slice | shape                                | meaning                    |
/// |-------|--------------------------------------|----------------------------|
/// | `w`   | (N, K) or (K, N), by `layout`        | base weight, not changed   |
/// | `a`   | (G·R, K)                             | `lora_A`                   |
/// | `b`   | (Σlen, R)                            | `lora_B`, in block order   |
/// | `out` | as `w`, same precision               | merged weight              |
///
/// Outputs outside the blocks are copies of `w`. A half weight is widened, updated in `T` and rounded once.
///
/// # Errors
/// When a slice length differs from its shape, precisions differ, or blocks overlap or leave 0..N.
///
/// Slow twin: `reference::lora::lora_merge`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn lora_merge<T: Float>(
    w: WeightRef<'_, T>,
    a: &[T],
    b: &[T],
    blocks: &[Block],
    layout: Layout,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    out: WeightMut<'_, T>,
) -> Result<()> {
    let (gr, sum_len) = check_blocks("lora_merge", blocks, n, r)?;
    let out_len = match &out {
        WeightMut::Full(out) => out.len(),
        WeightMut::Bf16(out) => out.len(),
        WeightMut::F16(out) => out.len(),
    };
    check(
        "lora_merge",
        &[
            ("w", w.len(), n * k),
            ("a", a.len(), gr * k),
            ("b", b.len(), sum_len * r),
            ("out", out_len, n * k),
        ],
    )?;
    let columns = if layout == Layout::OutIn { k } else { n };
    let grain = par::grain(columns);
    with_scratch(b.len(), |bt: &mut [T]| {
        transpose_blocks(b, blocks, r, bt);
        let factors = Factors {
            a,
            b,
            bt,
            blocks,
            layout,
            k,
            n,
            r,
            scaling,
        };
        match (w, out) {
            (WeightRef::Full(w), WeightMut::Full(out)) => par::rows_mut(out, columns, grain, |start, rows| {
                rows.copy_from_slice(&w[start * columns..][..rows.len()]);
                factors.add_to(start, rows);
            }),
            (w @ (WeightRef::Bf16(_) | WeightRef::Bf16Rounding(_)), WeightMut::Bf16(out)) => {
                par::rows_mut(out, columns, grain, |start, rows| {
                    factors.merged(w, start, columns, rows, |x| f32_to_bf16(x.to_f32()));
                })
            }
            (w @ WeightRef::F16(_), WeightMut::F16(out)) => par::rows_mut(out, columns, grain, |start, rows| {
                factors.merged(w, start, columns, rows, |x| f32_to_f16(x.to_f32()));
            }),
            _ => return fail("lora_merge", "out must have the precision of w".into()),
        }
        Ok(())
    })
}

struct Factors<'a, T> {
    a: &'a [T],
    b: &'a [T],
    bt: &'a [T],
    blocks: &'a [Block],
    layout: Layout,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
}

impl<T: Float> Factors<'_, T> {
    /// Merged rows from `start` in half precision.
    fn merged<H>(&self, w: WeightRef<'_, T>, start: usize, columns: usize, rows: &mut [H], round: impl Fn(T) -> H) {
        with_scratch(rows.len(), |wide: &mut [T]| {
            w.row(start * columns, rows.len(), wide);
            self.add_to(start, wide);
            isa::dispatch(
                #[inline(always)]
                || rows.iter_mut().zip(&*wide).for_each(|(out, &x)| *out = round(x)),
            );
        });
    }

    /// Adds the update to the rows of W from `start`.
    fn add_to(&self, start: usize, rows: &mut [T]) {
        let &Self { k, n, r, scaling, .. } = self;
        for (i, first, block) in offsets(self.blocks) {
            let a = &self.a[i * r * k..];
            match self.layout {
                Layout::OutIn => {
                    let end = (start + rows.len() / k.max(1)).min(block.start + block.len);
                    let begin = start.max(block.start);
                    if begin >= end {
                        continue;
                    }
                    let (x, y) = (
                        &self.b[(first + begin - block.start) * r..],
                        &mut rows[(begin - start) * k..],
                    );
                    // SAFETY: rows begin..end of B (len, r) and of W (n, k), and part i of A (r, k).
                    unsafe {
                        let sizes = (end - begin, r, k);
                        tile(
                            Kind::Axpy,
                            sizes,
                            x.as_ptr(),
                            (r, 1),
                            a.as_ptr(),
                            k,
                            scaling,
                            T::ONE,
                            y.as_mut_ptr(),
                            k,
                        );
                    }
                }
                Layout::InOut => {
                    let count = rows.len() / n.max(1);
                    let (x, bt) = (&a[start.min(a.len())..], &self.bt[first * r..]);
                    let y = &mut rows[block.start.min(count * n)..];
                    // SAFETY: columns of part i of A, transposed (count, r), part i of Bᵀ (r, len), the block's columns of W.
                    unsafe {
                        let (sizes, ldw) = ((count, r, block.len), block.len);
                        tile(
                            Kind::Axpy,
                            sizes,
                            x.as_ptr(),
                            (1, k),
                            bt.as_ptr(),
                            ldw,
                            scaling,
                            T::ONE,
                            y.as_mut_ptr(),
                            n,
                        );
                    }
                }
            }
        }
    }
}
