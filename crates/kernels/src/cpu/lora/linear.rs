//! A dense layer and its low-rank update in one product.

use super::super::linear::{Layout, More, blocked_product, is_blocked, linear};
use super::super::small_rows::with_scratch;
use super::{Block, Dropout, check, check_blocks, lora_update, low_rank, offsets};
use crate::{Float, Result, WeightRef, check_len, par};

/// Rows of A of all blocks together up to which several blocks go into one product: each block's columns are multiplied by zeros for
/// the other blocks.
const MERGED_RANK: usize = 16;

/// `y = x · W + bias + scaling · dropout(x) · Aᵀ · Bᵀ`: [`linear`] and [`lora_update`] in one pass over `y`.
///
/// The arguments are those of the two. With `h = dropout(x) · Aᵀ` the sum over K of the base goes on over the rank:
/// `y = [x h] · [W; scaling · Bᵀ]`, so the update costs one more read of `x` and what its R multiply-adds take.
///
/// # Errors
/// When a slice length differs from its shape, or blocks overlap or leave 0..N. Outputs are then untouched.
///
/// Slow twins: `reference::linear::linear`, `reference::lora::lora_update`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn lora_linear<T: Float>(
    x: &[T],
    w: WeightRef<'_, T>,
    layout: Layout,
    bias: Option<&[T]>,
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
    let (gr, sum_len) = check_blocks("lora_linear", blocks, n, r)?;
    check(
        "lora_linear",
        &[
            ("x", x.len(), m * k),
            ("w", w.len(), n * k),
            ("a", a.len(), gr * k),
            ("b", b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("y", y.len(), m * n),
        ],
    )?;
    if let Some(bias) = bias {
        check_len("lora_linear", "bias", bias.len(), n)?;
    }
    let in_one = gr > 0 && (blocks.len() == 1 || gr <= MERGED_RANK);
    if !in_one || !is_blocked(w, layout == Layout::OutIn, m, n) {
        linear(x, w, layout, bias, m, k, n, y)?;
        return lora_update(x, a, b, blocks, m, k, n, r, scaling, dropout, h, y);
    }
    par::parts_mut(par::Rows::new(h, gr), super::ROWS, |start, h| {
        low_rank(x, a, k, gr, dropout, start, h.data);
    });
    with_scratch(gr * n, |spread: &mut [T]| {
        spread.fill(T::ZERO);
        for (i, first, block) in offsets(blocks) {
            for j in 0..block.len {
                for c in 0..r {
                    spread[(i * r + c) * n + block.start + j] = scaling * b[(first + j) * r + c];
                }
            }
        }
        let more = More { x: h, w: spread, k: gr };
        blocked_product(x, w, layout == Layout::OutIn, m, k, n, bias, Some(more), y);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::gemm::blocked;
    use super::*;
    use crate::half_bits::f32_to_bf16;
    use crate::reference::{linear as base_twin, lora as twin};
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    const DROPOUT: Dropout = Dropout {
        p: 0.3,
        seed: 7,
        counter: 11,
    };

    fn meets_twins<T: Float>(
        (m, k, n, r): (usize, usize, usize, usize),
        layout: Layout,
        merged: bool,
        dropout: Option<Dropout>,
    ) {
        let third = n / 3;
        let blocks = if merged {
            vec![
                Block {
                    start: n - third,
                    len: third,
                },
                Block { start: 0, len: third },
            ]
        } else {
            vec![Block { start: 0, len: n }]
        };
        let (gr, sum_len) = check_blocks("test", &blocks, n, r).unwrap();
        let (x, a, b) = (
            values::<T>(m * k, 1),
            values::<T>(gr * k, 2),
            values::<T>(sum_len * r, 3),
        );
        let (w, bias) = (values::<T>(n * k, 4), values::<T>(n, 5));
        let half: Vec<_> = w.iter().map(|w| f32_to_bf16(w.to_f32())).collect();
        let rounded: Vec<f64> = half.iter().map(|w| w.to_f64()).collect();
        let weights = [
            (WeightRef::Full(&w[..]), wide(&w)),
            (WeightRef::Bf16(&half), rounded.clone()),
            (WeightRef::Bf16Rounding(&half), rounded),
        ];
        for (w, wide_w) in weights {
            let run = || {
                let (mut h, mut y) = (vec![T::NAN; m * gr], vec![T::NAN; m * n]);
                lora_linear(
                    &x,
                    w,
                    layout,
                    Some(&bias),
                    &a,
                    &b,
                    &blocks,
                    m,
                    k,
                    n,
                    r,
                    T::HALF,
                    dropout,
                    &mut h,
                    &mut y,
                )
                .unwrap();
                h.extend(y);
                h
            };
            let (mut seen, x) = (wide(&x), wide(&x));
            let rounds = matches!(w, WeightRef::Bf16Rounding(_)) && blocked::serves_bf16::<T>(m, n);
            if rounds {
                // By the weight alone; the factors see them as they are.
                seen.iter_mut().for_each(|x| *x = f32_to_bf16(*x as f32).to_f64());
            }
            let (a, b, bias) = (wide(&a), wide(&b), wide(&bias));
            let base = base_twin::linear(&seen, &wide_w, layout, Some(&bias), m, k, n);
            let (mut want, y) = twin::lora_update(&x, &a, &b, &blocks, m, k, n, r, 0.5, dropout, &base);
            want.extend(y);
            let name = format!("{m}x{k}x{n} r {r} {layout:?} merged {merged} {dropout:?}");
            close(&run(), &want, 2e-4, &name);
            same_for_any_thread_count(run);
        }
    }

    #[test]
    fn a_layer_in_one_product_meets_its_twins() {
        each_isa(|_| {
            for (m, k, n, r) in [
                (1, 5, 7, 2),
                (16, 33, 40, 4),
                (17, 33, 40, 4),
                (130, 70, 75, 8),
                (97, 129, 64, 1),
            ] {
                for layout in [Layout::OutIn, Layout::InOut] {
                    for merged in [false, true] {
                        meets_twins::<f32>((m, k, n, r), layout, merged, None);
                        meets_twins::<f32>((m, k, n, r), layout, merged, Some(DROPOUT));
                    }
                }
            }
            meets_twins::<f32>((100, 40, 60, 0), Layout::OutIn, false, None);
            meets_twins::<f32>((100, 40, 60, 20), Layout::OutIn, true, None);
            meets_twins::<f64>((100, 40, 60, 8), Layout::OutIn, false, Some(DROPOUT));
        });
    }

    #[test]
    fn a_wrong_length_leaves_the_outputs_alone() {
        let (x, w, blocks) = ([0f32; 6], WeightRef::Full(&[0f32; 6][..]), [Block { start: 0, len: 2 }]);
        let (mut h, mut y) = ([7f32; 2], [7f32; 4]);
        let bias = Some(&[0f32; 3][..]);
        let layer = Layout::OutIn;
        let error = lora_linear(
            &x, w, layer, bias, &[0.0; 3], &[0.0; 2], &blocks, 2, 3, 2, 1, 1.0, None, &mut h, &mut y,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "lora_linear: bias has 3 values, expected 2"
        );
        assert!(h == [7.0; 2] && y == [7.0; 4]);
    }
}
