//! Copies between a contiguous slice and a strided window: permute, expand, slice, flip, cat and slice assignment.

use crate::error::{Result, check_len, fail};
use crate::par;

/// Rows copied side by side where the contiguous dimension of the other side is not the innermost one:
/// each cache line is then read once for 16 rows.
const TRANSPOSE_ROWS: usize = 16;

/// Copies the window `src[offset + Σ index·strides]` of the given shape to the contiguous `dst`.
///
/// Stride 0 repeats, a negative stride walks backwards. Strides count elements.
///
/// # Errors
/// When `dst` is not of that shape, or the window is not inside `src`.
pub fn gather_strided<T: Copy + Send + Sync>(
    src: &[T],
    offset: usize,
    strides: &[isize],
    shape: &[usize],
    dst: &mut [T],
) -> Result<()> {
    const NAME: &str = "gather_strided";
    check_len(NAME, "dst", dst.len(), shape.iter().product())?;
    if dst.is_empty() {
        return Ok(());
    }
    check_window(NAME, src.len(), offset, strides, shape)?;
    let plan = Plan::new(shape, strides, &contiguous(shape));
    // SAFETY: the window lies in src (checked), dst is contiguous of that shape, and its elements are distinct.
    unsafe { plan.run(src.as_ptr().add(offset), dst.as_mut_ptr(), true) };
    Ok(())
}

/// Copies the contiguous `src` into the window `dst[offset + Σ index·strides]` of the given shape; the rest of `dst` is unchanged.
///
/// # Errors
/// When `src` is not of that shape, or the window is not inside `dst`.
pub fn scatter_strided<T: Copy + Send + Sync>(
    src: &[T],
    dst: &mut [T],
    offset: usize,
    strides: &[isize],
    shape: &[usize],
) -> Result<()> {
    const NAME: &str = "scatter_strided";
    check_len(NAME, "src", src.len(), shape.iter().product())?;
    if src.is_empty() {
        return Ok(());
    }
    check_window(NAME, dst.len(), offset, strides, shape)?;
    let plan = Plan::new(shape, &contiguous(shape), strides);
    // SAFETY: the window lies in dst (checked) and src is contiguous of that shape. Threads share the work only where
    // no element is written twice.
    unsafe { plan.run(src.as_ptr(), dst.as_mut_ptr().add(offset), is_distinct(shape, strides)) };
    Ok(())
}

/// Row-major strides of `shape`.
pub(crate) fn contiguous(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1isize; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d] * shape[d] as isize;
    }
    strides
}

fn check_window(kernel: &'static str, len: usize, offset: usize, strides: &[isize], shape: &[usize]) -> Result<()> {
    if strides.len() != shape.len() {
        return fail(
            kernel,
            format!("{} strides for {} dimensions", strides.len(), shape.len()),
        );
    }
    let (mut low, mut high) = (offset as i128, offset as i128);
    for (&n, &stride) in shape.iter().zip(strides) {
        let reach = (n as i128 - 1) * stride as i128;
        if reach < 0 { low += reach } else { high += reach }
    }
    if low < 0 || high >= len as i128 {
        return fail(kernel, format!("the window covers elements {low} to {high} of {len}"));
    }
    Ok(())
}

/// True if no two indices have the same element: each stride is larger than the reach of the smaller ones. (Sufficient, not necessary.)
fn is_distinct(shape: &[usize], strides: &[isize]) -> bool {
    let mut dims: Vec<(usize, usize)> = shape
        .iter()
        .zip(strides)
        .filter(|&(&n, _)| n > 1)
        .map(|(&n, s)| (s.unsigned_abs(), n))
        .collect();
    dims.sort_unstable();
    let mut reach = 0;
    dims.into_iter().all(|(stride, n)| {
        let free = stride > reach;
        reach += stride * (n - 1);
        free
    })
}

#[derive(Clone, Copy)]
struct Dim {
    n: usize,
    src: isize,
    dst: isize,
}

