//! A dense layer and its low-rank update in one product.

use super::super::dropout::Dropout;
use super::super::linear::{Layout, More, blocked_product, is_blocked, linear, linear_dx};
use super::super::scratch::with_scratch;
use super::backward::{gradients, lora_update_backward};
use super::blocks::{Block, ROWS, check, check_blocks, offsets};
use super::update::{lora_update, low_rank};
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
    par::parts_mut(par::Rows::new(h, gr), ROWS, |start, h| {
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

/// The gradients of [`lora_linear`] to its input and its factors; outputs that are `None` cost nothing.
///
/// The arguments are those of [`lora_update_backward`] with the weight of the layer. With `dh = scaling · dy · B` the sum over N of the base's
/// gradient goes on over the rank: `dx = [dy dh] · [W; A]`. A dropout's mask stands between the two, so there `dx` takes a second pass.
///
/// # Errors
/// As [`lora_linear`].
///
/// Slow twins: `reference::linear::linear_dx`, `reference::lora::lora_update_backward`.
#[allow(clippy::too_many_arguments, reason = "one argument per operand and size")]
pub fn lora_linear_backward<T: Float>(
    dy: &[T],
    x: &[T],
    w: WeightRef<'_, T>,
    layout: Layout,
    a: &[T],
    b: &[T],
    h: &[T],
    blocks: &[Block],
    m: usize,
    k: usize,
    n: usize,
    r: usize,
    scaling: T,
    dropout: Option<Dropout>,
    dx: Option<&mut [T]>,
    da: Option<&mut [T]>,
    db: Option<&mut [T]>,
) -> Result<()> {
    let (gr, sum_len) = check_blocks("lora_linear_backward", blocks, n, r)?;
    let Some(dx) = dx else {
        return lora_update_backward(dy, x, a, b, h, blocks, m, k, n, r, scaling, dropout, None, da, db);
    };
    let length = |slice: &Option<&mut [T]>, want: usize| slice.as_ref().map_or(want, |s| s.len());
    // Here, as the base's share of dx is written before the rest is looked at.
    check(
        "lora_linear_backward",
        &[
            ("dy", dy.len(), m * n),
            ("x", x.len(), m * k),
            ("w", w.len(), n * k),
            ("a", a.len(), gr * k),
            ("b", b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("dx", dx.len(), m * k),
            ("da", length(&da, gr * k), gr * k),
            ("db", length(&db, sum_len * r), sum_len * r),
        ],
    )?;
    let transposed = layout == Layout::InOut;
    if gr == 0 || dropout.is_some() || !is_blocked(w, transposed, m, k) {
        linear_dx(dy, w, layout, m, k, n, dx)?;
        return lora_update_backward(dy, x, a, b, h, blocks, m, k, n, r, scaling, dropout, Some(dx), da, db);
    }
    with_scratch(m * gr, |dh: &mut [T]| {
        gradients(
            dy,
            x,
            a,
            b,
            h,
            blocks,
            m,
            k,
            n,
            r,
            scaling,
            None,
            Some(&mut *dh),
            None,
            da,
            db,
        )?;
        let more = More { x: dh, w: a, k: gr };
        blocked_product(dy, w, transposed, m, n, k, None, Some(more), dx);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::gemm::blocked;
    use super::super::tests::blocks;
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
        let blocks = blocks(n, merged);
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

    fn gradients_meet_twins<T: Float>(
        (m, k, n, r): (usize, usize, usize, usize),
        layout: Layout,
        merged: bool,
        dropout: Option<Dropout>,
    ) {
        let blocks = blocks(n, merged);
        let (gr, sum_len) = check_blocks("test", &blocks, n, r).unwrap();
        let (x, dy, h) = (values::<T>(m * k, 1), values::<T>(m * n, 5), values::<T>(m * gr, 6));
        let (a, b, w) = (
            values::<T>(gr * k, 2),
            values::<T>(sum_len * r, 3),
            values::<T>(n * k, 4),
        );
        let run = || {
            let (mut dx, mut da, mut db) = (vec![T::NAN; m * k], vec![T::NAN; gr * k], vec![T::NAN; sum_len * r]);
            let w = WeightRef::Full(&w[..]);
            let outputs = (Some(&mut dx[..]), Some(&mut da[..]), Some(&mut db[..]));
            lora_linear_backward(
                &dy,
                &x,
                w,
                layout,
                &a,
                &b,
                &h,
                &blocks,
                m,
                k,
                n,
                r,
                T::HALF,
                dropout,
                outputs.0,
                outputs.1,
                outputs.2,
            )
            .unwrap();
            [dx, da, db].concat()
        };
        let base = base_twin::linear_dx(&wide(&dy), &wide(&w), layout, m, k, n);
        let (dx, da, db) = twin::lora_update_backward(
            &wide(&dy),
            &wide(&x),
            &wide(&a),
            &wide(&b),
            &wide(&h),
            &blocks,
            m,
            k,
            n,
            r,
            0.5,
            dropout,
            &base,
        );
        let name = format!("{m}x{k}x{n} r {r} {layout:?} merged {merged} {dropout:?}");
        close(&run(), &[dx, da, db].concat(), 2e-4, &name);
        same_for_any_thread_count(run);
    }

    #[test]
    fn gradients_in_one_product_meet_their_twins() {
        each_isa(|_| {
            for (m, k, n, r) in [
                (0, 3, 4, 2),
                (1, 5, 7, 2),
                (17, 33, 40, 4),
                (130, 70, 75, 8),
                (97, 129, 64, 1),
            ] {
                for (layout, merged) in [(Layout::OutIn, false), (Layout::InOut, true), (Layout::InOut, false)] {
                    gradients_meet_twins::<f32>((m, k, n, r), layout, merged, None);
                    gradients_meet_twins::<f32>((m, k, n, r), layout, merged, Some(DROPOUT));
                }
            }
            gradients_meet_twins::<f32>((100, 40, 60, 0), Layout::OutIn, false, None);
            gradients_meet_twins::<f32>((100, 40, 60, 20), Layout::OutIn, true, None);
            gradients_meet_twins::<f64>((100, 40, 60, 8), Layout::OutIn, false, None);
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
