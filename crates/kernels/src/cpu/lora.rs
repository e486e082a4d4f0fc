//! The low-rank update and its gradients. The (out, in) product B · A is never formed.
//!
//! LoRA's products are skinny: their cost is the traffic of x, y and dy, not their arithmetic. So a chunk of rows goes
//! through all its steps while it is in the cache, and dropout masks are recomputed in place of stored.

mod backward;
mod drop;
mod embedding;
mod linear;
mod merge;

pub use backward::lora_update_backward;
pub use drop::Dropout;
pub use embedding::lora_embedding;
pub use linear::{lora_linear, lora_linear_backward};
pub use merge::{WeightMut, lora_merge};

use super::small_rows::{Kind, Tile, with_scratch};
use crate::{Float, Result, check_len, fail, par};

/// Output columns `start .. start + len` that one pair of factors updates. A plain layer has the one block 0..N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First output column.
    pub start: usize,
    /// Number of output columns.
    pub len: usize,
}

/// Rows per task; fixed, though no sum crosses rows.
const ROWS: usize = 32;

/// Adds the low-rank update to a finished base product: `h = dropout(x) · Aᵀ`, then `y[:, block i] += scaling · hᵢ · Bᵢᵀ`.
///
/// | slice | shape     | meaning                                                    |
/// |-------|-----------|------------------------------------------------------------|
/// | `x`   | (M, K)    | layer input                                                |
/// | `a`   | (G·R, K)  | `lora_A`, one R-row part for each of the G blocks          |
/// | `b`   | (Σlen, R) | `lora_B`, rows in block order                              |
/// | `h`   | (M, G·R)  | out: kept for [`lora_update_backward`]                     |
/// | `y`   | (M, N)    | in: `x · Wᵀ + bias`; out: the same plus the update         |
///
/// Units: `scaling` = alpha / rank; dropout is drawn by the flat index of x, the same for every block. Sums are in `T`.
/// Cost: 2·M·R·(G·K + Σlen) flop, one read of `x`, one read and write of `y`.
///
/// # Errors
/// When a slice length differs from its row above, or blocks overlap or leave 0..N. Outputs are then untouched.
///
/// Source: Hu et al. 2021, section 4.1; blocks as in loralib's `MergedLinear`. Slow twin: `reference::lora::lora_update`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn lora_update<T: Float>(
    x: &[T],
    a: &[T],
    b: &[T],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    dropout: Option<Dropout>,
    h: &mut [T],
    y: &mut [T],
) -> Result<()> {
    let (gr, sum_len) = check_blocks("lora_update", blocks, n, r)?;
    check(
        "lora_update",
        &[
            ("x", x.len(), m * k),
            ("a", a.len(), gr * k),
            ("b", b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("y", y.len(), m * n),
        ],
    )?;
    if gr == 0 {
        return Ok(());
    }
    with_scratch(sum_len * r, |bt: &mut [T]| {
        transpose_blocks(b, blocks, r, bt);
        let bt = &*bt;
        let outputs = (par::Rows::new(h, gr), par::Rows::new(y, n));
        par::parts_mut(outputs, ROWS, |start, (h, y)| {
            let m = h.data.len() / gr;
            low_rank(x, a, k, gr, dropout, start, h.data);
            for (i, first, block) in offsets(blocks) {
                let (x, at) = (h.data[i * r..].as_ptr(), block.start.min(y.data.len()));
                let y = y.data[at..].as_mut_ptr();
                // SAFETY: part i of h (m, r), part i of Bᵀ (r, len) and the block's columns of y (m, n).
                unsafe {
                    tile(
                        Kind::Axpy,
                        (m, r, block.len),
                        x,
                        (gr, 1),
                        bt[first * r..].as_ptr(),
                        block.len,
                        scaling,
                        T::ONE,
                        y,
                        n,
                    )
                }
            }
        });
    });
    Ok(())
}

/// `h = dropout(x) · Aᵀ` for the rows of `x` from `start` on.
fn low_rank<T: Float>(x: &[T], a: &[T], k: usize, gr: usize, dropout: Option<Dropout>, start: usize, h: &mut [T]) {
    let m = h.len() / gr;
    dropped_rows(x, k, start, m, dropout, |x| {
        // SAFETY: the callers checked that x has these rows (m, k), and A (gr, k); h is (m, gr).
        unsafe {
            tile(
                Kind::Dot,
                (m, k, gr),
                x.as_ptr(),
                (k, 1),
                a.as_ptr(),
                k,
                T::ONE,
                T::ZERO,
                h.as_mut_ptr(),
                gr,
            )
        }
    });
}

/// Gives `f` the rows start..start+m of `x`, dropped out where asked.
fn dropped_rows<T: Float>(x: &[T], k: usize, start: usize, m: usize, dropout: Option<Dropout>, f: impl FnOnce(&[T])) {
    let rows = &x[start * k..][..m * k];
    match dropout {
        None => f(rows),
        Some(dropout) => with_scratch(m * k, |masked: &mut [T]| {
            masked.copy_from_slice(rows);
            dropout.apply((start * k) as u64, masked);
            f(masked);
        }),
    }
}

/// (number, first row in B, block) of each block.
fn offsets(blocks: &[Block]) -> impl Iterator<Item = (usize, usize, Block)> + '_ {
    blocks.iter().enumerate().scan(0, |next, (i, &block)| {
        let first = *next;
        *next += block.len;
        Some((i, first, block))
    })
}

