//! Iteration over several operands that broadcast by stride 0 and one contiguous output.

use std::ops::Range;

use super::map::map2_loop;
use crate::error::{Result, check_len, fail};
use crate::{isa, par};

/// An operand that broadcasts: strides count elements, and a stride of 0 repeats the operand along a dimension.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a, T> {
    /// The elements.
    pub values: &'a [T],
    /// One stride for each dimension of the output.
    pub strides: &'a [usize],
}

impl<'a, T> Operand<'a, T> {
    /// `values` with one stride for each dimension of the output.
    pub fn new(values: &'a [T], strides: &'a [usize]) -> Self {
        Self { values, strides }
    }
}

/// The strides of `N` operands of one contiguous output: dimensions of size 1 dropped, neighbours merged where all operands allow it.
pub(crate) struct Broadcast<const N: usize> {
    outer: Vec<(usize, [usize; N])>,
    inner: usize,
    inner_strides: [usize; N],
}

impl<const N: usize> Broadcast<N> {
    /// # Errors
    /// When the output is not of that shape, or an operand is shorter than its strides say.
    pub(crate) fn new(
        kernel: &'static str,
        shape: &[usize],
        strides: [&[usize]; N],
        lens: [usize; N],
        out_len: usize,
    ) -> Result<Self> {
        check_len(kernel, "the output", out_len, shape.iter().product())?;
        for (operand, (strides, len)) in strides.iter().zip(lens).enumerate() {
            if strides.len() != shape.len() {
                let what = format!(
                    "operand {operand} has {} strides for {} dimensions",
                    strides.len(),
                    shape.len()
                );
                return fail(kernel, what);
            }
            let last: usize = shape
                .iter()
                .zip(*strides)
                .map(|(&n, &stride)| n.saturating_sub(1) * stride)
                .sum();
            if out_len > 0 && last >= len {
                return fail(
                    kernel,
                    format!("operand {operand} has {len} values, its strides reach {last}"),
                );
            }
        }
        let mut dims: Vec<(usize, [usize; N])> = Vec::with_capacity(shape.len());
        for (d, &n) in shape.iter().enumerate().filter(|&(_, &n)| n != 1) {
            let next = std::array::from_fn(|operand| strides[operand][d]);
            match dims.last_mut() {
                Some((size, last)) if (0..N).all(|i| last[i] == next[i] * n) => (*size, *last) = (*size * n, next),
                _ => dims.push((n, next)),
            }
        }
        let (inner, inner_strides) = dims.pop().unwrap_or((1, [1; N]));
        Ok(Self {
            outer: dims,
            inner,
            inner_strides,
        })
    }

    /// Splits the output elements `start .. start + len` into runs along the innermost dimension and calls
    /// `f(range within the chunk, first element of each operand, stride of each operand)`.
    #[inline(always)]
    pub(crate) fn walk(&self, start: usize, len: usize, mut f: impl FnMut(Range<usize>, [usize; N], [usize; N])) {
        let mut done = 0;
        let (mut row, mut column) = (start / self.inner.max(1), start % self.inner.max(1));
        while done < len {
            let run = (self.inner - column).min(len - done);
            let mut offsets = self.row_offsets(row);
            for (offset, stride) in offsets.iter_mut().zip(self.inner_strides) {
                *offset += column * stride;
            }
            f(done..done + run, offsets, self.inner_strides);
            done += run;
            row += 1;
            column = 0;
        }
    }

    #[inline(always)]
    fn row_offsets(&self, row: usize) -> [usize; N] {
        let mut rest = row;
        let mut offsets = [0; N];
        for (n, strides) in self.outer.iter().rev() {
            let index = rest % n;
            rest /= n;
            for (offset, stride) in offsets.iter_mut().zip(strides) {
                *offset += index * stride;
            }
        }
        offsets
    }
}

/// `out = f(a, b)`, vectorised and threaded, with loops of their own for equal, scalar and repeated operands.
pub(crate) fn map_broadcast<A, B, O>(
    plan: &Broadcast<2>,
    a: &[A],
    b: &[B],
    out: &mut [O],
    f: impl Fn(A, B) -> O + Sync + Copy,
) where
    A: Copy + Sync,
    B: Copy + Sync,
    O: Send,
{
    par::flat_mut(out, |start, chunk| {
        isa::dispatch(
            #[inline(always)]
            || {
                plan.walk(
                    start,
                    chunk.len(),
                    #[inline(always)]
                    |range, offsets, strides| map_run(a, b, &mut chunk[range], offsets, strides, f),
                )
            },
        )
    });
}

#[inline(always)]
fn map_run<A: Copy, B: Copy, O>(
    a: &[A],
    b: &[B],
    out: &mut [O],
    [oa, ob]: [usize; 2],
    strides: [usize; 2],
    f: impl Fn(A, B) -> O,
) {
    let n = out.len();
    match strides {
        [1, 1] => {
            map2_loop(&a[oa..oa + n], &b[ob..ob + n], out, f);
        }
        [1, 0] => {
            let b = b[ob];
            for (out, &a) in out.iter_mut().zip(&a[oa..oa + n]) {
                *out = f(a, b);
            }
        }
        [0, 1] => {
            let a = a[oa];
            for (out, &b) in out.iter_mut().zip(&b[ob..ob + n]) {
                *out = f(a, b);
            }
        }
        [sa, sb] => {
            for (i, out) in out.iter_mut().enumerate() {
                *out = f(a[oa + i * sa], b[ob + i * sb]);
            }
        }
    }
}
