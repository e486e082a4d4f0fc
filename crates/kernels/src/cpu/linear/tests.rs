//! Dense layers against their twins: every layout, precision of the weight and split into panels.

use super::*;
use crate::blocks::tests::sample;
use crate::blocks::{BlockKind, BlockRef};
use crate::half_bits::{f32_to_bf16, f32_to_f16};
use crate::isa;
use crate::reference::linear as twin;
use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};

fn full<T>(w: &[T], layout: Layout) -> LinearWeight<'_, T> {
    LinearWeight {
        values: WeightRef::Full(w),
        layout,
    }
}

fn meets_twins<T: Float>(dims: LinearDims, layout: Layout) {
    let LinearDims { m, k, n } = dims;
    let (x, w, bias, dy) = (
        values::<T>(m * k, 1),
        values::<T>(n * k, 2),
        values::<T>(n, 3),
        values::<T>(m * n, 4),
    );
    let (mut y, mut dx, mut dw) = (vec![T::NAN; m * n], vec![T::NAN; m * k], vec![T::NAN; n * k]);
    linear(dims, &x, full(&w, layout), Some(&bias), &mut y).unwrap();
    linear_dx(dims, &dy, full(&w, layout), &mut dx).unwrap();
    linear_dw(dims, &dy, &x, layout, &mut dw).unwrap();
    let (x, w, bias, dy) = (wide(&x), wide(&w), wide(&bias), wide(&dy));
    let name = format!("{m}x{k}x{n} {layout:?}");
    close(&y, &twin::linear(dims, &x, full(&w, layout), Some(&bias)), 2e-5, &name);
    close(&dx, &twin::linear_dx(dims, &dy, full(&w, layout)), 2e-5, &name);
    close(&dw, &twin::linear_dw(dims, &dy, &x, layout), 2e-5, &name);
}

#[test]
fn layers_meet_their_twins_at_all_sizes_and_sets() {
    each_isa(|_| {
        for (m, k, n) in SIZES
            .iter()
            .flat_map(|&m| SIZES.iter().flat_map(move |&k| SIZES.map(|n| (m, k, n))))
        {
            for layout in [Layout::OutIn, Layout::InOut] {
                meets_twins::<f32>(LinearDims { m, k, n }, layout);
                meets_twins::<f64>(LinearDims { m, k, n }, layout);
            }
        }
    });
}

/// Bits of y and dx for a half weight against the same weight widened beforehand.
fn half_equals_wide(dims: LinearDims, layout: Layout) {
    let LinearDims { m, k, n } = dims;
    let w = values::<f32>(n * k, 2);
    let bf16: Vec<_> = w.iter().map(|&w| f32_to_bf16(w)).collect();
    let f16: Vec<_> = w.iter().map(|&w| f32_to_f16(w)).collect();
    let (x, dy) = (values::<f32>(m * k, 1), values::<f32>(m * n, 4));
    for half in [WeightRef::Bf16(&bf16), WeightRef::F16(&f16)] {
        let widened: Vec<f32> = (0..n * k).map(|i| half.get(i)).collect();
        let run = |values: WeightRef<'_, f32>| {
            let (mut y, mut dx) = (vec![0f32; m * n], vec![0f32; m * k]);
            let weight = LinearWeight { values, layout };
            linear(dims, &x, weight, None, &mut y).unwrap();
            linear_dx(dims, &dy, weight, &mut dx).unwrap();
            (y, dx)
        };
        assert!(run(half) == run(WeightRef::Full(&widened)), "{m}x{k}x{n} {layout:?}");
    }
}

#[test]
fn a_half_weight_gives_the_bits_of_the_widened_one() {
    each_isa(|_| {
        for layout in [Layout::OutIn, Layout::InOut] {
            for (m, k, n) in [
                (1, 129, 300),
                (1, 17, 1),
                (3, 1, 17),
                (16, 300, 129),
                (17, 129, 64),
                (0, 3, 3),
                (20, 0, 3),
            ] {
                half_equals_wide(LinearDims { m, k, n }, layout);
            }
        }
    });
}

