//! Rows with updates of their own against the twin, and against each row alone.

use super::super::operands::{Block, LoraDims, LoraFactors, LoraOperands, LoraOutputs};
use super::super::{lora_linear, tests::DROPOUT};
use super::*;
use crate::WeightRef;
use crate::cpu::dropout::Dropout;
use crate::cpu::linear::Layout;
use crate::half_bits::f32_to_bf16;
use crate::reference::{linear as base_twin, lora as twin};
use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};

/// Ranks of the groups; the last one has no rows.
const RANKS: [usize; 4] = [2, 8, 1, 4];

struct Case<T> {
    dims: [usize; 3],
    segments: Vec<RowSegment>,
    dropouts: [Option<Dropout>; 4],
    x: Vec<T>,
    w: Vec<T>,
    factors: Vec<[Vec<T>; 2]>,
}

/// Rows of groups 0, none, 1, 0, 2 in turn, `step` each.
fn interleaved(m: usize, step: usize) -> Vec<RowSegment> {
    let order = [Some(0), None, Some(1), Some(0), Some(2)];
    (0..m)
        .step_by(step)
        .zip(order.into_iter().cycle())
        .filter_map(|(start, group)| {
            let len = step.min(m - start);
            group.map(|group| RowSegment { start, len, group })
        })
        .collect()
}

impl<T: Float> Case<T> {
    fn new(dims: [usize; 3], segments: Vec<RowSegment>, drops: bool) -> Self {
        let [m, k, n] = dims;
        let factors = RANKS.iter().zip(10..);
        Self {
            dims,
            segments,
            dropouts: [
                drops.then_some(DROPOUT),
                None,
                drops.then_some(Dropout { p: 0.6, ..DROPOUT }),
                None,
            ],
            x: values(m * k, 1),
            w: values(n * k, 4),
            factors: factors
                .map(|(&r, seed)| [values(r * k, seed), values(n * r, seed + 10)])
                .collect(),
        }
    }

    fn dims(&self) -> GroupedDims<'_> {
        let [m, k, n] = self.dims;
        GroupedDims {
            m,
            k,
            n,
            segments: &self.segments,
        }
    }

    fn groups(&self) -> Vec<RowGroup<'_, T>> {
        let group = |g: usize| RowGroup {
            factors: LoraFactors {
                a: &self.factors[g][0],
                b: &self.factors[g][1],
                scaling: T::from_f64(0.5 + g as f64),
            },
            r: RANKS[g],
            dropout: self.dropouts[g],
        };
        (0..RANKS.len()).map(group).collect()
    }

    fn wide(&self) -> Case<f64> {
        Case {
            dims: self.dims,
            segments: self.segments.clone(),
            dropouts: self.dropouts,
            x: wide(&self.x),
            w: wide(&self.w),
            factors: self.factors.iter().map(|[a, b]| [wide(a), wide(b)]).collect(),
        }
    }

    fn name(&self) -> String {
        format!("{:?} {:?} {:?}", self.dims, self.segments, self.dropouts)
    }

    fn forward(&self, w: WeightRef<'_, T>, layout: Layout, bias: Option<&[T]>) -> Vec<T> {
        let groups = self.groups();
        let (mut h, mut y) = (
            vec![T::NAN; self.dims().hidden(&groups)],
            vec![T::NAN; self.dims[0] * self.dims[2]],
        );
        let operands = GroupedOperands {
            x: &self.x,
            groups: &groups,
        };
        let weight = LinearWeight { values: w, layout };
        lora_grouped(
            self.dims(),
            operands,
            weight,
            bias,
            GroupedOutputs { h: &mut h, y: &mut y },
        )
        .unwrap();
        h.extend(y);
        h
    }

    fn meets_twin(&self, layout: Layout) {
        let [m, _, n] = self.dims;
        let bias = values::<T>(n, 5);
        let half: Vec<_> = self.w.iter().map(|w| f32_to_bf16(w.to_f32())).collect();
        let rounded: Vec<f64> = half.iter().map(|w| w.to_f64()).collect();
        for (w, wide_w) in [
            (WeightRef::Full(&self.w[..]), wide(&self.w)),
            (WeightRef::Bf16(&half), rounded),
        ] {
            let case = self.wide();
            let groups = case.groups();
            let weight = LinearWeight {
                values: WeightRef::Full(&wide_w[..]),
                layout,
            };
            let base = base_twin::linear(case.dims().linear(), &case.x, weight, Some(&wide(&bias)));
            let operands = GroupedOperands {
                x: &case.x,
                groups: &groups,
            };
            let (mut want, y) = twin::lora_grouped(case.dims(), operands, &base);
            want.extend(y);
            close(&self.forward(w, layout, Some(&bias)), &want, 2e-4, &self.name());
            same_for_any_thread_count(|| self.forward(w, layout, Some(&bias)));
            self.gradients_meet_twin(w, &wide_w, layout, &values(m * n, 6));
        }
    }

    fn gradients(&self, w: WeightRef<'_, T>, layout: Layout, h: &[T], dy: &[T]) -> Vec<T> {
        let groups = self.groups();
        let mut dx = vec![T::NAN; self.dims[0] * self.dims[1]];
        let unwritten = |i: usize| -> Vec<Vec<T>> { self.factors.iter().map(|f| vec![T::NAN; f[i].len()]).collect() };
        let (mut da, mut db) = (unwritten(0), unwritten(1));
        let operands = GroupedOperands {
            x: &self.x,
            groups: &groups,
        };
        let gradients = GroupedGradients {
            dx: Some(&mut dx),
            da: da.iter_mut().map(|da| Some(&mut da[..])).collect(),
            db: db.iter_mut().map(|db| Some(&mut db[..])).collect(),
        };
        let weight = LinearWeight { values: w, layout };
        lora_grouped_backward(self.dims(), operands, Some(weight), h, dy, gradients).unwrap();
        [dx, da.concat(), db.concat()].concat()
    }

    fn gradients_meet_twin(&self, w: WeightRef<'_, T>, wide_w: &[f64], layout: Layout, dy: &[T]) {
        let case = self.wide();
        let groups = case.groups();
        let h = values::<T>(case.dims().hidden(&groups), 7);
        let weight = LinearWeight {
            values: WeightRef::Full(wide_w),
            layout,
        };
        let base = base_twin::linear_dx(case.dims().linear(), &wide(dy), weight);
        let operands = GroupedOperands {
            x: &case.x,
            groups: &groups,
        };
        let (dx, da, db) = twin::lora_grouped_backward(case.dims(), operands, &wide(&h), &wide(dy), &base);
        let want = [dx, da.concat(), db.concat()].concat();
        close(&self.gradients(w, layout, &h, dy), &want, 2e-4, &self.name());
        same_for_any_thread_count(|| self.gradients(w, layout, &h, dy));
    }
}

