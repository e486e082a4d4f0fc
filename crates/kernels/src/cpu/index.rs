//! Reading and adding by index: gather, scatter-add, index-select, index-add.

use super::axis::AxisDims;
use crate::error::{Result, check_len, outside};
use crate::float::Float;
use crate::{isa, par};

/// Fails for an index outside `0..n`, which the error names with its position.
///
/// # Errors
/// When there is such a value.
pub fn check_ids(kernel: &'static str, ids: &[i64], n: usize) -> Result<()> {
    match ids.iter().position(|&id| id < 0 || id as u64 >= n as u64) {
        None => Ok(()),
        Some(at) => {
            let what = format!("index {} at position {at} is outside 0..{n}", ids[at]);
            outside(kernel, what, format!("0 to {}", n as i64 - 1), ids[at])
        }
    }
}

/// `out[o][i][j] = x[o][index[o][i][j]][j]`: torch.gather along the middle dimension.
///
/// x (outer, n, inner), index and out (outer, n_out, inner).
///
/// # Errors
/// When a length does not fit or an index is outside `0..n`.
pub fn gather<T: Copy + Send + Sync>(
    dims: AxisDims,
    n_out: usize,
    x: &[T],
    index: &[i64],
    out: &mut [T],
) -> Result<()> {
    let AxisDims { outer, n, inner } = dims;
    check_len("gather", "x", x.len(), dims.numel())?;
    check_len("gather", "index", index.len(), outer * n_out * inner)?;
    check_len("gather", "out", out.len(), index.len())?;
    check_ids("gather", index, n)?;
    par::rows_mut(out, inner, par::grain(inner), |start, out| {
        for (row, out) in out.chunks_mut(inner).enumerate() {
            let row = start + row;
            let x = &x[row / n_out * n * inner..];
            for (j, (out, &id)) in out.iter_mut().zip(&index[row * inner..]).enumerate() {
                *out = x[id as usize * inner + j];
            }
        }
    });
    Ok(())
}

/// `dst[o][index[o][i][j]][j] += src[o][i][j]`, in the order of i: torch.scatter_add along the middle dimension.
///
/// dst (outer, n, inner), index and src (outer, n_src, inner).
///
/// # Errors
/// When a length does not fit or an index is outside `0..n`.
pub fn scatter_add<T: Float>(dims: AxisDims, n_src: usize, dst: &mut [T], index: &[i64], src: &[T]) -> Result<()> {
    scatter_by("scatter_add", dims, n_src, dst, (index, src), |dst, src| *dst += src)
}

/// `dst[o][index[o][i][j]][j] = src[o][i][j]`, where the last of equal indices wins: torch.scatter along the middle dimension.
///
/// dst (outer, n, inner), index and src (outer, n_src, inner).
///
/// # Errors
/// When a length does not fit or an index is outside `0..n`.
pub fn scatter<T: Copy + Send + Sync>(
    dims: AxisDims,
    n_src: usize,
    dst: &mut [T],
    index: &[i64],
    src: &[T],
) -> Result<()> {
    scatter_by("scatter", dims, n_src, dst, (index, src), |dst, src| *dst = src)
}

/// Puts each value of `src` into `dst`, in the order of i; a block of `dst` belongs to one task.
fn scatter_by<T: Copy + Send + Sync>(
    kernel: &'static str,
    dims: AxisDims,
    n_src: usize,
    dst: &mut [T],
    (index, src): (&[i64], &[T]),
    put: impl Fn(&mut T, T) + Sync,
) -> Result<()> {
    let AxisDims { outer, n, inner } = dims;
    check_len(kernel, "dst", dst.len(), dims.numel())?;
    check_len(kernel, "index", index.len(), outer * n_src * inner)?;
    check_len(kernel, "src", src.len(), index.len())?;
    check_ids(kernel, index, n)?;
    let (block, source) = (n * inner, n_src * inner);
    par::rows_mut(dst, block, par::grain(source), |start, dst| {
        for (o, dst) in dst.chunks_mut(block).enumerate() {
            let range = (start + o) * source..(start + o + 1) * source;
            for (i, (&id, &src)) in index[range.clone()].iter().zip(&src[range]).enumerate() {
                put(&mut dst[id as usize * inner + i % inner], src);
            }
        }
    });
    Ok(())
}

