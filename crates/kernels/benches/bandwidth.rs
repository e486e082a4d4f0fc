//! Memory-bound kernels in GB/s (bytes read and written per second), best of several runs:
//! `cargo bench -p loralib-kernels --bench bandwidth [-- <part of a name>]`.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its result")]

mod peak;

use kernels::cpu::cross_entropy::{
    CrossEntropyDims, CrossEntropyOperands, CrossEntropyOutputs, Labels, LogSums, cross_entropy, cross_entropy_backward,
};
use kernels::cpu::elementwise::{BinaryOp, Operand, binary};
use kernels::cpu::embedding::{EmbeddingDims, EmbeddingOptions, embedding, embedding_backward};
use kernels::cpu::layer_norm::{
    LayerNormGradients, LayerNormOperands, LayerNormOutputs, LayerNormSaved, NormDims, layer_norm, layer_norm_backward,
};
use kernels::cpu::optimizer::{AdamArgs, adamw};
use kernels::cpu::reduce::{AxisDims, ReduceOp, argmax, reduce, sum_squares};
use kernels::cpu::rms_norm::{RmsNormOperands, RmsNormOutputs, rms_norm};
use kernels::cpu::unary::{UnaryOp, unary, unary_backward};
use kernels::cpu::{convert, dropout, softmax, strided};
use kernels::{Result, WeightRef};
use std::time::Instant;

const ROWS: usize = 2048;
const N: usize = 768;
const LEN: usize = ROWS * N;
const CLASSES: usize = 50_257;

