//! GFLOP/s and GB/s of the products: `cargo bench -p loralib-kernels --bench gemm`. Prints the instruction set and threads.
#![allow(clippy::print_stdout, reason = "a benchmark reports on stdout")]
#![allow(missing_docs, reason = "not a library")]

mod calls;
mod peak;

use ::gemm as gemm_crate;
use calls::{best, numbers};
use kernels::WeightRef;
use kernels::cpu::dropout::Dropout;
use kernels::cpu::linear::{Layout, LinearDims, LinearWeight, linear, linear_dw, linear_dx};
use kernels::cpu::lora::{
    Block, LoraDims, LoraFactors, LoraGradients, LoraOperands, LoraOutputs, WeightMut, lora_linear,
    lora_linear_backward, lora_merge, lora_update, lora_update_backward,
};

/// A weight in f32.
fn full(w: &[f32], layout: Layout) -> LinearWeight<'_, f32> {
    LinearWeight {
        values: WeightRef::Full(w),
        layout,
    }
}

fn main() {
    let part = std::env::args()
        .skip(1)
        .find(|arg| !arg.starts_with("--"))
        .unwrap_or_default();
    let peak = peak::Peak::measure();
    for (name, run) in [
        ("products", products as fn(peak::Peak)),
        ("few_rows", few_rows),
        ("token", token),
        ("lora", lora),
    ] {
        if name.contains(&part) {
            rayon::ThreadPoolBuilder::new()
                .build()
                .expect("threads")
                .install(|| run(peak));
        }
    }
}

/// Products of a layer: bf16 weights that round the activations, then forward, the gradients of input and weight, half weights, and
/// forward by the gemm crate.
fn products(peak: peak::Peak) {
    println!("M x K x N: GFLOP/s (share of the multiply-add peak)");
    for (m, k, n) in [
        (2048, 2048, 2048),
        (1024, 768, 768),
        (1024, 768, 2304),
        (1024, 768, 3072),
        (1024, 3072, 768),
        (1024, 576, 1536),
        (128, 4096, 4096),
        (128, 768, 2304),
        (128, 3072, 768),
        (256, 768, 768),
        (1024, 768, 50257),
        (32, 768, 768),
        (64, 768, 3072),
    ] {
        let (x, w, dy) = (numbers(m * k), numbers(k * n), numbers(m * n));
        let (mut y, mut dx, mut dw) = (vec![0f32; m * n], vec![0f32; m * k], vec![0f32; k * n]);
        let bf16: Vec<_> = w.iter().map(|&w| half::bf16::from_f32(w)).collect();
        let f16: Vec<_> = w.iter().map(|&w| half::f16::from_f32(w)).collect();
        let dims = LinearDims { m, k, n };
        let weight = |values, layout| LinearWeight { values, layout };
        let mut text = format!("{m} x {k} x {n}:");
        let mut add = |name: &str, roof: f64, call: &mut dyn FnMut()| {
            let rate = 2e-9 * (m * k * n) as f64 / best(call);
            text += &format!("  {name} {rate:.0} ({:.0} %)", 100.0 * rate / roof);
        };
        let rounding = WeightRef::Bf16Rounding(&bf16);
        for (name, layout) in [("rounding y (out, in)", Layout::OutIn), ("y (in, out)", Layout::InOut)] {
            add(name, peak.bf16_gflops, &mut || {
                linear(dims, &x, weight(rounding, layout), None, &mut y).expect("fits")
            });
        }
        add("dx", peak.bf16_gflops, &mut || {
            linear_dx(dims, &dy, weight(rounding, Layout::OutIn), &mut dx).expect("fits")
        });
        let mut row = |name: &str, call: &mut dyn FnMut()| add(name, peak.gflops, call);
        row("y (out, in)", &mut || {
            linear(dims, &x, full(&w, Layout::OutIn), None, &mut y).expect("fits")
        });
        row("y (in, out)", &mut || {
            linear(dims, &x, full(&w, Layout::InOut), None, &mut y).expect("fits")
        });
        row("dx", &mut || {
            linear_dx(dims, &dy, full(&w, Layout::OutIn), &mut dx).expect("fits")
        });
        row("dw", &mut || {
            linear_dw(dims, &dy, &x, Layout::OutIn, &mut dw).expect("fits")
        });
        row("bf16 y", &mut || {
            let bf16 = weight(WeightRef::Bf16(&bf16), Layout::OutIn);
            linear(dims, &x, bf16, None, &mut y).expect("fits")
        });
        row("f16 y", &mut || {
            let f16 = weight(WeightRef::F16(&f16), Layout::OutIn);
            linear(dims, &x, f16, None, &mut y).expect("fits")
        });
        row("gemm crate y (out, in)", &mut || {
            by_crate(&x, (k, 1), &w, (1, k), (m, k, n), &mut y)
        });
        row("y (in, out)", &mut || {
            by_crate(&x, (k, 1), &w, (n, 1), (m, k, n), &mut y)
        });
        println!("{text}");
    }
}