/// A copy with as few dimensions as possible: those of size 1 dropped, neighbours merged where both sides allow.
struct Plan {
    outer: Vec<Dim>,
    inner: Dim,
}

impl Plan {
    fn new(shape: &[usize], src: &[isize], dst: &[isize]) -> Self {
        let mut dims: Vec<Dim> = Vec::with_capacity(shape.len() + 1);
        for d in 0..shape.len() {
            let next = Dim {
                n: shape[d],
                src: src[d],
                dst: dst[d],
            };
            if next.n == 1 {
                continue;
            }
            match dims.last_mut() {
                Some(last) if last.src == next.src * next.n as isize && last.dst == next.dst * next.n as isize => {
                    *last = Dim {
                        n: last.n * next.n,
                        ..next
                    };
                }
                _ => dims.push(next),
            }
        }
        let mut inner = dims.pop().unwrap_or(Dim { n: 1, src: 1, dst: 1 });
        // A long single run is split into rows, for the threads.
        if dims.is_empty() && inner.n > par::INLINE_WORK {
            let n = par::FLAT_CHUNK;
            let rest = inner.n % n;
            if rest == 0 {
                dims.push(Dim {
                    n: inner.n / n,
                    src: inner.src * n as isize,
                    dst: inner.dst * n as isize,
                });
                inner.n = n;
            }
        }
        Self { outer: dims, inner }
    }

    /// # Safety
    /// Every element of the plan is readable from `src` and writable at `dst`; with `parallel`, those of `dst` are distinct.
    unsafe fn run<T: Copy + Send + Sync>(&self, src: *const T, dst: *mut T, parallel: bool) {
        let rows: usize = self.outer.iter().map(|d| d.n).product();
        let (src, dst) = (Shared(src.cast_mut()), Shared(dst));
        let grain = if parallel && rows * self.inner.n > par::INLINE_WORK {
            par::grain(self.inner.n)
        } else {
            rows
        };
        par::for_rows(rows, grain, |range| {
            let (mut row, end) = (range.start, range.end);
            while row < end {
                // SAFETY: the caller's promise, row by row.
                row += unsafe { self.copy_rows(src.get(), dst.get(), row, end) };
            }
        });
    }

    /// Copies one or more rows of the innermost dimension from `row` on and returns how many.
    ///
    /// # Safety
    /// As [`Plan::run`].
    #[inline]
    unsafe fn copy_rows<T: Copy>(&self, src: *const T, dst: *mut T, row: usize, end: usize) -> usize {
        let Dim { n, src: ss, dst: ds } = self.inner;
        let (s, d, left) = self.locate(row);
        // SAFETY: all pointers below stay inside the plan.
        unsafe {
            let (src, dst) = (src.offset(s), dst.offset(d));
            if ss == 1 && ds == 1 {
                std::ptr::copy_nonoverlapping(src, dst, n);
                return 1;
            }
            let count = left.min(end - row).min(TRANSPOSE_ROWS);
            let Some(&Dim { src: rs, dst: rd, .. }) = self.outer.last() else {
                copy_line(src, ss, dst, ds, n);
                return 1;
            };
            for start in (0..n as isize).step_by(TRANSPOSE_ROWS) {
                let width = (n - start as usize).min(TRANSPOSE_ROWS);
                for r in 0..count as isize {
                    copy_line(
                        src.offset(r * rs + start * ss),
                        ss,
                        dst.offset(r * rd + start * ds),
                        ds,
                        width,
                    );
                }
            }
            count
        }
    }

    /// Offsets of a row in both memories, and how many rows of the last outer dimension are left from it on.
    #[inline]
    fn locate(&self, row: usize) -> (isize, isize, usize) {
        let (mut rest, mut src, mut dst) = (row, 0, 0);
        let mut left = 1;
        for (d, dim) in self.outer.iter().enumerate().rev() {
            let index = rest % dim.n;
            rest /= dim.n;
            if d + 1 == self.outer.len() {
                left = dim.n - index;
            }
            src += index as isize * dim.src;
            dst += index as isize * dim.dst;
        }
        (src, dst, left)
    }
}