#[test]
fn rows_with_updates_of_their_own_meet_their_twins() {
    each_isa(|_| {
        for ([m, k, n], step) in [
            ([0, 3, 4], 1),
            ([1, 5, 7], 1),
            ([16, 33, 140], 1),
            ([17, 33, 40], 3),
            ([130, 70, 75], 7),
            ([97, 129, 64], 40),
            ([300, 64, 200], 33),
        ] {
            for layout in [Layout::OutIn, Layout::InOut] {
                for drops in [false, true] {
                    Case::<f32>::new([m, k, n], interleaved(m, step), drops).meets_twin(layout);
                }
            }
        }
        Case::<f64>::new([100, 40, 60], interleaved(100, 9), true).meets_twin(Layout::OutIn);
        Case::<f32>::new([40, 40, 60], Vec::new(), false).meets_twin(Layout::OutIn);
        // One update for all rows, and others for some of them.
        let mut both = vec![RowSegment {
            start: 0,
            len: 60,
            group: 3,
        }];
        both.extend(interleaved(60, 8));
        Case::<f32>::new([60, 40, 60], both, true).meets_twin(Layout::OutIn);
    });
}

#[test]
fn each_of_a_few_rows_has_the_bits_that_it_has_alone() {
    each_isa(|_| {
        let case = Case::<f32>::new([16, 200, 300], interleaved(16, 1), false);
        let groups = case.groups();
        for layout in [Layout::OutIn, Layout::InOut] {
            let values = WeightRef::Full(&case.w[..]);
            let all = case.forward(values, layout, None);
            let y = &all[case.dims().hidden(&groups)..];
            for segment in &case.segments {
                let RowGroup { factors, r, .. } = groups[segment.group];
                let blocks = [Block { start: 0, len: 300 }];
                let dims = LoraDims {
                    m: 1,
                    k: 200,
                    n: 300,
                    r,
                    blocks: &blocks,
                };
                let operands = LoraOperands {
                    x: &case.x[segment.start * 200..][..200],
                    factors,
                    dropout: None,
                };
                let (mut h, mut alone) = (vec![0f32; r], vec![0f32; 300]);
                let outputs = LoraOutputs {
                    h: &mut h,
                    y: &mut alone,
                };
                lora_linear(dims, operands, LinearWeight { values, layout }, None, outputs).unwrap();
                assert!(alone == y[segment.start * 300..][..300], "{segment:?} {layout:?}");
            }
        }
    });
}

#[test]
fn a_segment_outside_leaves_the_outputs_alone() {
    let segments = [RowSegment {
        start: 1,
        len: 2,
        group: 0,
    }];
    let dims = GroupedDims {
        m: 2,
        k: 1,
        n: 1,
        segments: &segments,
    };
    let groups = [RowGroup {
        factors: LoraFactors {
            a: &[1f32],
            b: &[1.0],
            scaling: 1.0,
        },
        r: 1,
        dropout: None,
    }];
    let operands = GroupedOperands {
        x: &[1f32, 2.0],
        groups: &groups,
    };
    let weight = LinearWeight {
        values: WeightRef::Full(&[1f32]),
        layout: Layout::OutIn,
    };
    let (mut h, mut y) = ([7f32; 2], [7f32; 2]);
    let outputs = GroupedOutputs { h: &mut h, y: &mut y };
    assert!(lora_grouped(dims, operands, weight, None, outputs).is_err());
    assert!(h == [7.0; 2] && y == [7.0; 2]);
}
