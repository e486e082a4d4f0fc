//! An embedding and its low-rank update in one pass.

use super::super::embedding::{EmbeddingDims, embedding, embedding_t, lookup, lookup_columns};
use super::super::index::check_ids;
use super::super::scratch::with_scratch;
use super::super::small_rows::{Kind, Tile};
use super::operands::{Block, LoraFactors, LoraOutputs, ROWS, check, transpose_blocks};
use crate::{Float, Result, WeightRef, par};

/// Sizes of a table and its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoraEmbeddingDims {
    /// Rows of the table.
    pub num: usize,
    /// Width of the table.
    pub dim: usize,
    /// R: rank of the factors.
    pub r: usize,
}

/// `y = weight[ids] + scaling · h · Bᵀ` with `h = A[:, ids]ᵀ`.
///
/// | slice    | shape      | meaning                                 |
/// |----------|------------|-----------------------------------------|
/// | `a`      | (R, num)   | `lora_A`                                |
/// | `b`      | (dim, R)   | `lora_B`                                |
/// | `weight` | (num, dim) | the table; halves are widened           |
/// | `h`      | (ids, R)   | out: kept for backward                  |
/// | `y`      | (ids, dim) | out                                     |
///
/// A few rows of `y` at a time are looked up and updated while they are in the cache: `y` is written once and not read.
///
/// # Errors
/// When a length differs from its shape or an id is outside the table. Outputs are then untouched.
///
/// Source: loralib `Embedding.forward`. Slow twins: `reference::embedding::{embedding, embedding_t}`, `reference::lora::lora_update`.
pub fn lora_embedding<T: Float>(
    dims: LoraEmbeddingDims,
    factors: LoraFactors<'_, T>,
    weight: WeightRef<'_, T>,
    ids: &[i64],
    outputs: LoraOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_embedding";
    let LoraEmbeddingDims { num, dim, r } = dims;
    let LoraFactors { a, b, scaling } = factors;
    let LoraOutputs { h, y } = outputs;
    check(
        NAME,
        &[
            ("weight", weight.len(), num * dim),
            ("a", a.len(), r * num),
            ("b", b.len(), dim * r),
            ("h", h.len(), ids.len() * r),
            ("y", y.len(), ids.len() * dim),
        ],
    )?;
    check_ids(NAME, ids, num)?;
    if r == 0 {
        return embedding(EmbeddingDims { num, dim }, weight, ids, y);
    }
    if dim == 0 {
        return embedding_t(EmbeddingDims { num, dim: r }, a, ids, h);
    }
    let whole = [Block { start: 0, len: dim }];
    with_scratch(r * dim, |bt: &mut [T]| {
        transpose_blocks(b, &whole, r, bt);
        let bt = &*bt;
        let outputs = (par::Rows::new(h, r), par::Rows::new(y, dim));
        par::parts_mut(outputs, ROWS, |start, (h, y)| {
            let ids = &ids[start..][..h.data.len() / r];
            lookup_columns(a, r, num, ids, h.data);
            lookup(weight, dim, ids, y.data);
            let tile = Tile {
                kind: Kind::Axpy,
                m: ids.len(),
                k: r,
                n: dim,
                x: h.data.as_ptr(),
                x_strides: (r, 1),
                w: bt.as_ptr(),
                ldw: dim,
                y: y.data.as_mut_ptr(),
                ldy: dim,
                alpha: scaling,
                beta: T::ONE,
            };
            // SAFETY: h (ids, r), Bᵀ (r, dim) and y (ids, dim) have just these sizes.
            unsafe { tile.run() }
        });
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::embedding as slow;
    use crate::testing::{SIZES, close, each_isa, ids, same_for_any_thread_count, values, wide};
    use half::{bf16, f16};

    fn meets_twins<T: Float>(num: usize, dim: usize, count: usize, r: usize) {
        let (weight, a, b) = (
            values::<T>(num * dim, 1),
            values::<T>(r * num, 2),
            values::<T>(dim * r, 3),
        );
        let ids = ids(count, num, 4);
        let dims = LoraEmbeddingDims { num, dim, r };
        let scaling = 1.5;
        let run = |weight: WeightRef<'_, T>| {
            let (mut h, mut y) = (vec![T::ONE; count * r], vec![T::ONE; count * dim]);
            let factors = LoraFactors {
                a: &a,
                b: &b,
                scaling: T::from_f64(scaling),
            };
            let outputs = LoraOutputs { h: &mut h, y: &mut y };
            lora_embedding(dims, factors, weight, &ids, outputs).unwrap();
            (h, y)
        };
        let want = |weight: &[f64]| {
            let h = slow::embedding_t(EmbeddingDims { num, dim: r }, &wide(&a), &ids);
            let mut y = slow::embedding(EmbeddingDims { num, dim }, weight, &ids);
            for (i, y) in y.iter_mut().enumerate() {
                let (row, column) = (i / dim, i % dim);
                *y += scaling * (0..r).map(|k| h[row * r + k] * b[column * r + k].to_f64()).sum::<f64>();
            }
            (h, y)
        };
        let context = format!("num {num} dim {dim} ids {count} r {r}");
        let ((h, y), (want_h, want_y)) = (run(WeightRef::Full(&weight)), want(&wide(&weight)));
        assert_eq!(wide(&h), want_h, "{context}");
        close(&y, &want_y, 1e-5, &context);
        let halves: Vec<bf16> = weight.iter().map(|w| bf16::from_f64(w.to_f64())).collect();
        let widened: Vec<f64> = halves.iter().map(|w| w.to_f64()).collect();
        close(&run(WeightRef::Bf16(&halves)).1, &want(&widened).1, 1e-5, &context);
        let halves: Vec<f16> = weight.iter().map(|w| f16::from_f64(w.to_f64())).collect();
        let widened: Vec<f64> = halves.iter().map(|w| w.to_f64()).collect();
        close(&run(WeightRef::F16(&halves)).1, &want(&widened).1, 1e-5, &context);
    }

    #[test]
    fn meets_the_slow_twins_on_odd_sizes_and_all_tables() {
        each_isa(|_| {
            for (i, &dim) in SIZES.iter().enumerate() {
                for r in [0, 1, 4, 7, 16] {
                    meets_twins::<f32>(1 + 3 * i, dim, 2 * dim % 71, r);
                    meets_twins::<f64>(1 + 3 * i, dim, 2 * dim % 71, r);
                }
            }
        });
    }

    #[test]
    fn without_columns_there_is_still_what_backward_needs() {
        meets_twins::<f32>(5, 0, 7, 3);
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let (num, dim, count, r) = (97, 65, 301, 8);
        let (weight, a, b) = (
            values::<f32>(num * dim, 1),
            values::<f32>(r * num, 2),
            values::<f32>(dim * r, 3),
        );
        let ids = ids(count, num, 4);
        same_for_any_thread_count(|| {
            let (mut h, mut y) = (vec![0.0; count * r], vec![0.0; count * dim]);
            let factors = LoraFactors {
                a: &a,
                b: &b,
                scaling: 2.0,
            };
            let outputs = LoraOutputs { h: &mut h, y: &mut y };
            lora_embedding(
                LoraEmbeddingDims { num, dim, r },
                factors,
                WeightRef::Full(&weight),
                &ids,
                outputs,
            )
            .unwrap();
            y
        });
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (mut h, mut y) = ([0.0f32; 2], [0.0; 4]);
        let mut run = |ids: &[i64], b: &[f32]| {
            let dims = LoraEmbeddingDims { num: 3, dim: 2, r: 1 };
            let factors = LoraFactors {
                a: &[0.0; 3],
                b,
                scaling: 1.0,
            };
            let outputs = LoraOutputs { h: &mut h, y: &mut y };
            lora_embedding(dims, factors, WeightRef::Full(&[0.0; 6]), ids, outputs)
        };
        assert!(run(&[0, 2], &[0.0; 2]).is_ok());
        assert!(run(&[0, 3], &[0.0; 2]).is_err());
        assert!(run(&[0, -1], &[0.0; 2]).is_err());
        assert!(run(&[0, 2], &[0.0; 3]).is_err());
    }
}