/// The gradient of [`gather`] by x: [`scatter_add`] of dy into zeros. `dx` (outer, n, inner) is fully overwritten.
///
/// # Errors
/// As [`scatter_add`].
pub fn gather_backward<T: Float>(dims: AxisDims, n_out: usize, index: &[i64], dy: &[T], dx: &mut [T]) -> Result<()> {
    dx.fill(T::ZERO);
    scatter_add(dims, n_out, dx, index, dy)
}

/// `out[o][k] = x[o][ids[k]]` for rows of `inner` values: x (outer, n, inner), out (outer, ids, inner).
///
/// # Errors
/// When a length does not fit or an id is outside `0..n`.
pub fn index_select<T: Copy + Send + Sync>(dims: AxisDims, x: &[T], ids: &[i64], out: &mut [T]) -> Result<()> {
    let AxisDims { outer, n, inner } = dims;
    check_len("index_select", "x", x.len(), dims.numel())?;
    check_len("index_select", "out", out.len(), outer * ids.len() * inner)?;
    check_ids("index_select", ids, n)?;
    par::rows_mut(out, inner, par::grain(inner), |start, out| {
        for (row, out) in out.chunks_mut(inner).enumerate() {
            let (o, k) = ((start + row) / ids.len(), (start + row) % ids.len());
            out.copy_from_slice(&x[(o * n + ids[k] as usize) * inner..][..inner]);
        }
    });
    Ok(())
}

/// `dst[o][ids[k]] += src[o][k]`, in the order of k: dst (outer, n, inner), src (outer, ids, inner).
///
/// # Errors
/// When a length does not fit or an id is outside `0..n`.
pub fn index_add<T: Float>(dims: AxisDims, dst: &mut [T], ids: &[i64], src: &[T]) -> Result<()> {
    let AxisDims { outer, n, inner } = dims;
    check_len("index_add", "dst", dst.len(), dims.numel())?;
    check_len("index_add", "src", src.len(), outer * ids.len() * inner)?;
    check_ids("index_add", ids, n)?;
    let sorted = SortedIds::new(ids);
    par::rows_mut(dst, inner, par::grain(inner), |start, dst| {
        let (mut row, end) = (start, start + dst.len() / inner);
        while row < end {
            // One outer block at a time: within it, row indices are ids.
            let (o, first) = (row / n, row % n);
            let count = (n - first).min(end - row);
            let dst = &mut dst[(row - start) * inner..][..count * inner];
            sorted.add_rows(first, &src[o * ids.len() * inner..], inner, dst);
            row += count;
        }
    });
    Ok(())
}

/// Positions sorted by id, equal ids in order: lets threads own ranges of ids and still add in a fixed order.
pub(crate) struct SortedIds<'a> {
    ids: &'a [i64],
    order: Vec<usize>,
}

impl<'a> SortedIds<'a> {
    pub(crate) fn new(ids: &'a [i64]) -> Self {
        let mut order: Vec<usize> = crate::alloc::with_capacity(ids.len());
        order.extend(0..ids.len());
        // Stable, hence in order of position among equal ids.
        order.sort_by_key(|&position| ids[position]);
        Self { ids, order }
    }

    /// The positions of the ids in `first .. first + count`, by id, then by position.
    fn positions(&self, first: usize, count: usize) -> &[usize] {
        let from = self.order.partition_point(|&p| (self.ids[p] as usize) < first);
        let to = self.order.partition_point(|&p| (self.ids[p] as usize) < first + count);
        &self.order[from..to]
    }

    /// Adds row `position` of `src` to row `id − first` of `dst`, for all ids whose row `dst` holds.
    pub(crate) fn add_rows<T: Float>(&self, first: usize, src: &[T], inner: usize, dst: &mut [T]) {
        isa::dispatch(
            #[inline(always)]
            || {
                for &position in self.positions(first, dst.len() / inner) {
                    let dst = &mut dst[(self.ids[position] as usize - first) * inner..][..inner];
                    let src = &src[position * inner..][..inner];
                    for (dst, &src) in dst.iter_mut().zip(src) {
                        *dst += src;
                    }
                }
            },
        )
    }

