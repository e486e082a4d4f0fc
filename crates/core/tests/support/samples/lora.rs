//! The low-rank ops, in both layouts, whole and in blocks.

use engine::ops::table::*;

use super::super::harness::dims;
use super::{Input, Sample, ids, sample, weight, whole, wide, with, x};

/// Output columns, and the blocks that are adapted.
const BLOCKS: [(usize, &[isize]); 4] = [(4, &[0, 4]), (6, &[0, 2, 4, 2]), (9, &[3, 3]), (6, &[0, 2, 2, 2, 4, 2])];

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    for (n, blocks) in BLOCKS {
        for layout in [0.0, 1.0] {
            for (m, k, r) in [
                (&[3][..], 5, 2),
                (&[2, 4], 7, 1),
                (&[1], 33, 8),
                (&[0], 5, 2),
                (&[], 5, 2),
            ] {
                for p in [0.0, 0.3] {
                    dense(
                        &mut list,
                        &Call {
                            lead: m,
                            k,
                            n,
                            r,
                            blocks,
                            layout,
                            p,
                        },
                    );
                }
            }
            merge(&mut list, n, blocks, layout);
        }
        update(&mut list, n, blocks);
    }
    // Above the sizes from which kernels use threads and panels.
    for (layout, p) in [(0.0, 0.1), (1.0, 0.0)] {
        let call = Call {
            lead: &[2, 65],
            k: 130,
            n: 150,
            r: 4,
            blocks: &[0, 50, 100, 50],
            layout,
            p,
        };
        list.push(call.sample(true).kinked().slack(30.0));
    }
    embedding(&mut list);
    list
}

struct Call<'a> {
    lead: &'a [usize],
    k: usize,
    n: usize,
    r: usize,
    blocks: &'a [isize],
    layout: f64,
    p: f64,
}

impl Call<'_> {
    fn matrix(&self) -> Input {
        weight(&if self.layout == 0.0 {
            [self.n, self.k]
        } else {
            [self.k, self.n]
        })
    }

    fn factors(&self) -> [Input; 2] {
        factors(self.k, self.r, self.blocks)
    }

    fn sample(&self, bias: bool) -> Sample {
        let [a, b] = self.factors();
        let inputs = [
            Some(x(&[self.lead, &[self.k]].concat())),
            Some(self.matrix()),
            bias.then(|| wide(&[self.n])),
            Some(a),
            Some(b),
        ];
        with(
            &LORA_LINEAR,
            inputs,
            &[vec![0.75, self.p, self.layout], dims(self.blocks)].concat(),
        )
    }
}

/// A (blocks · r, k) and B (columns of all blocks, r).
fn factors(k: usize, r: usize, blocks: &[isize]) -> [Input; 2] {
    let columns: isize = blocks.chunks(2).map(|block| block[1]).sum();
    [wide(&[blocks.len() / 2 * r, k]), wide(&[columns as usize, r])]
}

fn dense(list: &mut Vec<Sample>, call: &Call<'_>) {
    list.push(call.sample(true));
    list.push(call.sample(false));
    // As it is trained: the layer is frozen; and as in the first layer, whose input needs no gradient.
    let freeze = |inputs: &[usize]| {
        let mut sample = call.sample(true);
        for &i in inputs {
            sample.inputs[i] = sample.inputs[i].take().map(Input::frozen);
        }
        sample
    };
    list.push(freeze(&[1, 2]));
    list.push(freeze(&[0, 1, 2]));
}

fn update(list: &mut Vec<Sample>, n: usize, blocks: &[isize]) {
    for (lead, k, r) in [(&[3][..], 5, 2), (&[2, 4], 7, 1), (&[0], 5, 2), (&[33], 65, 8)] {
        let [a, b] = factors(k, r, blocks);
        let inputs = [x(&[lead, &[n]].concat()), x(&[lead, &[k]].concat()), a, b];
        list.push(sample(&LORA_UPDATE, inputs, &[vec![-1.5], dims(blocks)].concat()));
    }
}

fn merge(list: &mut Vec<Sample>, n: usize, blocks: &[isize], layout: f64) {
    for (k, r) in [(5, 2), (33, 3)] {
        let matrix = weight(&if layout == 0.0 { [n, k] } else { [k, n] });
        let [a, b] = factors(k, r, blocks);
        list.push(sample(
            &LORA_MERGE,
            [matrix, a, b],
            &[vec![0.5, layout], dims(blocks)].concat(),
        ));
    }
}

fn embedding(list: &mut Vec<Sample>) {
    let inputs =
        |num: usize, dim: usize, r: usize, ids: Input| [weight(&[num, dim]), ids, wide(&[r, num]), wide(&[dim, r])];
    for shape in [&[][..], &[5], &[2, 3], &[0]] {
        list.push(sample(
            &LORA_EMBEDDING,
            inputs(7, 4, 2, ids(shape, 7)),
            &[0.5, -1.0, 0.0],
        ));
    }
    list.push(sample(&LORA_EMBEDDING, inputs(50, 33, 8, ids(&[9, 31], 50)), &[2.0, -1.0, 0.0]).slack(10.0));
    let mut frozen = sample(&LORA_EMBEDDING, inputs(7, 4, 2, ids(&[6], 7)), &[0.5, -1.0, 0.0]);
    frozen.inputs[0] = frozen.inputs[0].take().map(Input::frozen);
    list.push(frozen);
    // The padding row and the scaling by frequency are no derivatives.
    for (padding, by_frequency) in [(1.0, 0.0), (-1.0, 1.0), (0.0, 1.0)] {
        let repeated = whole(&[6], &[1, 3, 1, 0, 3, 1]);
        list.push(
            sample(
                &LORA_EMBEDDING,
                inputs(5, 3, 2, repeated),
                &[1.5, padding, by_frequency],
            )
            .kinked(),
        );
    }
}
