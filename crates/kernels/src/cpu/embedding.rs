//! Embeddings: lookup by row (a base table) and by column (LoRA's factor A, stored as (r, num)), with gradients.

use super::index::{SortedIds, check_ids};
use crate::error::{Result, check_len};
use crate::float::Float;
use crate::par;
use crate::weight::WeightRef;

/// Sizes of a table: (num, dim), or (dim, num) where it is transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddingDims {
    /// Number of ids.
    pub num: usize,
    /// Values per id.
    pub dim: usize,
}

/// torch's options of the gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbeddingOptions {
    /// An id that gets no gradient.
    pub padding_idx: Option<usize>,
    /// Divides the gradient of an id by how often it occurs.
    pub scale_by_freq: bool,
}

/// `out[i] = weight[ids[i]]`: weight (num, dim), out (ids, dim). Half weights are widened.
///
/// # Errors
/// When a length does not fit or an id is outside the table.
pub fn embedding<T: Float>(dims: EmbeddingDims, weight: WeightRef<'_, T>, ids: &[i64], out: &mut [T]) -> Result<()> {
    const NAME: &str = "embedding";
    let EmbeddingDims { num, dim } = dims;
    check_len(NAME, "weight", weight.len(), num * dim)?;
    check_len(NAME, "out", out.len(), ids.len() * dim)?;
    if dim == 0 {
        return Ok(());
    }
    check_ids(NAME, ids, num)?;
    par::rows_mut(out, dim, par::grain(dim), |start, out| {
        lookup(weight, dim, &ids[start..], out);
    });
    Ok(())
}

/// A row of the table for each row of `out`; `dim` is not 0, and the ids are inside the table.
pub(super) fn lookup<T: Float>(weight: WeightRef<'_, T>, dim: usize, ids: &[i64], out: &mut [T]) {
    for (out, &id) in out.chunks_exact_mut(dim).zip(ids) {
        weight.row(id as usize * dim, dim, out);
    }
}

/// `dw[id] = Σ dy[i]` over the positions i of each id, in order; 0 for rows that do not occur and for `padding_idx`.
///
/// dy (ids, dim), dw (num, dim), fully overwritten.
///
/// # Errors
/// When a length does not fit or an id is outside `0..num`.
pub fn embedding_backward<T: Float>(
    dims: EmbeddingDims,
    ids: &[i64],
    dy: &[T],
    options: EmbeddingOptions,
    dw: &mut [T],
) -> Result<()> {
    const NAME: &str = "embedding_backward";
    let EmbeddingDims { num, dim } = dims;
    let EmbeddingOptions {
        padding_idx,
        scale_by_freq,
    } = options;
    check_len(NAME, "dy", dy.len(), ids.len() * dim)?;
    check_len(NAME, "dw", dw.len(), num * dim)?;
    check_ids(NAME, ids, num)?;
    let sorted = SortedIds::new(ids);
    par::rows_mut(dw, dim, par::grain(dim), |first, dw| {
        dw.fill(T::ZERO);
        sorted.add_rows(first, dy, dim, dw);
        let rows = dw.len() / dim;
        if scale_by_freq {
            sorted.each_count(first, rows, |id, count| {
                let count = T::from_usize(count);
                dw[(id - first) * dim..][..dim].iter_mut().for_each(|dw| *dw /= count);
            });
        }
        if let Some(row) = padding_idx.filter(|row| (first..first + rows).contains(row)) {
            dw[(row - first) * dim..][..dim].fill(T::ZERO);
        }
    });
    Ok(())
}

/// `out[i] = table[:, ids[i]]`: table (dim, num), out (ids, dim).
///
/// # Errors
/// When a length does not fit or an id is outside the table.
pub fn embedding_t<T: Float>(dims: EmbeddingDims, table: &[T], ids: &[i64], out: &mut [T]) -> Result<()> {
    const NAME: &str = "embedding_t";
    let EmbeddingDims { num, dim: r } = dims;
    check_len(NAME, "table", table.len(), r * num)?;
    check_len(NAME, "out", out.len(), ids.len() * r)?;
    check_ids(NAME, ids, num)?;
    par::rows_mut(out, r, par::grain(r), |start, out| {
        lookup_columns(table, r, num, &ids[start..], out);
    });
    Ok(())
}

/// A column of the table for each row of `out`; `r` is not 0, and the ids are below `num`.
pub(super) fn lookup_columns<T: Float>(table: &[T], r: usize, num: usize, ids: &[i64], out: &mut [T]) {
    for (out, &id) in out.chunks_exact_mut(r).zip(ids) {
        for (k, out) in out.iter_mut().enumerate() {
            *out = table[k * num + id as usize];
        }
    }
}