/// # Safety
/// `n` elements at the given strides are readable and writable.
#[inline(always)]
unsafe fn copy_line<T: Copy>(src: *const T, ss: isize, dst: *mut T, ds: isize, n: usize) {
    for i in 0..n as isize {
        // SAFETY: the caller's promise.
        unsafe { *dst.offset(i * ds) = *src.offset(i * ss) };
    }
}

/// A pointer that chunks on several threads use on disjoint elements.
struct Shared<T>(*mut T);

impl<T> Shared<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

// SAFETY: the chunks touch disjoint elements of T: Send + Sync (see Plan::run).
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::strided as slow;

    /// Shape, strides and offset of windows over 5000 elements that exercise each path.
    fn windows() -> Vec<(Vec<usize>, Vec<isize>, usize)> {
        vec![
            (vec![], vec![], 7),
            (vec![0, 3], vec![3, 1], 0),
            (vec![17], vec![1], 3),
            (vec![17], vec![-1], 20),
            (vec![64, 65], vec![65, 1], 0),
            (vec![65, 64], vec![1, 65], 0),
            (vec![3, 17, 5], vec![1, 15, 3], 2),
            (vec![4, 3, 17, 8], vec![408, 8, 24, 1], 0),
            (vec![3, 1, 129], vec![0, 5, 1], 9),
            (vec![129, 3], vec![1, 0], 9),
            (vec![20, 30], vec![60, 2], 1),
        ]
    }

    #[test]
    fn gathering_and_scattering_meet_plain_loops() {
        let src: Vec<u32> = (0..5000).collect();
        for (shape, strides, offset) in windows() {
            let n = shape.iter().product();
            let mut got = vec![0; n];
            gather_strided(&src, offset, &strides, &shape, &mut got).unwrap();
            let indices = slow::indices(offset, &strides, &shape);
            assert_eq!(
                got,
                indices.iter().map(|&i| src[i]).collect::<Vec<_>>(),
                "{shape:?} {strides:?}"
            );

            let mut dst = vec![u32::MAX; 5000];
            let mut want = dst.clone();
            scatter_strided(&src[..n], &mut dst, offset, &strides, &shape).unwrap();
            indices.iter().zip(&src).for_each(|(&i, &x)| want[i] = x);
            if strides.iter().all(|&s| s != 0) {
                assert_eq!(dst, want, "{shape:?} {strides:?}");
            }
        }
    }

    #[test]
    fn large_copies_use_threads_and_meet_plain_loops() {
        let src: Vec<u16> = (0..300 * 700).map(|i| i as u16).collect();
        let mut got = vec![0; src.len()];
        gather_strided(&src, 0, &[1, 700], &[700, 300], &mut got).unwrap();
        assert!((0..700 * 300).all(|i| got[i] == src[i % 300 * 700 + i / 300]));
        let mut back = vec![0; src.len()];
        scatter_strided(&got, &mut back, 0, &[1, 700], &[700, 300]).unwrap();
        assert_eq!(back, src);
        let long: Vec<u16> = (0..1 << 17).map(|i| i as u16).collect();
        let mut copy = vec![0; long.len()];
        gather_strided(&long, long.len() - 1, &[-1], &[long.len()], &mut copy).unwrap();
        assert!(copy.iter().rev().eq(long.iter()));
    }

    #[test]
    fn windows_that_leave_the_slice_are_refused() {
        let mut out = [0u8; 4];
        assert!(gather_strided(&[0u8; 4], 1, &[1], &[4], &mut out).is_err());
        assert!(gather_strided(&[0u8; 4], 2, &[-1], &[4], &mut out).is_err());
        assert!(gather_strided(&[0u8; 4], 0, &[1], &[3], &mut out).is_err());
        assert!(scatter_strided(&[0u8; 4], &mut out, 0, &[2], &[4]).is_err());
        assert!(!is_distinct(&[2, 2], &[1, 1]) && is_distinct(&[3, 2], &[-2, 1]));
    }
}
