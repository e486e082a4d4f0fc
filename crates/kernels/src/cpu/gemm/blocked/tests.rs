//! Blocked products against the reference: every size of tile, layout, precision and start.

use super::*;
use crate::cpu::gemm::{GemmDims, GemmOperands, GemmOutput};
use crate::half_bits::{f32_to_bf16, f32_to_f16};
use crate::testing::{close, each_isa, same_for_any_thread_count, values, wide};
use crate::{isa, reference};

/// B in bf16, and A rounded to it.
const ROUNDING: usize = 3;

/// A factor in memory: (lines, k) when `along_k`, else (k, lines); with gaps where `step` is 2.
struct Owned {
    f32: Vec<f32>,
    bf16: Vec<half::bf16>,
    f16: Vec<half::f16>,
    strides: (usize, usize),
}

impl Owned {
    fn new(lines: usize, k: usize, along_k: bool, step: usize, seed: u64) -> Self {
        let f32 = values::<f32>(lines * k * step, seed);
        Owned {
            bf16: f32.iter().map(|&x| f32_to_bf16(x)).collect(),
            f16: f32.iter().map(|&x| f32_to_f16(x)).collect(),
            strides: if along_k {
                (k * step, step)
            } else {
                (step, lines * step)
            },
            f32,
        }
    }

    /// As f32, bf16 or f16, and the same numbers in f64.
    fn factor(&self, precision: usize) -> (Factor, Vec<f64>) {
        let (line, k) = self.strides;
        let (numbers, wide) = match precision {
            0 => (Numbers::F32(self.f32.as_ptr()), wide(&self.f32)),
            1 | ROUNDING => {
                let numbers = self.bf16.iter().map(|x| x.to_f64()).collect();
                (Numbers::Bf16(self.bf16.as_ptr()), numbers)
            }
            _ => {
                let numbers = self.f16.iter().map(|x| x.to_f64()).collect();
                (Numbers::F16(self.f16.as_ptr()), numbers)
            }
        };
        (Factor { numbers, line, k }, wide)
    }
}

/// C of a product whose sum continues over a second pair of factors, and the result of the reference.
fn both(sizes: (usize, usize, usize, usize), layout: usize, precision: usize, start: usize) -> (Vec<f32>, Vec<f64>) {
    let (m, k, _, n) = sizes;
    // SAFETY: the factors own what their strides name, and C is owned.
    both_by(sizes, layout, precision, start, &|product| unsafe {
        product.run(m * n * k > 100_000)
    })
}

/// The same, computed by `run`.
fn both_by(
    (m, k, more_k, n): (usize, usize, usize, usize),
    layout: usize,
    precision: usize,
    start: usize,
    run: &dyn Fn(&Blocked),
) -> (Vec<f32>, Vec<f64>) {
    let (along_a, along_b) = (layout & 1 == 0, layout & 2 == 0);
    let step = if layout & 4 == 4 { 2 } else { 1 };
    let a = [Owned::new(m, k, along_a, step, 1), Owned::new(m, more_k, true, 1, 2)];
    let b = [Owned::new(n, k, along_b, step, 3), Owned::new(n, more_k, false, 1, 4)];
    let (mut a, b) = (
        [a[0].factor(0), a[1].factor(0)].map(|f| (f, &a)),
        [b[0].factor(precision), b[1].factor(0)].map(|f| (f, &b)),
    );
    if precision == ROUNDING && isa::has_bf16_products() {
        let rounded = |x: &mut f64| *x = f32_to_bf16(*x as f32).to_f64();
        a[0].0.1.iter_mut().for_each(rounded);
    }
    let (c_rs, bias) = (n + 5, values::<f32>(n, 6));
    let mut c = values::<f32>(m * c_rs, 5);
    let mut want = wide(&c);
    let beta = [0.0, 1.0, 1.5][start];
    for i in 0..m {
        for (j, &bias) in bias.iter().enumerate() {
            let at = i * c_rs + j;
            if start == 1 {
                want[at] = f64::from(bias);
            }
            if start < 2 {
                c[at] = f32::NAN; // which must not be read
            }
        }
    }
    for (pair, k) in [(0, k), (1, more_k)] {
        let (((fa, a), _), ((fb, b), _)) = (&a[pair], &b[pair]);
        let beta = if pair == 0 { beta } else { 1.0 };
        let operands = GemmOperands {
            a: &a[..],
            a_strides: (fa.line as isize, fa.k as isize),
            b,
            b_strides: (fb.k as isize, fb.line as isize),
            alpha: 0.5,
            beta,
        };
        let output = GemmOutput {
            c: &mut want,
            row_stride: c_rs,
        };
        reference::gemm::gemm(GemmDims { m, k, n }, operands, output);
    }
    let product = Blocked {
        m,
        n,
        k,
        more_k,
        a: [a[0].0.0, a[1].0.0],
        b: [b[0].0.0, b[1].0.0],
        rounds_a: precision == ROUNDING,
        alpha: 0.5,
        start: match start {
            0 => Start::Zero,
            1 => Start::Bias(bias.as_ptr()),
            _ => Start::Scaled(1.5),
        },
        c: c.as_mut_ptr(),
        c_rs,
        after: None,
    };
    run(&product);
    (c, want)
}