/// `da[:, id] = Σ dh[i]` over the positions i of each id, in order; else as [`embedding_backward`].
///
/// dh (ids, dim), da (dim, num), fully overwritten.
///
/// # Errors
/// When a length does not fit or an id is outside `0..num`.
pub fn embedding_t_backward<T: Float>(
    dims: EmbeddingDims,
    ids: &[i64],
    dh: &[T],
    options: EmbeddingOptions,
    da: &mut [T],
) -> Result<()> {
    const NAME: &str = "embedding_t_backward";
    let EmbeddingDims { num, dim: r } = dims;
    let EmbeddingOptions {
        padding_idx,
        scale_by_freq,
    } = options;
    check_len(NAME, "dh", dh.len(), ids.len() * r)?;
    check_len(NAME, "da", da.len(), r * num)?;
    check_ids(NAME, ids, num)?;
    let sorted = SortedIds::new(ids);
    // A row of da per task: each task reads one column of dh.
    par::rows_mut(da, num, 1, |start, da| {
        for (row, da) in da.chunks_exact_mut(num).enumerate() {
            let k = start + row;
            da.fill(T::ZERO);
            for (dh, &id) in dh.chunks_exact(r).zip(ids) {
                da[id as usize] += dh[k];
            }
            if scale_by_freq {
                sorted.each_count(0, num, |id, count| da[id] /= T::from_usize(count));
            }
            if let Some(da) = padding_idx.and_then(|id| da.get_mut(id)) {
                *da = T::ZERO;
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::embedding as slow;
    use crate::testing::{SIZES, close, each_isa, ids, same_for_any_thread_count, values, wide};
    use half::{bf16, f16};

    fn check<T: Float>(num: usize, dim: usize, count: usize) {
        let (weight, dy) = (values::<T>(num * dim, 1), values::<T>(count * dim, 2));
        let ids = ids(count, num, 3);
        let context = format!("num {num} dim {dim} ids {count}");
        let mut out = vec![T::ZERO; count * dim];
        let dims = EmbeddingDims { num, dim };
        embedding(dims, WeightRef::Full(&weight), &ids, &mut out).unwrap();
        close(&out, &slow::embedding(dims, &wide(&weight), &ids), 0.0, &context);
        embedding_t(dims, &weight, &ids, &mut out).unwrap();
        close(&out, &slow::embedding_t(dims, &wide(&weight), &ids), 0.0, &context);
        for (padding_idx, scale_by_freq) in [(None, false), (Some(num / 2), false), (None, true), (Some(0), true)] {
            let options = EmbeddingOptions {
                padding_idx,
                scale_by_freq,
            };
            let mut dw = vec![T::ONE; num * dim];
            embedding_backward(dims, &ids, &dy, options, &mut dw).unwrap();
            let want = slow::embedding_backward(dims, &ids, &wide(&dy), options);
            close(&dw, &want, 5e-6, &context);
            dw.fill(T::ONE);
            embedding_t_backward(dims, &ids, &dy, options, &mut dw).unwrap();
            let transposed: Vec<f64> = (0..num * dim).map(|i| want[i % num * dim + i / num]).collect();
            close(&dw, &transposed, 5e-6, &context);
        }
    }

    #[test]
    fn lookups_and_gradients_meet_their_twins() {
        each_isa(|_| {
            for dim in SIZES {
                for (num, count) in [(1, 3), (7, 0), (50, 129)] {
                    check::<f32>(num, dim, count);
                    check::<f64>(num, dim, count);
                }
            }
            check::<f32>(1000, 64, 3000);
        });
    }

    #[test]
    fn half_tables_are_widened() {
        let b: Vec<bf16> = (0..12).map(|i| bf16::from_f32(i as f32)).collect();
        let h: Vec<f16> = (0..12).map(|i| f16::from_f32(i as f32)).collect();
        for weight in [WeightRef::Bf16(&b), WeightRef::F16(&h)] {
            let mut out = [0f32; 6];
            embedding(EmbeddingDims { num: 4, dim: 3 }, weight, &[3, 1], &mut out).unwrap();
            assert_eq!(out, [9.0, 10.0, 11.0, 3.0, 4.0, 5.0]);
        }
    }

    #[test]
    fn gradient_bits_do_not_depend_on_threads() {
        let (ids, dy) = (ids(4000, 9, 1), values::<f32>(4000 * 48, 2));
        same_for_any_thread_count(|| {
            let mut dw = vec![0f32; 2000 * 48];
            let dims = EmbeddingDims { num: 2000, dim: 48 };
            embedding_backward(dims, &ids, &dy, EmbeddingOptions::default(), &mut dw).unwrap();
            dw
        });
    }

    #[test]
    fn an_id_outside_the_table_is_named() {
        let dims = EmbeddingDims { num: 2, dim: 3 };
        let error = embedding(dims, WeightRef::Full(&[0f32; 6]), &[1, 2], &mut [0.0; 6]).unwrap_err();
        assert_eq!(error.to_string(), "embedding: index 2 at position 1 is outside 0..2");
    }
}
