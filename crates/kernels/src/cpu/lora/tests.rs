//! Updates, gradients and merges against their twins.

use super::*;
use crate::cpu::dropout::Dropout;
use crate::cpu::linear::{Layout, LinearWeight};
use crate::half_bits::f32_to_bf16;
use crate::reference::dropout::drop_factor;
use crate::reference::lora as twin;
use crate::testing::{SIZES, close, each_isa, same_for_any_thread_count, values, wide};
use crate::{Float, WeightRef};

pub(super) const DROPOUT: Dropout = Dropout {
    p: 0.3,
    seed: 7,
    counter: 11,
};

/// The blocks of a plain layer, or of a merged one: the first and the last third, out of order.
fn blocks(n: usize, merged: bool) -> Vec<Block> {
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

/// Input and factors of one problem.
pub(super) struct Case<T> {
    sizes: [usize; 4],
    blocks: Vec<Block>,
    pub dropout: Option<Dropout>,
    pub x: Vec<T>,
    a: Vec<T>,
    b: Vec<T>,
}

impl<T: Float> Case<T> {
    /// Of (m, k, n, r).
    pub fn new((m, k, n, r): (usize, usize, usize, usize), merged: bool, dropout: Option<Dropout>) -> Self {
        let mut case = Self {
            sizes: [m, k, n, r],
            blocks: blocks(n, merged),
            dropout,
            x: values(m * k, 1),
            a: Vec::new(),
            b: Vec::new(),
        };
        let (rows_a, rows_b) = (case.dims().rows_a(), case.dims().rows_b());
        (case.a, case.b) = (values(rows_a * k, 2), values(rows_b * r, 3));
        case
    }

    pub fn dims(&self) -> LoraDims<'_> {
        let [m, k, n, r] = self.sizes;
        LoraDims {
            m,
            k,
            n,
            r,
            blocks: &self.blocks,
        }
    }

    pub fn factors(&self) -> LoraFactors<'_, T> {
        LoraFactors {
            a: &self.a,
            b: &self.b,
            scaling: T::HALF,
        }
    }

    pub fn operands(&self) -> LoraOperands<'_, T> {
        LoraOperands {
            x: &self.x,
            factors: self.factors(),
            dropout: self.dropout,
        }
    }

    /// The same problem for the twins.
    pub fn wide(&self) -> Case<f64> {
        Case {
            sizes: self.sizes,
            blocks: self.blocks.clone(),
            dropout: self.dropout,
            x: wide(&self.x),
            a: wide(&self.a),
            b: wide(&self.b),
        }
    }

    /// h (M, G·R), dA and dB full of NaN, to be overwritten.
    pub fn unwritten(&self) -> [Vec<T>; 3] {
        [self.sizes[0] * self.dims().rows_a(), self.a.len(), self.b.len()].map(|len| vec![T::NAN; len])
    }

    pub fn name(&self) -> String {
        format!("{:?} blocks {:?} {:?}", self.sizes, self.blocks, self.dropout)
    }

    /// (h, y, dx, da, db).
    fn run(&self) -> [Vec<T>; 5] {
        let LoraDims { m, k, n, .. } = self.dims();
        let (dy, mut y, mut dx) = (values::<T>(m * n, 4), values::<T>(m * n, 5), values::<T>(m * k, 6));
        let [mut h, mut da, mut db] = self.unwritten();
        let outputs = LoraOutputs { h: &mut h, y: &mut y };
        lora_update(self.dims(), self.operands(), outputs).unwrap();
        let gradients = LoraGradients {
            dx: Some(&mut dx),
            da: Some(&mut da),
            db: Some(&mut db),
        };
        lora_update_backward(self.dims(), self.operands(), &h, &dy, gradients).unwrap();
        [h, y, dx, da, db]
    }

    fn meets_twin(&self) {
        let LoraDims { m, k, n, .. } = self.dims();
        let input = |n, seed| wide(&values::<T>(n, seed));
        let case = self.wide();
        let (h, y) = twin::lora_update(case.dims(), case.operands(), &input(m * n, 5));
        let (dy, dx) = (input(m * n, 4), input(m * k, 6));
        let (dx, da, db) = twin::lora_update_backward(case.dims(), case.operands(), &h, &dy, &dx);
        for ((got, want), name) in self
            .run()
            .iter()
            .zip([h, y, dx, da, db])
            .zip(["h", "y", "dx", "da", "db"])
        {
            close(got, &want, 1e-4, &format!("{name} {}", self.name()));
        }
    }
}