fn main() {
    let filter = std::env::args()
        .nth(1)
        .filter(|arg| !arg.starts_with("--"))
        .unwrap_or_default();
    let peak = peak::Peak::measure();
    println!("f32, ({ROWS}, {N}); data in a cache may be read faster than memory");
    let x: Vec<f32> = (0..LEN).map(|i| (i % 1013) as f32 / 300.0 - 1.7).collect();
    let mut y = vec![0f32; LEN];
    let bench = |name: &str, bytes: usize, f: &mut dyn FnMut() -> Result<()>| {
        if name.contains(&filter) {
            report(name, bytes, peak, f);
        }
    };
    let (one, two, three) = (4 * LEN, 8 * LEN, 12 * LEN);

    bench("copy (memcpy, one thread)", two, &mut || {
        y.copy_from_slice(&x);
        Ok(())
    });
    for op in [
        UnaryOp::Exp,
        UnaryOp::Log,
        UnaryOp::Tanh,
        UnaryOp::Silu,
        UnaryOp::GeluErf,
        UnaryOp::GeluTanh,
    ] {
        bench(&format!("unary {op:?}"), two, &mut || unary(op, &x, &mut y));
    }
    let dy = x.clone();
    bench("unary_backward GeluTanh", three, &mut || {
        unary_backward(UnaryOp::GeluTanh, &x, &dy, &mut y)
    });
    let (full, row, shape) = ([N, 1], [0, 1], [ROWS, N]);
    let whole = Operand::new(&x, &full);
    bench("binary Add, same shape", three, &mut || {
        binary(BinaryOp::Add, &shape, whole, Operand::new(&dy, &full), &mut y)
    });
    bench("binary Add, row", two, &mut || {
        binary(BinaryOp::Add, &shape, whole, Operand::new(&dy[..N], &row), &mut y)
    });
    bench("binary Mul, column", two, &mut || {
        binary(BinaryOp::Mul, &shape, whole, Operand::new(&dy[..ROWS], &[1, 0]), &mut y)
    });
    bench("permute 2-D", two, &mut || {
        strided::gather_strided(&x, 0, &[1, N as isize], &[N, ROWS], &mut y)
    });
    let heads = [ROWS as isize / 4 * N as isize, 64, N as isize, 1];
    bench("permute (B, T, H, D)", two, &mut || {
        strided::gather_strided(&x, 0, &heads, &[4, 12, ROWS / 4, 64], &mut y)
    });

    let mut rows = vec![0f32; ROWS];
    let mut columns = vec![0f32; N];
    let of_rows = AxisDims {
        outer: ROWS,
        n: N,
        inner: 1,
    };
    let of_columns = AxisDims {
        outer: 1,
        n: ROWS,
        inner: N,
    };
    for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::LogSumExp] {
        bench(&format!("reduce {op:?} of rows"), one, &mut || {
            reduce(op, of_rows, &x, &mut rows)
        });
        bench(&format!("reduce {op:?} of columns"), one, &mut || {
            reduce(op, of_columns, &x, &mut columns)
        });
    }
    bench("sum_squares", one, &mut || {
        std::hint::black_box(sum_squares(&x));
        Ok(())
    });
    let mut index = vec![0i64; ROWS];
    bench("argmax of rows", one, &mut || argmax(of_rows, &x, &mut index));

    bench("softmax", two, &mut || softmax::softmax(&x, ROWS, N, &mut y));
    let mut rstd = vec![1f32; ROWS];
    let w = vec![1f32; N];
    let norm = NormDims { rows: ROWS, n: N };
    bench("layer_norm", two, &mut || {
        let operands = LayerNormOperands {
            x: &x,
            w: Some(&w),
            b: Some(&w),
        };
        let outputs = LayerNormOutputs {
            y: &mut y,
            mean: &mut rows,
            rstd: &mut rstd,
        };
        layer_norm(norm, operands, 1e-5, outputs)
    });
    let mut dw = vec![0f32; N];
    bench("layer_norm_backward", three, &mut || {
        let saved = LayerNormSaved {
            x: &x,
            w: Some(&w),
            mean: &rows,
            rstd: &rstd,
        };
        let gradients = LayerNormGradients {
            dx: Some(&mut y),
            dw: Some(&mut dw),
            db: Some(&mut columns),
        };
        layer_norm_backward(norm, saved, &dy, gradients)
    });
    bench("rms_norm", two, &mut || {
        let outputs = RmsNormOutputs {
            y: &mut y,
            rstd: &mut rstd,
        };
        rms_norm(norm, RmsNormOperands { x: &x, w: Some(&w) }, 1e-5, outputs)
    });
    bench("dropout", two, &mut || dropout::dropout(&x, 0.1, 1, 0, &mut y));
    bench("fill_normal", one, &mut || {
        dropout::fill_normal(1, 0, 0.0, 1.0, &mut y);
        Ok(())
    });

    let ids: Vec<i64> = (0..ROWS as i64).map(|i| i * 7 % 1000).collect();
    let table = EmbeddingDims { num: ROWS, dim: N };
    bench("embedding", two, &mut || {
        embedding(table, WeightRef::Full(&x), &ids, &mut y)
    });
    bench("embedding_backward", two, &mut || {
        embedding_backward(table, &ids, &dy, EmbeddingOptions::default(), &mut y)
    });

    let rows = LEN / CLASSES;
    let dims = CrossEntropyDims { rows, classes: CLASSES };
    let operands = CrossEntropyOperands {
        logits: &x[..rows * CLASSES],
        class_weight: None,
    };
    let labels = Labels {
        target: &ids[..rows],
        ignore_index: -100,
        smoothing: 0.0,
    };
    let [mut loss, mut max, mut ln_sum] = [(); 3].map(|()| vec![0f32; rows]);
    bench("cross_entropy", 4 * rows * CLASSES, &mut || {
        let outputs = CrossEntropyOutputs {
            loss: &mut loss,
            max: &mut max,
            ln_sum: &mut ln_sum,
        };
        cross_entropy(dims, operands, labels, outputs)
    });
    let dlogits = &mut y[..rows * CLASSES];
    bench("cross_entropy_backward", 8 * rows * CLASSES, &mut || {
        let sums = LogSums {
            max: &max,
            ln_sum: &ln_sum,
        };
        cross_entropy_backward(dims, operands, labels, sums, &w[..rows], dlogits)
    });

    let (mut m, mut v) = (vec![0f32; LEN], vec![0f32; LEN]);
    let args = AdamArgs {
        lr: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        bias1: 0.0,
        bias2: 0.0,
        decoupled: true,
        maximize: false,
    };
    bench("adamw", 28 * LEN, &mut || {
        adamw(&mut y, &dy, &mut m, &mut v, None, args.at_step(1))
    });
    let mut half = vec![half::bf16::ZERO; LEN];
    bench("narrow_bf16", 6 * LEN, &mut || convert::narrow_bf16(&x, &mut half));
    bench("widen_bf16", 6 * LEN, &mut || convert::widen_bf16(&half, &mut y));
}

/// Best of at least 20 runs and 0.2 seconds.
fn report(name: &str, bytes: usize, peak: peak::Peak, f: &mut dyn FnMut() -> Result<()>) {
    let (mut best, mut runs) = (f64::INFINITY, 0);
    let begin = Instant::now();
    while runs < 20 || begin.elapsed().as_secs_f64() < 0.2 {
        let start = Instant::now();
        f().expect("the shapes above fit");
        best = best.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    println!(
        "{name:<28} {:8.1} GB/s ({:3.0} % of reading) {:9.1} us",
        bytes as f64 / best / 1e9,
        bytes as f64 / best / 1e7 / peak.read_gb,
        best * 1e6
    );
}