    /// Calls `f(id, how often it occurs)` for every id in `first .. first + count` that occurs.
    pub(crate) fn each_count(&self, first: usize, count: usize, mut f: impl FnMut(usize, usize)) {
        for same in self
            .positions(first, count)
            .chunk_by(|&a, &b| self.ids[a] == self.ids[b])
        {
            f(self.ids[same[0]] as usize, same.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::index as slow;
    use crate::testing::{SIZES, close, each_isa, ids, same_for_any_thread_count, values, wide};

    fn axis(outer: usize, n: usize, inner: usize) -> AxisDims {
        AxisDims { outer, n, inner }
    }

    fn check<T: Float>(dims: AxisDims, count: usize) {
        let AxisDims { outer, n, inner } = dims;
        let x = values::<T>(outer * n * inner, 1);
        let index = ids(outer * count * inner, n, 2);
        let mut out = vec![T::ZERO; outer * count * inner];
        let context = format!("({outer}, {n} -> {count}, {inner})");
        gather(dims, count, &x, &index, &mut out).unwrap();
        close(&out, &slow::gather(dims, count, &wide(&x), &index), 0.0, &context);

        let src = values::<T>(outer * count * inner, 3);
        let mut dst = x.clone();
        scatter_add(dims, count, &mut dst, &index, &src).unwrap();
        let mut want = wide(&x);
        slow::scatter_add(dims, count, &mut want, &index, &wide(&src));
        close(&dst, &want, 5e-6, &context);
        let mut set = x.clone();
        scatter(dims, count, &mut set, &index, &src).unwrap();
        let mut want = wide(&x);
        slow::scatter(dims, count, &mut want, &index, &wide(&src));
        close(&set, &want, 0.0, &context);
        gather_backward(dims, count, &index, &src, &mut dst).unwrap();
        let mut want = vec![0.0; x.len()];
        slow::scatter_add(dims, count, &mut want, &index, &wide(&src));
        close(&dst, &want, 5e-6, &context);

        let rows = ids(count, n, 4);
        let spread: Vec<i64> = (0..outer * count * inner).map(|i| rows[i / inner % count]).collect();
        index_select(dims, &x, &rows, &mut out).unwrap();
        close(&out, &slow::gather(dims, count, &wide(&x), &spread), 0.0, &context);
        let mut dst = x.clone();
        index_add(dims, &mut dst, &rows, &src).unwrap();
        let mut want = wide(&x);
        slow::scatter_add(dims, count, &mut want, &spread, &wide(&src));
        close(&dst, &want, 5e-6, &context);
    }

    #[test]
    fn indexing_meets_its_twins() {
        each_isa(|_| {
            for n in SIZES.into_iter().filter(|&n| n > 0) {
                for (outer, count, inner) in [(1, 5, 1), (3, 17, 4), (2, 1, 65), (0, 3, 2), (2, 0, 3), (1, 4, 0)] {
                    check::<f32>(axis(outer, n, inner), count);
                    check::<f64>(axis(outer, n, inner), count);
                }
            }
            check::<f32>(axis(2, 300, 129), 1000);
        });
    }

    #[test]
    fn added_bits_do_not_depend_on_threads() {
        let (rows, src) = (ids(5000, 20, 1), values::<f32>(5000 * 64, 2));
        same_for_any_thread_count(|| {
            let mut dst = vec![0f32; 1000 * 64];
            index_add(axis(1, 1000, 64), &mut dst, &rows, &src).unwrap();
            dst
        });
    }

    #[test]
    fn a_bad_index_is_named() {
        let error = gather(axis(1, 4, 1), 2, &[0f32; 4], &[0, 7], &mut [0.0; 2]).unwrap_err();
        assert_eq!(error.to_string(), "gather: index 7 at position 1 is outside 0..4");
        assert!(index_select(axis(1, 4, 1), &[0u8; 4], &[-1], &mut [0]).is_err());
    }
}