#[test]
fn a_half_weight_of_several_panels_meets_its_twin() {
    let dims = LinearDims { m: 17, k: 3000, n: 700 };
    let LinearDims { m, k, n } = dims;
    assert!(n * k > PANEL);
    let (x, w) = (values::<f32>(m * k, 1), values::<f32>(n * k, 2));
    let half: Vec<_> = w.iter().map(|&w| f32_to_bf16(w)).collect();
    let rounded: Vec<f64> = half.iter().map(|w| w.to_f64()).collect();
    for layout in [Layout::OutIn, Layout::InOut] {
        let mut y = vec![0f32; m * n];
        let values = WeightRef::Bf16(&half);
        linear(dims, &x, LinearWeight { values, layout }, None, &mut y).unwrap();
        let want = twin::linear(dims, &wide(&x), full(&rounded, layout), None);
        close(&y, &want, 1e-4, "panels");
    }
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    each_isa(|_| {
        let (m, k, n) = (40, 700, 300);
        let (x, w) = (values::<f32>(m * k, 1), values::<f32>(n * k, 2));
        let half: Vec<_> = w.iter().map(|&w| f32_to_bf16(w)).collect();
        for (m, values) in [
            (m, WeightRef::Full(&w[..])),
            (m, WeightRef::Bf16(&half)),
            (3, WeightRef::Bf16(&half)),
        ] {
            same_for_any_thread_count(|| {
                let mut y = vec![0f32; m * n];
                let layout = Layout::InOut;
                let weight = LinearWeight { values, layout };
                linear(LinearDims { m, k, n }, &x[..m * k], weight, None, &mut y).unwrap();
                y
            });
        }
    });
}

#[test]
fn a_wrong_length_is_named() {
    let dims = LinearDims { m: 2, k: 3, n: 2 };
    let error = linear(dims, &[0f32; 5], full(&[0.0; 6], Layout::OutIn), None, &mut [0.0; 4]).unwrap_err();
    assert_eq!(error.to_string(), "linear: x has 5 values, expected 6");
}

/// The activations as a rounding weight multiplies them, in a product of m rows and p columns.
fn seen(x: &[f32], m: usize, p: usize) -> Vec<f64> {
    if isa::has_bf16_products() && m > MAX_ROWS && p >= 16 {
        return x.iter().map(|&x| f32_to_bf16(x).to_f64()).collect();
    }
    wide(x)
}

fn rounding_meets_twins(dims: LinearDims, layout: Layout) {
    let LinearDims { m, k, n } = dims;
    let (x, dy, bias) = (values::<f32>(m * k, 1), values::<f32>(m * n, 4), values::<f32>(n, 3));
    let half: Vec<_> = values::<f32>(n * k, 2).into_iter().map(f32_to_bf16).collect();
    let w: Vec<f64> = half.iter().map(|w| w.to_f64()).collect();
    let (mut y, mut dx) = (vec![f32::NAN; m * n], vec![f32::NAN; m * k]);
    let values = WeightRef::Bf16Rounding(&half);
    let rounding = LinearWeight { values, layout };
    linear(dims, &x, rounding, Some(&bias), &mut y).unwrap();
    linear_dx(dims, &dy, rounding, &mut dx).unwrap();
    let name = format!("{m}x{k}x{n} {layout:?}");
    let weight = full(&w, layout);
    let want = twin::linear(dims, &seen(&x, m, n), weight, Some(&wide(&bias)));
    close(&y, &want, 5e-5, &name);
    close(&dx, &twin::linear_dx(dims, &seen(&dy, m, k), weight), 5e-5, &name);
}

#[test]
fn activations_are_rounded_for_a_rounding_weight() {
    each_isa(|_| {
        for layout in [Layout::OutIn, Layout::InOut] {
            for (m, k, n) in [
                (0, 3, 30),
                (16, 64, 64),
                (17, 129, 64),
                (20, 0, 30),
                (20, 64, 7),
                (40, 1, 16),
                (96, 67, 33),
                (130, 300, 129),
            ] {
                rounding_meets_twins(LinearDims { m, k, n }, layout);
            }
        }
    });
}