/// Bᵢ (len, r) to Bᵢᵀ (r, len), block after block.
fn transpose_blocks<T: Float>(b: &[T], blocks: &[Block], r: usize, bt: &mut [T]) {
    for (_, first, block) in offsets(blocks) {
        let (from, to) = (&b[first * r..][..block.len * r], &mut bt[first * r..][..block.len * r]);
        for (c, row) in to.chunks_exact_mut(block.len.max(1)).enumerate() {
            row.iter_mut()
                .enumerate()
                .for_each(|(j, value)| *value = from[j * r + c]);
        }
    }
}

/// Checks the blocks against N; gives (G·R, Σlen).
fn check_blocks(kernel: &'static str, blocks: &[Block], n: usize, r: usize) -> Result<(usize, usize)> {
    let mut sorted = blocks.to_vec();
    sorted.sort_by_key(|block| block.start);
    let apart = sorted
        .windows(2)
        .all(|pair| pair[0].start + pair[0].len <= pair[1].start);
    if !apart || blocks.iter().any(|block| block.start + block.len > n) {
        return fail(
            kernel,
            format!("blocks {blocks:?} overlap or leave the {n} output columns"),
        );
    }
    Ok((blocks.len() * r, blocks.iter().map(|block| block.len).sum()))
}

fn check(kernel: &'static str, slices: &[(&str, usize, usize)]) -> Result<()> {
    slices
        .iter()
        .try_for_each(|&(name, got, want)| check_len(kernel, name, got, want))
}

/// [`Tile::run`] with the sizes as (m, k, n).
///
/// # Safety
/// As [`Tile::run`].
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
unsafe fn tile<T: Float>(
    kind: Kind,
    (m, k, n): (usize, usize, usize),
    x: *const T,
    x_strides: (usize, usize),
    w: *const T,
    ldw: usize,
    alpha: T,
    beta: T,
    y: *mut T,
    ldy: usize,
) {
    // SAFETY: the caller promises the pointers.
    unsafe {
        Tile {
            kind,
            m,
            k,
            n,
            x,
            x_strides,
            w,
            ldw,
            y,
            ldy,
            alpha,
            beta,
        }
        .run()
    }
}

