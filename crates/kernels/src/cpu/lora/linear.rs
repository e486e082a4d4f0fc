//! A dense layer and its low-rank update in one product.

use super::super::linear::{self, LinearWeight, More};
use super::super::scratch::with_scratch;
use super::backward::{gradients_and_dh, lora_update_backward};
use super::operands::{LoraDims, LoraGradients, LoraOperands, LoraOutputs, ROWS, check, offsets};
use super::update::{lora_update, low_rank};
use crate::{Float, Result, check_len, par};

/// Up to this many rows of A in all, several blocks share one product, in which each block's columns are multiplied by zeros for the
/// other blocks.
const MERGED_RANK: usize = 16;

/// `y = x · W + bias + scaling · dropout(x) · Aᵀ · Bᵀ`: [`linear`](linear::linear) and [`lora_update`] in one pass over `y`.
///
/// The arguments are those of the two; `y` is overwritten. With `h = dropout(x) · Aᵀ` the sum over K of the base continues over the rank:
/// `y = [x h] · [W; scaling · Bᵀ]`, so the update costs one more read of `x` and what its R multiply-adds take.
///
/// # Errors
/// When a slice does not have the length of its shape, or blocks overlap or leave 0..N. Outputs are then untouched.
///
/// Slow twins: `reference::linear::linear`, `reference::lora::lora_update`.
pub fn lora_linear<T: Float>(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, T>,
    weight: LinearWeight<'_, T>,
    bias: Option<&[T]>,
    outputs: LoraOutputs<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_linear";
    dims.check(NAME)?;
    let LoraDims { m, k, n, r, blocks } = dims;
    let LoraOperands { x, factors, .. } = operands;
    let LoraOutputs { h, y } = outputs;
    let (gr, sum_len) = (dims.rows_a(), dims.rows_b());
    check(
        NAME,
        &[
            ("x", x.len(), m * k),
            ("w", weight.values.len(), n * k),
            ("a", factors.a.len(), gr * k),
            ("b", factors.b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("y", y.len(), m * n),
        ],
    )?;
    if let Some(bias) = bias {
        check_len(NAME, "bias", bias.len(), n)?;
    }
    let in_one = gr > 0 && (blocks.len() == 1 || gr <= MERGED_RANK);
    let base = linear::Product::forward(dims.linear(), x, weight);
    if !in_one || !base.is_blocked() {
        linear::linear(dims.linear(), x, weight, bias, y)?;
        return lora_update(dims, operands, LoraOutputs { h, y });
    }
    par::parts_mut(par::Rows::new(&mut *h, gr), ROWS, |start, h| {
        low_rank(dims, operands, start, h.data);
    });
    with_scratch(gr * n, |spread: &mut [T]| {
        spread.fill(T::ZERO);
        for (i, first, block) in offsets(blocks) {
            for j in 0..block.len {
                for c in 0..r {
                    spread[(i * r + c) * n + block.start + j] = factors.scaling * factors.b[(first + j) * r + c];
                }
            }
        }
        let more = More { x: h, w: spread, k: gr };
        base.blocked(bias, Some(more), y);
    });
    Ok(())
}

/// The gradients of [`lora_linear`] to its input and its factors; outputs that are `None` cost nothing.
///
/// The arguments are those of [`lora_update_backward`] with the weight of the layer, but `dx` is overwritten. With `dh = scaling · dy · B` the
/// sum over N of the base's gradient continues over the rank: `dx = [dy dh] · [W; A]`. With dropout, the mask applies to the update alone, so
/// `dx` takes a second pass.
///
/// # Errors
/// As [`lora_linear`].
///
/// Slow twins: `reference::linear::linear_dx`, `reference::lora::lora_update_backward`.
pub fn lora_linear_backward<T: Float>(
    dims: LoraDims<'_>,
    operands: LoraOperands<'_, T>,
    weight: LinearWeight<'_, T>,
    h: &[T],
    dy: &[T],
    gradients: LoraGradients<'_, T>,
) -> Result<()> {
    const NAME: &str = "lora_linear_backward";
    dims.check(NAME)?;
    let LoraDims { m, k, n, r, .. } = dims;
    let LoraOperands { x, factors, .. } = operands;
    let LoraGradients { dx, da, db } = gradients;
    let Some(dx) = dx else {
        return lora_update_backward(dims, operands, h, dy, LoraGradients { dx, da, db });
    };
    let (gr, sum_len) = (dims.rows_a(), dims.rows_b());
    let length = |slice: &Option<&mut [T]>, want: usize| slice.as_ref().map_or(want, |s| s.len());
    // All lengths are checked here, because the base's share of dx is written before `lora_update_backward` checks them.
    check(
        NAME,
        &[
            ("dy", dy.len(), m * n),
            ("x", x.len(), m * k),
            ("w", weight.values.len(), n * k),
            ("a", factors.a.len(), gr * k),
            ("b", factors.b.len(), sum_len * r),
            ("h", h.len(), m * gr),
            ("dx", dx.len(), m * k),
            ("da", length(&da, gr * k), gr * k),
            ("db", length(&db, sum_len * r), sum_len * r),
        ],
    )?;
    let base = linear::Product::backward(dims.linear(), dy, weight);
    if gr == 0 || operands.dropout.is_some() || !base.is_blocked() {
        linear::linear_dx(dims.linear(), dy, weight, dx)?;
        let dx = Some(dx);
        return lora_update_backward(dims, operands, h, dy, LoraGradients { dx, da, db });
    }
    with_scratch(m * gr, |dh: &mut [T]| {
        let factors_alone = LoraGradients { dx: None, da, db };
        gradients_and_dh(dims, operands, h, dy, Some(&mut *dh), factors_alone)?;
        let more = More {
            x: dh,
            w: factors.a,
            k: gr,
        };
        base.blocked(None, Some(more), dx);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::super::operands::{Block, LoraFactors};
    use super::super::tests::{Case, DROPOUT};
    use super::*;
    use crate::WeightRef;
    use crate::cpu::dropout::Dropout;
    use crate::cpu::gemm::blocked;
    use crate::cpu::linear::Layout;
    use crate::half_bits::f32_to_bf16;
    use crate::reference::{linear as base_twin, lora as twin};
    use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

    fn meets_twins<T: Float>(
        sizes: (usize, usize, usize, usize),
        layout: Layout,
        merged: bool,
        dropout: Option<Dropout>,
    ) {
        let case = Case::<T>::new(sizes, merged, dropout);
        let LoraDims { m, k, n, .. } = case.dims();
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
                let ([mut h, ..], mut y) = (case.unwritten(), vec![T::NAN; m * n]);
                let weight = LinearWeight { values: w, layout };
                let outputs = LoraOutputs { h: &mut h, y: &mut y };
                lora_linear(case.dims(), case.operands(), weight, Some(&bias), outputs).unwrap();
                h.extend(y);
                h
            };
            let mut seen = wide(&case.x);
            let rounds = matches!(w, WeightRef::Bf16Rounding(_)) && blocked::applies_bf16::<T>(m, n);
            if rounds {
                // For the weight alone; the factors multiply them unrounded.
                seen.iter_mut().for_each(|x| *x = f32_to_bf16(*x as f32).to_f64());
            }
            let (case_wide, values) = (case.wide(), WeightRef::Full(&wide_w[..]));
            let weight = LinearWeight { values, layout };
            let base = base_twin::linear(case.dims().linear(), &seen, weight, Some(&wide(&bias)));
            let (mut want, y) = twin::lora_update(case_wide.dims(), case_wide.operands(), &base);
            want.extend(y);
            close(&run(), &want, 2e-4, &format!("{layout:?} {}", case.name()));
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
        sizes: (usize, usize, usize, usize),
        layout: Layout,
        merged: bool,
        dropout: Option<Dropout>,
    ) {
        let case = Case::<T>::new(sizes, merged, dropout);
        let LoraDims { m, k, n, .. } = case.dims();
        let (w, dy, h) = (
            values::<T>(n * k, 4),
            values::<T>(m * n, 5),
            values::<T>(m * case.dims().rows_a(), 6),
        );
        let run = || {
            let ([_, mut da, mut db], mut dx) = (case.unwritten(), vec![T::NAN; m * k]);
            let values = WeightRef::Full(&w[..]);
            let gradients = LoraGradients {
                dx: Some(&mut dx),
                da: Some(&mut da),
                db: Some(&mut db),
            };
            let weight = LinearWeight { values, layout };
            lora_linear_backward(case.dims(), case.operands(), weight, &h, &dy, gradients).unwrap();
            [dx, da, db].concat()
        };
        let (case_wide, w, dy, h) = (case.wide(), wide(&w), wide(&dy), wide(&h));
        let values = WeightRef::Full(&w[..]);
        let base = base_twin::linear_dx(case.dims().linear(), &dy, LinearWeight { values, layout });
        let (dx, da, db) = twin::lora_update_backward(case_wide.dims(), case_wide.operands(), &h, &dy, &base);
        close(
            &run(),
            &[dx, da, db].concat(),
            2e-4,
            &format!("{layout:?} {}", case.name()),
        );
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
        let dims = LoraDims {
            m: 2,
            k: 3,
            n: 2,
            r: 1,
            blocks: &[Block { start: 0, len: 2 }],
        };
        let operands = LoraOperands {
            x: &[0f32; 6],
            factors: LoraFactors {
                a: &[0.0; 3],
                b: &[0.0; 2],
                scaling: 1.0,
            },
            dropout: None,
        };
        let weight = LinearWeight {
            values: WeightRef::Full(&[0f32; 6]),
            layout: Layout::OutIn,
        };
        let (mut h, mut y) = ([7f32; 2], [7f32; 4]);
        let outputs = LoraOutputs { h: &mut h, y: &mut y };
        let error = lora_linear(dims, operands, weight, Some(&[0.0; 3]), outputs);
        assert_eq!(
            error.unwrap_err().to_string(),
            "lora_linear: bias has 3 values, expected 2"
        );
        assert!(h == [7.0; 2] && y == [7.0; 4]);
    }
}