/// The product with which our kernels are compared.
fn by_crate(
    a: &[f32],
    a_strides: (usize, usize),
    b: &[f32],
    b_strides: (usize, usize),
    (m, k, n): (usize, usize, usize),
    c: &mut [f32],
) {
    let signed = |(rs, cs): (usize, usize)| (rs as isize, cs as isize);
    let ((a_rs, a_cs), (b_rs, b_cs)) = (signed(a_strides), signed(b_strides));
    let parallelism = gemm_crate::Parallelism::Rayon(rayon::current_num_threads());
    // SAFETY: the slices hold the matrices that sizes and strides describe.
    unsafe {
        gemm_crate::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            a_cs,
            a_rs,
            b.as_ptr(),
            b_cs,
            b_rs,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Values in the weights of [`few_rows`]: more than the caches hold.
const WEIGHTS: usize = 64 << 20;

/// Few rows: the reading of the weight is the bound, then arithmetic.
fn few_rows(peak: peak::Peak) {
    println!("few rows: GB/s of the weight (share of reading), GFLOP/s (share of the multiply-add peak)");
    for (k, n) in [(768, 768), (768, 3072), (3072, 768), (768, 50257)] {
        // As in a model, each call reads another weight, which is in no cache.
        let copies = (WEIGHTS / (k * n)).max(1);
        let w = numbers(copies * k * n);
        let half: Vec<_> = w.iter().map(|&w| half::bf16::from_f32(w)).collect();
        let turn = std::cell::Cell::new(0);
        let next = || {
            turn.set((turn.get() + 1) % copies);
            turn.get() * k * n..(turn.get() + 1) * k * n
        };
        for m in [1, 4, 16] {
            let (x, mut y) = (numbers(m * k), vec![0f32; m * n]);
            let mut text = format!("{m} rows, {k}x{n}:");
            for layout in [Layout::OutIn, Layout::InOut] {
                for (name, size) in [("f32", 4), ("bf16", 2)] {
                    let s = best(|| {
                        let values = match size {
                            4 => WeightRef::Full(&w[next()]),
                            _ => WeightRef::Bf16(&half[next()]),
                        };
                        let weight = LinearWeight { values, layout };
                        linear(LinearDims { m, k, n }, &x, weight, None, &mut y).expect("fits");
                    });
                    let (gb, gflop) = (1e-9 * (k * n * size) as f64, 2e-9 * (m * k * n) as f64);
                    text += &format!(
                        "  {layout:?} {name} {:.1} ({:.0} %) {:.0} ({:.0} %)",
                        gb / s,
                        100.0 * gb / s / peak.read_gb,
                        gflop / s,
                        100.0 * gflop / s / peak.gflops
                    );
                }
            }
            println!("{text}");
        }
    }
}

/// The products of a token of GPT-2 small and of SmolLM2-135M, one after the other: the median of 100 tokens, where the rows above are the
/// best times of single products.
fn token(peak: peak::Peak) {
    println!("a token's products: GB/s of the weights (share of reading)");
    let gpt2 = [(768, 2304), (768, 768), (768, 3072), (3072, 768)];
    let smol = [(576, 960), (576, 576), (576, 3072), (1536, 576)];
    for (name, layout, layers, shapes) in [("gpt2", Layout::InOut, 12, gpt2), ("smol", Layout::OutIn, 30, smol)] {
        let per_layer: usize = shapes.iter().map(|(k, n)| k * n).sum();
        let w = numbers(layers * per_layer);
        let half: Vec<_> = w.iter().map(|&w| half::bf16::from_f32(w)).collect();
        let x = numbers(16 * 3072);
        let mut y = vec![0f32; 16 * 3072];
        for m in [1, 10] {
            let mut text = format!("{name}, {m} rows:");
            for (kind, size) in [("f32", 4), ("bf16", 2)] {
                let mut times: Vec<f64> = (0..100)
                    .map(|_| {
                        let start = std::time::Instant::now();
                        let mut at = 0;
                        for (k, n) in std::iter::repeat_n(shapes, layers).flatten() {
                            let range = at..at + k * n;
                            at += k * n;
                            let values = match size {
                                4 => WeightRef::Full(&w[range]),
                                _ => WeightRef::Bf16(&half[range]),
                            };
                            let (dims, weight) = (LinearDims { m, k, n }, LinearWeight { values, layout });
                            linear(dims, &x[..m * k], weight, None, &mut y[..m * n]).expect("fits");
                        }
                        start.elapsed().as_secs_f64()
                    })
                    .collect();
                times.sort_by(f64::total_cmp);
                let gb = 1e-9 * (layers * per_layer * size) as f64 / times[50];
                text += &format!("  {kind} {gb:.1} ({:.0} %)", 100.0 * gb / peak.read_gb);
            }
            println!("{text}");
        }
    }
}

/// The cost of an unmerged adapter next to that of its layer.
fn lora(peak: peak::Peak) {
    layers(peak);
    let (k, n) = (768, 768);
    for (m, r) in [(8, 8), (1024, 8), (1024, 64)] {
        let (x, dy, a, b) = (numbers(m * k), numbers(m * n), numbers(r * k), numbers(n * r));
        let (mut y, mut dx, mut h) = (numbers(m * n), numbers(m * k), vec![0f32; m * r]);
        let (mut da, mut db) = (vec![0f32; r * k], vec![0f32; n * r]);
        let dims = LoraDims {
            m,
            k,
            n,
            r,
            blocks: &[Block { start: 0, len: n }],
        };
        let factors = LoraFactors {
            a: &a,
            b: &b,
            scaling: 2.0,
        };
        for dropout in [
            None,
            Some(Dropout {
                p: 0.1,
                seed: 1,
                counter: 0,
            }),
        ] {
            let operands = LoraOperands {
                x: &x,
                factors,
                dropout,
            };
            let forward = best(|| {
                let outputs = LoraOutputs { h: &mut h, y: &mut y };
                lora_update(dims, operands, outputs).expect("fits");
            });
            let backward = best(|| {
                let gradients = LoraGradients {
                    dx: Some(&mut dx),
                    da: Some(&mut da),
                    db: Some(&mut db),
                };
                lora_update_backward(dims, operands, &h, &dy, gradients).expect("fits");
            });
            let (f, b) = (4e-9 * (m * r * k) as f64, 8e-9 * (m * r * k) as f64);
            let drop = dropout.is_some();
            println!(
                "lora {m}x{k}x{n} r {r} dropout {drop}: forward {:.0} us {:.0} GFLOP/s ({:.0} %), backward {:.0} us {:.0} GFLOP/s ({:.0} %)",
                forward * 1e6,
                f / forward,
                100.0 * f / forward / peak.gflops,
                backward * 1e6,
                b / backward,
                100.0 * b / backward / peak.gflops
            );
        }
        let (w, mut out) = (numbers(n * k), vec![0f32; n * k]);
        let s = best(|| {
            lora_merge(dims, factors, full(&w, Layout::OutIn), WeightMut::Full(&mut out)).expect("fits");
        });
        println!(
            "merge {n}x{k} r {r}: {:.0} us, {:.1} GB/s ({:.0} % of reading)",
            s * 1e6,
            8e-9 * (n * k) as f64 / s,
            8e-7 * (n * k) as f64 / s / peak.read_gb
        );
    }
}

/// Forward and backward of a layer to its input, plain and with an unmerged adapter.
fn layers(peak: peak::Peak) {
    for (m, k, n, r) in [
        (8, 768, 768, 8),
        (1024, 768, 768, 8),
        (128, 4096, 4096, 16),
        (1024, 576, 1536, 8),
    ] {
        let (x, w, dy, a, b) = (
            numbers(m * k),
            numbers(k * n),
            numbers(m * n),
            numbers(r * k),
            numbers(n * r),
        );
        let (mut y, mut dx, mut h) = (vec![0f32; m * n], vec![0f32; m * k], vec![0f32; m * r]);
        let (mut da, mut db) = (vec![0f32; r * k], vec![0f32; n * r]);
        let dims = LoraDims {
            m,
            k,
            n,
            r,
            blocks: &[Block { start: 0, len: n }],
        };
        let operands = LoraOperands {
            x: &x,
            factors: LoraFactors {
                a: &a,
                b: &b,
                scaling: 2.0,
            },
            dropout: None,
        };
        let weight = full(&w, Layout::OutIn);
        let plain = best(|| {
            linear(dims.linear(), &x, weight, None, &mut y).expect("fits");
            linear_dx(dims.linear(), &dy, weight, &mut dx).expect("fits");
        });
        let forward = best(|| linear(dims.linear(), &x, weight, None, &mut y).expect("fits"));
        let mut lora_layer = |h: &mut [f32]| {
            let outputs = LoraOutputs { h, y: &mut y };
            lora_linear(dims, operands, weight, None, outputs).expect("fits");
        };
        let lora_forward = best(|| lora_layer(&mut h));
        let lora = best(|| {
            lora_layer(&mut h);
            let gradients = LoraGradients {
                dx: Some(&mut dx),
                da: Some(&mut da),
                db: Some(&mut db),
            };
            lora_linear_backward(dims, operands, weight, &h, &dy, gradients).expect("fits");
        });
        let rate = 4e-9 * (m * k * n) as f64 / plain;
        println!(
            "layer {m} x {k} x {n}, r {r}: forward + dx {:.3} ms, {rate:.0} GFLOP/s ({:.0} %); unmerged {:.2} x, forward alone {:.2} x",
            plain * 1e3,
            100.0 * rate / peak.gflops,
            lora / plain,
            lora_forward / forward
        );
    }
}