#[cfg(test)]
mod tests {
    use super::super::linear::Layout;
    use super::*;
    use crate::WeightRef;
    use crate::half_bits::f32_to_bf16;
    use crate::reference::lora as twin;
    use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};

    const DROPOUT: Dropout = Dropout {
        p: 0.3,
        seed: 7,
        counter: 11,
    };

    /// The blocks of a merged layer where there is room for them: the first and the last third, out of order.
    pub(super) fn blocks(n: usize, merged: bool) -> Vec<Block> {
        let third = n / 3;
        if merged {
            vec![
                Block {
                    start: n - third,
                    len: third,
                },
                Block { start: 0, len: third },
            ]
        } else {
            vec![Block { start: 0, len: n }]
        }
    }

    /// (h, y, dx, da, db) of one problem.
    fn run<T: Float>(
        (m, k, n, r): (usize, usize, usize, usize),
        blocks: &[Block],
        dropout: Option<Dropout>,
    ) -> [Vec<T>; 5] {
        let (gr, sum_len) = check_blocks("test", blocks, n, r).unwrap();
        let (x, a, b) = (
            values::<T>(m * k, 1),
            values::<T>(gr * k, 2),
            values::<T>(sum_len * r, 3),
        );
        let (dy, mut y, mut dx) = (values::<T>(m * n, 4), values::<T>(m * n, 5), values::<T>(m * k, 6));
        let (mut h, mut da, mut db) = (vec![T::NAN; m * gr], vec![T::NAN; gr * k], vec![T::NAN; sum_len * r]);
        let s = T::HALF;
        lora_update(&x, &a, &b, blocks, m, k, n, r, s, dropout, &mut h, &mut y).unwrap();
        let (dx_out, da_out, db_out) = (Some(&mut dx[..]), Some(&mut da[..]), Some(&mut db[..]));
        lora_update_backward(
            &dy, &x, &a, &b, &h, blocks, m, k, n, r, s, dropout, dx_out, da_out, db_out,
        )
        .unwrap();
        [h, y, dx, da, db]
    }

    fn meets_twin<T: Float>(sizes: (usize, usize, usize, usize), merged: bool, dropout: Option<Dropout>) {
        let ((m, k, n, r), blocks) = (sizes, blocks(sizes.2, merged));
        let (gr, sum_len) = check_blocks("test", &blocks, n, r).unwrap();
        let got = run::<T>(sizes, &blocks, dropout);
        let input = |n, seed| wide(&values::<T>(n, seed));
        let (x, a, b) = (input(m * k, 1), input(gr * k, 2), input(sum_len * r, 3));
        let (h, y) = twin::lora_update(&x, &a, &b, &blocks, m, k, n, r, 0.5, dropout, &input(m * n, 5));
        let (dy, dx) = (input(m * n, 4), input(m * k, 6));
        let (dx, da, db) = twin::lora_update_backward(&dy, &x, &a, &b, &h, &blocks, m, k, n, r, 0.5, dropout, &dx);
        for (name, got, want) in [
            ("h", &got[0], h),
            ("y", &got[1], y),
            ("dx", &got[2], dx),
            ("da", &got[3], da),
            ("db", &got[4], db),
        ] {
            close(
                got,
                &want,
                1e-4,
                &format!("{name} {sizes:?} merged {merged} {dropout:?}"),
            );
        }
    }

    #[test]
    fn update_and_gradients_meet_their_twins() {
        each_isa(|_| {
            for (m, k, n) in SIZES
                .iter()
                .flat_map(|&m| SIZES.iter().flat_map(move |&k| SIZES.map(|n| (m, k, n))))
            {
                meets_twin::<f32>((m, k, n, 1 + k % 5), n % 2 == 0, None);
                meets_twin::<f64>((m, k, n, 8), n % 2 == 1, Some(DROPOUT));
            }
            meets_twin::<f32>((300, 130, 40, 64), true, Some(Dropout { p: 1.0, ..DROPOUT }));
            meets_twin::<f32>((140, 131, 40, 3), true, Some(DROPOUT));
            meets_twin::<f32>((3, 5, 4, 0), false, None);
        });
    }

    #[test]
    fn merging_equals_the_twin_in_both_layouts() {
        each_isa(|_| {
            for (k, n) in SIZES.iter().flat_map(|&k| SIZES.map(|n| (k, n))) {
                for (layout, merged) in [(Layout::OutIn, true), (Layout::InOut, true), (Layout::OutIn, false)] {
                    let (blocks, r) = (blocks(n, merged), 4);
                    let (gr, sum_len) = check_blocks("test", &blocks, n, r).unwrap();
                    let (w, a, b) = (
                        values::<f32>(n * k, 1),
                        values::<f32>(gr * k, 2),
                        values::<f32>(sum_len * r, 3),
                    );
                    let want =
                        |w: &[f32]| twin::lora_merge(&wide(w), &wide(&a), &wide(&b), &blocks, layout, k, n, r, 0.5);
                    let mut out = vec![f32::NAN; n * k];
                    let full = (WeightRef::Full(&w[..]), WeightMut::Full(&mut out));
                    lora_merge(full.0, &a, &b, &blocks, layout, k, n, r, 0.5, full.1).unwrap();
                    close(&out, &want(&w), 1e-5, "merged");

                    let half: Vec<_> = w.iter().map(|&w| f32_to_bf16(w)).collect();
                    let rounded: Vec<f32> = half.iter().map(|w| w.to_f32()).collect();
                    let mut out = vec![half::bf16::NAN; n * k];
                    let weights = (WeightRef::Bf16(&half), WeightMut::Bf16(&mut out));
                    lora_merge(weights.0, &a, &b, &blocks, layout, k, n, r, 0.5f32, weights.1).unwrap();
                    let out: Vec<f32> = out.iter().map(|w| w.to_f32()).collect();
                    close(&out, &want(&rounded), 1.0 / 256.0, "merged, one rounding to bf16");
                }
            }
        });
    }

    #[test]
    fn bits_do_not_depend_on_the_threads() {
        each_isa(|_| {
            let (sizes, blocks) = ((150, 200, 300, 8), blocks(300, true));
            for dropout in [None, Some(DROPOUT)] {
                same_for_any_thread_count(|| run::<f32>(sizes, &blocks, dropout).concat());
            }
        });
    }

    #[test]
    fn a_row_alone_equals_the_row_in_a_batch() {
        each_isa(|_| {
            let (k, n, r) = (100, 70, 8);
            let (x, a, b) = (
                values::<f32>(40 * k, 1),
                values::<f32>(r * k, 2),
                values::<f32>(n * r, 3),
            );
            let run = |x: &[f32]| {
                let m = x.len() / k;
                let (mut h, mut y) = (vec![0f32; m * r], vec![1f32; m * n]);
                lora_update(
                    x,
                    &a,
                    &b,
                    &[Block { start: 0, len: n }],
                    m,
                    k,
                    n,
                    r,
                    2.0,
                    None,
                    &mut h,
                    &mut y,
                )
                .unwrap();
                y
            };
            assert!(run(&x[39 * k..]) == run(&x)[39 * n..]);
        });
    }

    #[test]
    fn dropout_follows_the_flat_index_from_any_start() {
        each_isa(|_| {
            let ones = vec![1f64; 300];
            let mut whole = ones.clone();
            DROPOUT.apply(0, &mut whole);
            assert_eq!(
                whole,
                (0..300)
                    .map(|i| twin::drop_factor(Some(DROPOUT), i))
                    .collect::<Vec<_>>()
            );
            for start in [1, 2, 3, 4, 150, 299] {
                let mut part = ones[start..].to_vec();
                DROPOUT.apply(start as u64, &mut part);
                assert_eq!(part, whole[start..]);
            }
        });
    }

    #[test]
    fn overlapping_blocks_are_refused() {
        let twice = [Block { start: 0, len: 2 }, Block { start: 1, len: 2 }];
        assert!(check_blocks("lora_update", &twice, 4, 1).is_err());
        assert!(check_blocks("lora_update", &[Block { start: 3, len: 2 }], 4, 1).is_err());
    }
}
