//! Memory-bound kernels in GB/s (bytes read and written per second), best of several runs:
//! `cargo bench -p loralib-kernels --bench bandwidth [-- <part of a name>]`.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its result")]

mod peak;

use kernels::cpu::elementwise::{BinaryOp, binary};
use kernels::cpu::optimizer::{AdamArgs, adamw};
use kernels::cpu::reduce::{ReduceOp, argmax, reduce, sum_squares};
use kernels::cpu::unary::{UnaryOp, unary, unary_backward};
use kernels::cpu::{convert, cross_entropy, dropout, embedding, layer_norm, rms_norm, softmax, strided};
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
    println!("f32, ({ROWS}, {N}); what a cache holds may come faster than what is read from memory");
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
    bench("binary Add, same shape", three, &mut || {
        binary(BinaryOp::Add, &x, &full, &dy, &full, &shape, &mut y)
    });
    bench("binary Add, row", two, &mut || {
        binary(BinaryOp::Add, &x, &full, &dy[..N], &row, &shape, &mut y)
    });
    bench("binary Mul, column", two, &mut || {
        binary(BinaryOp::Mul, &x, &full, &dy[..ROWS], &[1, 0], &shape, &mut y)
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
    for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::LogSumExp] {
        bench(&format!("reduce {op:?} of rows"), one, &mut || {
            reduce(op, &x, ROWS, N, 1, &mut rows)
        });
        bench(&format!("reduce {op:?} of columns"), one, &mut || {
            reduce(op, &x, 1, ROWS, N, &mut columns)
        });
    }
    bench("sum_squares", one, &mut || {
        std::hint::black_box(sum_squares(&x));
        Ok(())
    });
    let mut index = vec![0i64; ROWS];
    bench("argmax of rows", one, &mut || argmax(&x, ROWS, N, 1, &mut index));

    bench("softmax", two, &mut || softmax::softmax(&x, ROWS, N, &mut y));
    let mut rstd = vec![1f32; ROWS];
    let w = vec![1f32; N];
    bench("layer_norm", two, &mut || {
        layer_norm::layer_norm(&x, Some(&w), Some(&w), ROWS, N, 1e-5, &mut y, &mut rows, &mut rstd)
    });
    let mut dw = vec![0f32; N];
    bench("layer_norm_backward", three, &mut || {
        let grads = (Some(&mut y[..]), Some(&mut dw[..]), Some(&mut columns[..]));
        layer_norm::layer_norm_backward(&dy, &x, Some(&w), &rows, &rstd, ROWS, N, grads.0, grads.1, grads.2)
    });
    bench("rms_norm", two, &mut || {
        rms_norm::rms_norm(&x, Some(&w), ROWS, N, 1e-5, &mut y, &mut rstd)
    });
    bench("dropout", two, &mut || dropout::dropout(&x, 0.1, 1, 0, &mut y));
    bench("fill_normal", one, &mut || {
        dropout::fill_normal(1, 0, 0.0, 1.0, &mut y);
        Ok(())
    });

    let ids: Vec<i64> = (0..ROWS as i64).map(|i| i * 7 % 1000).collect();
    bench("embedding", two, &mut || {
        embedding::embedding(WeightRef::Full(&x), N, &ids, &mut y)
    });
    bench("embedding_backward", two, &mut || {
        embedding::embedding_backward(&dy, &ids, N, ROWS, None, false, &mut y)
    });

    let rows = LEN / CLASSES;
    let (logits, targets) = (&x[..rows * CLASSES], &ids[..rows]);
    let (mut loss, mut lse) = (vec![0f32; rows], vec![0f32; rows]);
    bench("cross_entropy", 4 * rows * CLASSES, &mut || {
        cross_entropy::cross_entropy(logits, rows, CLASSES, targets, -100, 0.0, None, &mut loss, &mut lse)
    });
    let dlogits = &mut y[..rows * CLASSES];
    bench("cross_entropy_backward", 8 * rows * CLASSES, &mut || {
        let ones = &w[..rows];
        cross_entropy::cross_entropy_backward(ones, logits, &lse, rows, CLASSES, targets, -100, 0.0, None, dlogits)
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
