//! Updates, gradients and merges against their twins.

use super::blocks::check_blocks;
use super::*;
use crate::cpu::dropout::Dropout;
use crate::cpu::linear::Layout;
use crate::half_bits::f32_to_bf16;
use crate::reference::dropout::drop_factor;
use crate::reference::lora as twin;
use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};
use crate::{Float, WeightRef};

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
                let want = |w: &[f32]| twin::lora_merge(&wide(w), &wide(&a), &wide(&b), &blocks, layout, k, n, r, 0.5);
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
            (0..300).map(|i| drop_factor(Some(DROPOUT), i)).collect::<Vec<_>>()
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
