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
    grouped(&mut list);
    embedding(&mut list);
    list
}

/// Rows with updates of their own: ranks, rows `[start, length, group]`; the last group has no rows, and some rows no group.
fn grouped(list: &mut Vec<Sample>) {
    const RANKS: [usize; 3] = [2, 1, 4];
    let cases: [(&[usize], usize, usize, &[isize]); 5] = [
        (&[6], 5, 4, &[0, 2, 1, 3, 1, 0, 4, 1, 1]),
        (&[2, 4], 7, 6, &[0, 4, 0, 4, 3, 1]),
        (&[3], 5, 4, &[]),
        (&[0], 5, 4, &[]),
        (&[2, 20], 33, 40, &[0, 11, 1, 11, 9, 0, 25, 10, 1, 0, 40, 2]),
    ];
    for (lead, k, n, segments) in cases {
        for (layout, p) in [(0.0, 0.0), (1.0, 0.3)] {
            for frozen in [&[][..], &[1, 2], &[1, 2, 4, 7], &[0, 1, 2]] {
                let matrix = weight(&if layout == 0.0 { [n, k] } else { [k, n] });
                let mut inputs = vec![Some(x(&[lead, &[k]].concat())), Some(matrix), Some(wide(&[n]))];
                inputs.extend(RANKS.map(|r| Some(wide(&[r, k]))));
                inputs.extend(RANKS.map(|r| Some(wide(&[n, r]))));
                for &i in frozen {
                    inputs[i] = inputs[i].take().map(Input::frozen);
                }
                let lists = vec![3.0, 3.0];
                let rest = vec![3.0, 0.75, -1.0, 0.5, 3.0, p, 0.0, 2.0 * p, layout];
                list.push(with(&LORA_GROUPED, inputs, &[lists, dims(segments), rest].concat()).slack(10.0));
            }
        }
    }
    // More tensors than a mask has bits: gradients reach each of them.
    let count = 20;
    let mut inputs = vec![Some(x(&[40, 3])), Some(weight(&[4, 3]).frozen()), None];
    inputs.extend((0..count).map(|g| Some(wide(&[1 + g % 3, 3]))));
    inputs.extend((0..count).map(|g| Some(wide(&[4, 1 + g % 3]))));
    // The last one is frozen: its gradient is none, those before it have theirs.
    inputs[2 + count] = inputs[2 + count].take().map(Input::frozen);
    let segments: Vec<isize> = (0..count as isize).flat_map(|g| [2 * g, 2, g]).collect();
    let attrs = [
        vec![count as f64; 2],
        dims(&segments),
        vec![count as f64],
        vec![0.5; count],
        vec![count as f64],
        vec![0.0; count],
        vec![0.0],
    ];
    list.push(with(&LORA_GROUPED, inputs, &attrs.concat()));
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
