//! Folding a low-rank update into a copy of its base weight.

use super::super::linear::{Layout, LinearWeight};
use super::super::scratch::with_scratch;
use super::super::small_rows::{Kind, Tile};
use super::operands::{LoraDims, LoraFactors, check, offsets, transpose_blocks};
use crate::half_bits::{f32_to_bf16, f32_to_f16};
use crate::{Float, Result, WeightRef, fail, isa, par};
use half::{bf16, f16};

/// The merged weight, in the precision of the base weight or of the factors.
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
/// `out` has the shape of the weight, which is not changed, and its precision or that of the factors. Outputs outside the blocks are copies
/// of it. A half weight is widened, updated in `T` and rounded once.
///
/// # Errors
/// When a slice does not have the length of its shape, `out` is of another precision, or blocks overlap or leave 0..N.
///
/// Slow twin: `reference::lora::lora_merge`.
pub fn lora_merge<T: Float>(
    dims: LoraDims<'_>,
    factors: LoraFactors<'_, T>,
    weight: LinearWeight<'_, T>,
    out: WeightMut<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_merge";
    dims.check(NAME)?;
    let LoraDims { k, n, r, blocks, .. } = dims;
    let LinearWeight { values: w, layout } = weight;
    let out_len = match &out {
        WeightMut::Full(out) => out.len(),
        WeightMut::Bf16(out) => out.len(),
        WeightMut::F16(out) => out.len(),
    };
    check(
        NAME,
        &[
            ("w", w.len(), n * k),
            ("a", factors.a.len(), dims.rows_a() * k),
            ("b", factors.b.len(), dims.rows_b() * r),
            ("out", out_len, n * k),
        ],
    )?;
    let columns = if layout == Layout::OutIn { k } else { n };
    let grain = par::grain(columns);
    with_scratch(factors.b.len(), |bt: &mut [T]| {
        transpose_blocks(factors.b, blocks, r, bt);
        let update = Update {
            dims,
            factors,
            bt,
            layout,
        };
        match (w, out) {
            (w, WeightMut::Full(out)) => par::rows_mut(out, columns, grain, |start, rows| {
                w.row(start * columns, rows.len(), rows);
                update.add_to(start, rows);
            }),
            (w @ (WeightRef::Bf16(_) | WeightRef::Bf16Rounding(_)), WeightMut::Bf16(out)) => {
                par::rows_mut(out, columns, grain, |start, rows| {
                    update.merged(w, start, columns, rows, |x| f32_to_bf16(x.to_f32()));
                })
            }
            (w @ WeightRef::F16(_), WeightMut::F16(out)) => par::rows_mut(out, columns, grain, |start, rows| {
                update.merged(w, start, columns, rows, |x| f32_to_f16(x.to_f32()));
            }),
            _ => return fail(NAME, "out must have the precision of w or of the factors".into()),
        }
        Ok(())
    })
}

struct Update<'a, T> {
    dims: LoraDims<'a>,
    factors: LoraFactors<'a, T>,
    /// Bᵀ, block after block.
    bt: &'a [T],
    layout: Layout,
}

impl<T: Float> Update<'_, T> {
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
        let LoraDims { k, n, r, blocks, .. } = self.dims;
        let LoraFactors { a, b, scaling } = self.factors;
        for (i, first, block) in offsets(blocks) {
            let a = &a[i * r * k..];
            match self.layout {
                Layout::OutIn => {
                    let end = (start + rows.len() / k.max(1)).min(block.start + block.len);
                    let begin = start.max(block.start);
                    if begin >= end {
                        continue;
                    }
                    let tile = Tile {
                        kind: Kind::Axpy,
                        m: end - begin,
                        k: r,
                        n: k,
                        x: b[(first + begin - block.start) * r..].as_ptr(),
                        x_strides: (r, 1),
                        w: a.as_ptr(),
                        ldw: k,
                        y: rows[(begin - start) * k..].as_mut_ptr(),
                        ldy: k,
                        alpha: scaling,
                        beta: T::ONE,
                    };
                    // SAFETY: rows begin..end of B (len, r) and of W (n, k), and part i of A (r, k).
                    unsafe { tile.run() }
                }
                Layout::InOut => {
                    let count = rows.len() / n.max(1);
                    let tile = Tile {
                        kind: Kind::Axpy,
                        m: count,
                        k: r,
                        n: block.len,
                        x: a[start.min(a.len())..].as_ptr(),
                        x_strides: (1, k),
                        w: self.bt[first * r..].as_ptr(),
                        ldw: block.len,
                        y: rows[block.start.min(count * n)..].as_mut_ptr(),
                        ldy: n,
                        alpha: scaling,
                        beta: T::ONE,
                    };
                    // SAFETY: columns of part i of A, transposed (count, r), part i of Bᵀ (r, len), the block's columns of W.
                    unsafe { tile.run() }
                }
            }
        }
    }
}