#[test]
fn rounding_keeps_what_is_not_finite_and_the_bits_of_a_row() {
    each_isa(|_| {
        let (m, k, n) = (40, 70, 64);
        let mut x = values::<f32>(m * k, 1);
        for (row, special) in [f32::NAN, f32::INFINITY, -f32::INFINITY, f32::MAX]
            .into_iter()
            .enumerate()
        {
            x[row * k + 5] = special;
        }
        let half: Vec<_> = values::<f32>(n * k, 2).into_iter().map(f32_to_bf16).collect();
        let w: Vec<f64> = half.iter().map(|w| w.to_f64()).collect();
        let run = |m: usize| {
            let mut y = vec![0f32; m * n];
            let rounding = LinearWeight {
                values: WeightRef::Bf16Rounding(&half),
                layout: Layout::OutIn,
            };
            linear(LinearDims { m, k, n }, &x[..m * k], rounding, None, &mut y).unwrap();
            y
        };
        let (whole, part) = (run(m), run(MAX_ROWS + 1));
        let mut want = twin::linear(LinearDims { m, k, n }, &seen(&x, m, n), full(&w, Layout::OutIn), None);
        // Values out of range are infinite in f32.
        (want.iter_mut().filter(|y| y.abs() > f64::from(f32::MAX))).for_each(|y| *y *= f64::INFINITY);
        close(&whole, &want, 5e-5, "specials");
        let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
        // After the rows of special values: NaN has many bit patterns.
        assert!(bits(&whole[4 * n..part.len()]) == bits(&part[4 * n..]));
        same_for_any_thread_count(|| run(m)[4 * n..].to_vec());
    });
}

/// y and dx for a weight in blocks against the same weight widened beforehand: equal bits in one panel or in blocked products.
fn blocks_equal_wide(kind: BlockKind, (m, k, n): (usize, usize, usize)) {
    let dims = LinearDims { m, k, n };
    let bytes = sample(kind, n * k / kind.len());
    let blocks = WeightRef::<f32>::Blocks(BlockRef::new(kind, &bytes));
    let mut widened = vec![0f32; n * k];
    blocks.row(0, n * k, &mut widened);
    let (x, dy, bias) = (values::<f32>(m * k, 1), values::<f32>(m * n, 4), values::<f32>(n, 5));
    let run = |values: WeightRef<'_, f32>| {
        let (mut y, mut dx) = (vec![0f32; m * n], vec![0f32; m * k]);
        let weight = LinearWeight {
            values,
            layout: Layout::OutIn,
        };
        linear(dims, &x, weight, Some(&bias), &mut y).unwrap();
        linear_dx(dims, &dy, weight, &mut dx).unwrap();
        (y, dx)
    };
    assert!(run(blocks) == run(WeightRef::Full(&widened)), "{kind:?} {m}x{k}x{n}");
}

#[test]
fn a_weight_in_blocks_gives_the_bits_of_the_widened_one() {
    each_isa(|_| {
        for kind in BlockKind::ALL {
            let k = 2 * kind.len();
            for (m, n) in [(0, 3), (1, 5), (3, 64), (16, 9), (17, 64), (100, 48), (97, 130)] {
                blocks_equal_wide(kind, (m, k, n));
            }
        }
        // Several depths, and depths that end inside a block.
        for (m, k, n) in [(33, 1312, 96), (200, 1312, 700), (200, 1536, 600)] {
            blocks_equal_wide(BlockKind::Q4_1, (m, k, n));
        }
        blocks_equal_wide(BlockKind::Q6K, (200, 1536, 600));
    });
}

#[test]
fn a_weight_in_blocks_that_may_be_rounded_is_close_to_the_twin() {
    let kind = BlockKind::Q8_0;
    let (m, k, n) = (40, 320, 96);
    let dims = LinearDims { m, k, n };
    let bytes = sample(kind, n * k / kind.len());
    let blocks = WeightRef::<f32>::BlocksRounding(BlockRef::new(kind, &bytes));
    let weight = LinearWeight {
        values: blocks,
        layout: Layout::OutIn,
    };
    let widened: Vec<f64> = (0..n * k).map(|i| f64::from(blocks.get(i))).collect();
    let x = values::<f32>(m * k, 1);
    each_isa(|_| {
        let mut y = vec![0f32; m * n];
        linear(dims, &x, weight, None, &mut y).unwrap();
        let want = twin::linear(dims, &wide(&x), full(&widened, Layout::OutIn), None);
        let scale = want.iter().fold(0.0f64, |most, y| most.max(y.abs()));
        let worst = y
            .iter()
            .zip(&want)
            .map(|(y, want)| (f64::from(*y) - want).abs())
            .fold(0.0, f64::max);
        assert!(worst <= 0.01 * scale, "{worst} of {scale}");
    });
}