#[test]
fn update_and_gradients_meet_their_twins() {
    each_isa(|_| {
        for (m, k, n) in SIZES
            .iter()
            .flat_map(|&m| SIZES.iter().flat_map(move |&k| SIZES.map(|n| (m, k, n))))
        {
            Case::<f32>::new((m, k, n, 1 + k % 5), n % 2 == 0, None).meets_twin();
            Case::<f64>::new((m, k, n, 8), n % 2 == 1, Some(DROPOUT)).meets_twin();
        }
        Case::<f32>::new((300, 130, 40, 64), true, Some(Dropout { p: 1.0, ..DROPOUT })).meets_twin();
        Case::<f32>::new((140, 131, 40, 3), true, Some(DROPOUT)).meets_twin();
        Case::<f32>::new((3, 5, 4, 0), false, None).meets_twin();
    });
}

fn merge(case: &Case<f32>, weight: LinearWeight<'_, f32>, out: WeightMut<'_, f32>) {
    lora_merge(case.dims(), case.factors(), weight, out).unwrap();
}

#[test]
fn merging_equals_the_twin_in_both_layouts() {
    each_isa(|_| {
        for (k, n) in SIZES.iter().flat_map(|&k| SIZES.map(|n| (k, n))) {
            for (layout, merged) in [(Layout::OutIn, true), (Layout::InOut, true), (Layout::OutIn, false)] {
                let case = Case::<f32>::new((0, k, n, 4), merged, None);
                let w = values::<f32>(n * k, 1);
                let weight = |values| LinearWeight { values, layout };
                let want = |w: &[f32]| {
                    let (case, w) = (case.wide(), wide(w));
                    let values = WeightRef::Full(&w[..]);
                    twin::lora_merge(case.dims(), case.factors(), LinearWeight { values, layout })
                };
                let mut out = vec![f32::NAN; n * k];
                merge(&case, weight(WeightRef::Full(&w[..])), WeightMut::Full(&mut out));
                close(&out, &want(&w), 1e-5, "merged");

                let half: Vec<_> = w.iter().map(|&w| f32_to_bf16(w)).collect();
                let rounded: Vec<f32> = half.iter().map(|w| w.to_f32()).collect();
                let mut out = vec![half::bf16::NAN; n * k];
                merge(&case, weight(WeightRef::Bf16(&half)), WeightMut::Bf16(&mut out));
                let out: Vec<f32> = out.iter().map(|w| w.to_f32()).collect();
                close(&out, &want(&rounded), 1.0 / 256.0, "merged, one rounding to bf16");
            }
        }
    });
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    each_isa(|_| {
        for dropout in [None, Some(DROPOUT)] {
            let case = Case::<f32>::new((150, 200, 300, 8), true, dropout);
            same_for_any_thread_count(|| case.run().concat());
        }
    });
}

#[test]
fn a_row_alone_equals_the_row_in_a_batch() {
    each_isa(|_| {
        let case = Case::<f32>::new((40, 100, 70, 8), false, None);
        let run = |x: &[f32]| {
            let dims = LoraDims {
                m: x.len() / 100,
                ..case.dims()
            };
            let operands = LoraOperands { x, ..case.operands() };
            let (mut h, mut y) = (vec![0f32; dims.m * 8], vec![1f32; dims.m * 70]);
            lora_update(dims, operands, LoraOutputs { h: &mut h, y: &mut y }).unwrap();
            y
        };
        assert!(run(&case.x[39 * 100..]) == run(&case.x)[39 * 70..]);
    });
}

#[test]
fn dropout_follows_the_flat_index_from_any_start() {
    each_isa(|_| {
        let ones = vec![1f64; 300];
        let mut whole = ones.clone();
        DROPOUT.apply(0, &mut whole);
        let want: Vec<f64> = (0..300).map(|i| drop_factor(Some(DROPOUT), i)).collect();
        assert_eq!(whole, want);
        for start in [1, 2, 3, 4, 150, 299] {
            let mut part = ones[start..].to_vec();
            DROPOUT.apply(start as u64, &mut part);
            assert_eq!(part, whole[start..]);
        }
    });
}

#[test]
fn overlapping_blocks_are_refused() {
    let refuses = |blocks: &[Block]| {
        let dims = LoraDims {
            m: 0,
            k: 0,
            n: 4,
            r: 1,
            blocks,
        };
        dims.check("lora_update").is_err()
    };
    assert!(refuses(&[Block { start: 0, len: 2 }, Block { start: 1, len: 2 }]));
    assert!(refuses(&[Block { start: 3, len: 2 }]));
    assert!(!refuses(&[Block { start: 2, len: 2 }, Block { start: 0, len: 2 }]));
}