fn meets_reference(sizes: (usize, usize, usize, usize), layout: usize, precision: usize, start: usize) {
    let (got, want) = both(sizes, layout, precision, start);
    let depth = 1.0 + (sizes.1 + sizes.2) as f64 / 256.0;
    let name = format!("{sizes:?} layout {layout} precision {precision} start {start}");
    close(&got, &want, 2e-5 * depth, &name);
}

fn each_own(mut f: impl FnMut(&Kernel)) {
    each_isa(|_| {
        if let Some(kernel) = kernel() {
            f(kernel);
            // Once more as on a CPU without AMX.
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            if isa::has_amx() {
                isa::amx::WANTED.store(false, std::sync::atomic::Ordering::Relaxed);
                f(kernel);
                isa::amx::WANTED.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
    });
}

#[test]
fn every_size_of_tile_layout_precision_and_start_meets_the_reference() {
    each_own(|kernel| {
        for m in 1..=kernel.mr + 1 {
            for n in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40] {
                meets_reference((m, 1 + (m * n) % 37, (m + n) % 3, n), (m + n) % 8, n % 4, m % 3);
            }
        }
        for layout in 0..8 {
            for precision in 0..=ROUNDING {
                for start in 0..3 {
                    meets_reference((37, 67, 5, 71), layout, precision, start);
                }
            }
        }
        meets_reference((20, 0, 0, 33), 0, 0, 1);
        meets_reference((20, 0, 3, 33), 0, 0, 2);
        meets_reference((20, 0, 3, 33), 2, ROUNDING, 2);
        meets_reference((20, 1, 0, 33), 2, ROUNDING, 1);
        meets_reference((0, 3, 3, 33), 0, 0, 2);
    });
}

#[test]
fn several_blocks_and_depths_meet_the_reference() {
    each_own(|kernel| {
        // More than SCRATCH_UNITS on both sides, several tasks, and the second factors after the last depth.
        meets_reference((300, 2 * kernel.kc + 3, 8, 1100), 2, 1, 2);
        meets_reference((3, 2 * kernel.kc + 1, 0, 2100), 0, 0, 1);
        meets_reference((1500, kernel.kc + 9, 0, 40), 1, 0, 0);
        // Three depths of pairs, the last of which ends with half a pair.
        meets_reference((300, 4 * kernel.kc + 3, 8, 700), 2, ROUNDING, 2);
        meets_reference((90, 4 * kernel.kc + 1, 3, 1100), 0, ROUNDING, 0);
    });
}

#[test]
fn by_columns_and_by_blocks_are_the_same_bits() {
    each_own(|kernel| {
        for (sizes, precision) in [
            ((37, 67, 5, 171), 0),
            ((130, 2 * kernel.kc + 3, 8, 1500), 1),
            ((130, 4 * kernel.kc + 3, 8, 1500), ROUNDING),
        ] {
            let kernel = match precision {
                ROUNDING => bf16_kernel().unwrap_or(kernel),
                _ => kernel,
            };
            let of = |run: &dyn Fn(&Blocked, Cut)| {
                both_by(sizes, 2, precision, 1, &|product| {
                    run(product, Cut::new(product, kernel))
                })
                .0
            };
            // SAFETY: the factors own what their strides name, and C is owned.
            let columns = of(&|product, cut| unsafe { product.run_by_columns(kernel, cut, true) });
            for whole in [true, false] {
                // SAFETY: as above.
                let blocks = of(&|product, cut| unsafe { product.run_by_blocks(kernel, cut, 112, whole, true) });
                assert!(
                    columns.iter().zip(&blocks).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{sizes:?} precision {precision} whole {whole}"
                );
            }
        }
    });
}

#[test]
fn the_bits_of_a_row_depend_on_its_values_alone() {
    each_own(|kernel| {
        for precision in [2, ROUNDING] {
            let run = |m, start| both((m, 1001, 4, 70), 0, precision, start).0;
            let whole = run(2 * kernel.mr + 3, 2);
            same_for_any_thread_count(|| {
                let repeated = run(2 * kernel.mr + 3, 2);
                assert!(repeated == whole);
                repeated
            });
            // The same rows in a taller product: the factors of rows are drawn in order, so the first ones are the same.
            let (taller, first) = (run(3 * kernel.mr, 0), run(5, 0));
            assert!((0..5).all(|i| taller[i * 75..][..70] == first[i * 75..][..70]));
        }
    });
}

#[test]
fn pairs_hold_what_plain_code_rounds() {
    let specials = [
        f32::NAN,
        -f32::NAN,
        f32::INFINITY,
        f32::MAX,
        f32::MIN_POSITIVE / 3.0,
        -0.0,
    ];
    let mut numbers = values::<f32>(70 * 37, 1);
    (numbers.iter_mut().step_by(7).zip(specials.iter().cycle())).for_each(|(x, &special)| *x = special);
    each_own(|_| {
        let Some(kernel) = bf16_kernel() else {
            return;
        };
        for (line, k, lines_in_all, k_in_all) in
            [(37, 1, 70, 37), (1, 70, 70, 37), (1, 37, 37, 70), (70, 1, 37, 70_usize)]
        {
            let factor = Factor {
                numbers: Numbers::F32(numbers.as_ptr()),
                line,
                k,
            };
            let (first, k0, k_len) = (2, 3, k_in_all - 4);
            let (width, count) = (kernel.nr, lines_in_all - 3);
            let panel = width * k_len.div_ceil(2);
            let lines = Lines {
                first,
                count,
                k0,
                k_len,
                panel,
            };
            let mut out = vec![f32::NAN; panel * count.div_ceil(width)];
            // SAFETY: the lines are inside the factor, and `out` is large enough for the panels.
            unsafe { kernel.pack_b[0](&factor, lines, out.as_mut_ptr()) };
            let bits = |i: usize, step: usize| {
                let at = |k_at: usize| (first + i) * line + (k0 + k_at) * k;
                let bits = |k_at: usize| {
                    if k_at < k_len {
                        f32_to_bf16(numbers[at(k_at)]).to_bits()
                    } else {
                        0
                    }
                };
                u32::from(bits(2 * step)) | u32::from(bits(2 * step + 1)) << 16
            };
            for (i, step) in (0..count).flat_map(|i| (0..k_len.div_ceil(2)).map(move |step| (i, step))) {
                let got = out[i / width * panel + step * width + i % width].to_bits();
                assert_eq!(got, bits(i, step), "line {i}, step {step}, strides ({line}, {k})");
            }
        }
    });
}
