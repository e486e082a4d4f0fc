//! Attention.

use engine::dtype::Dtype;
use engine::ops::table::*;

use super::{Class, Fill, Input, Sample, input, truth, whole, wide, with, x};

#[derive(Clone)]
struct Call {
    batch: usize,
    heads: usize,
    kv_heads: usize,
    tq: usize,
    tk: usize,
    d: usize,
    mask: Option<Input>,
    lengths: Option<Input>,
    causal: f64,
    p: f64,
    layout: f64,
    window: f64,
    softcap: f64,
}

impl Call {
    fn sample(&self) -> Sample {
        let shape = |h: usize, t: usize| {
            if self.layout == 0.0 {
                [self.batch, h, t, self.d]
            } else {
                [self.batch, t, h, self.d]
            }
        };
        let kv = || Some(x(&shape(self.kv_heads, self.tk)));
        let inputs = [
            Some(x(&shape(self.heads, self.tq))),
            kv(),
            kv(),
            self.mask.clone(),
            self.lengths.clone(),
        ];
        let attrs = [0.6, self.causal, self.p, self.layout, self.window, self.softcap];
        with(&SDPA, inputs, &attrs)
    }
}

pub fn samples() -> Vec<Sample> {
    let mut list = Vec::new();
    let base = Call {
        batch: 2,
        heads: 2,
        kv_heads: 2,
        tq: 3,
        tk: 5,
        d: 4,
        mask: None,
        lengths: None,
        causal: 0.0,
        p: 0.0,
        layout: 0.0,
        window: 0.0,
        softcap: 0.0,
    };
    for layout in [0.0, 1.0] {
        let base = Call { layout, ..base.clone() };
        for causal in [0.0, 1.0, 2.0] {
            let base = Call { causal, ..base.clone() };
            let shapes = [
                base.clone(),
                Call {
                    tq: 6,
                    tk: 6,
                    d: 3,
                    ..base.clone()
                },
                Call {
                    tq: 1,
                    tk: 9,
                    ..base.clone()
                },
            ];
            let more = [
                Call {
                    heads: 4,
                    kv_heads: 2,
                    ..base.clone()
                },
                Call {
                    heads: 3,
                    kv_heads: 1,
                    tq: 5,
                    ..base.clone()
                },
                Call {
                    batch: 1,
                    tq: 33,
                    tk: 37,
                    d: 17,
                    ..base.clone()
                },
                Call {
                    tq: 6,
                    tk: 2,
                    ..base.clone()
                },
                Call { p: 0.2, ..base.clone() },
                Call {
                    window: 2.0,
                    ..base.clone()
                },
                Call {
                    softcap: 0.8,
                    ..base.clone()
                },
                Call {
                    window: 3.0,
                    softcap: 0.8,
                    heads: 4,
                    tq: 7,
                    tk: 7,
                    lengths: Some(whole(&[2], &[6, 7])),
                    ..base.clone()
                },
                Call {
                    p: 0.2,
                    heads: 4,
                    tq: 7,
                    tk: 7,
                    ..base.clone()
                },
                Call {
                    lengths: Some(whole(&[2], &[2, 5])),
                    ..base.clone()
                },
                Call {
                    lengths: Some(whole(&[2], &[0, 4])),
                    ..base.clone()
                },
            ];
            list.extend(shapes.iter().chain(&more).map(Call::sample));
            for mask in masks() {
                list.push(
                    Call {
                        mask: Some(mask),
                        ..base.clone()
                    }
                    .sample(),
                );
            }
        }
        list.push(
            Call {
                batch: 0,
                ..base.clone()
            }
            .sample(),
        );
        list.push(Call { tk: 0, ..base.clone() }.sample());
        list.push(
            Call {
                p: 0.1,
                mask: Some(truth(&[2, 1, 1, 5])),
                lengths: Some(whole(&[2], &[5, 3])),
                causal: 2.0,
                ..base.clone()
            }
            .sample(),
        );
        // Above the sizes of a tile and of threads.
        let large = Call {
            batch: 2,
            heads: 4,
            kv_heads: 2,
            tq: 130,
            tk: 141,
            d: 16,
            causal: 2.0,
            p: 0.1,
            ..base.clone()
        };
        list.push(large.sample().kinked().slack(30.0));
        list.push(
            Call {
                window: 70.0,
                softcap: 0.8,
                ..large.clone()
            }
            .sample()
            .kinked()
            .slack(30.0),
        );
        list.push(
            Call {
                p: 0.0,
                causal: 1.0,
                ..large
            }
            .sample()
            .kinked()
            .slack(30.0),
        );
    }
    list
}

/// Packed attention: sequences of one token and more, an empty one, some with fewer queries than keys.
pub fn packed_samples() -> Vec<Sample> {
    let mut list = Vec::new();
    let apart: [(&[f64], &[f64]); 6] = [
        (&[0.0, 3.0], &[0.0, 3.0]),
        (&[0.0, 3.0, 4.0, 8.0], &[0.0, 3.0, 4.0, 8.0]),
        (&[0.0, 2.0, 2.0, 5.0], &[0.0, 2.0, 2.0, 5.0]),
        (&[0.0, 1.0, 4.0], &[0.0, 4.0, 9.0]),
        (&[0.0, 0.0, 2.0], &[0.0, 3.0, 3.0]),
        (&[0.0], &[0.0]),
    ];
    for (queries, keys) in apart {
        for causal in [0.0, 1.0, 2.0] {
            for (heads, kv_heads, p, window, softcap) in
                [(2, 2, 0.0, 0.0, 0.0), (4, 2, 0.0, 2.0, 0.8), (3, 1, 0.2, 0.0, 0.0)]
            {
                let rows = |offsets: &[f64]| offsets[offsets.len() - 1] as usize;
                let kv = || Some(x(&[1, rows(keys), kv_heads, 4]));
                let inputs = [Some(x(&[1, rows(queries), heads, 4])), kv(), kv()];
                let mut attrs = vec![queries.len() as f64];
                attrs.extend(queries);
                attrs.push(keys.len() as f64);
                attrs.extend(keys);
                attrs.extend([0.6, causal, p, window, softcap]);
                list.push(with(&SDPA_PACKED, inputs, &attrs));
            }
        }
    }
    list
}

/// Broadcast in every way; the last hides every key of some queries.
fn masks() -> Vec<Input> {
    let nothing: Vec<f64> = [0.0; 5]
        .into_iter()
        .chain([1.0; 5])
        .chain([0.0, 1.0, 0.0, 1.0, 0.0])
        .collect();
    vec![
        truth(&[2, 2, 3, 5]),
        truth(&[2, 1, 3, 5]),
        truth(&[1, 2, 1, 5]),
        truth(&[3, 5]),
        truth(&[5]),
        wide(&[2, 1, 3, 5]).frozen(),
        wide(&[5])
            .fill(Fill::Exact(vec![0.0, f64::NEG_INFINITY, 0.5, 0.0, f64::NEG_INFINITY]))
            .frozen(),
        input(Class::Of(Dtype::Bool), &[3, 5]).fill(Fill::Exact(nothing)),
    ]
}
