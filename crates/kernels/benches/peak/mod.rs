//! The peak of the machine: multiply-adds from registers, and bytes read from memory. Kernels are compared with both.
#![allow(dead_code, reason = "each bench uses the rates that it needs")]

use std::sync::Barrier;
use std::time::Instant;

use kernels::isa::{self, Isa};

/// The peak rates of the machine on all threads of the current pool.
#[derive(Clone, Copy)]
pub struct Peak {
    /// GFLOP/s of fused multiply-adds in f32 on the instruction set in use.
    pub gflops: f64,
    /// The same of pairs of bf16 that are added to f32; `gflops` without such instructions.
    pub bf16_gflops: f64,
    /// GB/s of reading from memory, not from a cache.
    pub read_gb: f64,
}

impl Peak {
    /// Measures for about a second.
    pub fn measure() -> Peak {
        let threads = rayon::current_num_threads();
        let one = fma(1, chains);
        let all = if threads > 1 { fma(threads, chains) } else { one };
        let [bf16_one, bf16_all] = if isa::has_bf16_products() {
            [1, threads].map(|threads| fma(threads, bf16_chains))
        } else {
            [one, all]
        };
        let peak = Peak {
            gflops: all,
            bf16_gflops: bf16_all,
            read_gb: read(),
        };
        println!(
            "isa {}, {threads} threads: multiply-add peak {all:.0} GFLOP/s (one thread {one:.0}), reading {:.1} GB/s",
            isa::current().name(),
            peak.read_gb
        );
        if isa::has_bf16_products() {
            println!("in bf16: {bf16_all:.0} GFLOP/s (one thread {bf16_one:.0})");
        }
        peak
    }
}

/// GFLOP/s of `threads` at once, the best of three.
fn fma(threads: usize, chains: fn(usize) -> f64) -> f64 {
    const STEPS: usize = 10_000_000;
    let barrier = Barrier::new(threads);
    let run = || {
        let flop = std::sync::Mutex::new((0.0, 0f64));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    barrier.wait();
                    let start = Instant::now();
                    let done = chains(STEPS);
                    let seconds = start.elapsed().as_secs_f64();
                    let mut total = flop.lock().expect("no thread panics");
                    *total = (total.0 + done, total.1.max(seconds));
                });
            }
        });
        let (flop, seconds) = flop.into_inner().expect("no thread panics");
        flop / seconds / 1e9
    };
    (0..3).map(|_| run()).fold(0.0, f64::max)
}

/// Twelve independent chains of multiply-adds; returns the number of operations.
fn chains(steps: usize) -> f64 {
    let lanes = match isa::current() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set in use is one that the CPU has.
        Isa::Avx512 => unsafe { x86::avx512(steps) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { x86::avx2(steps) },
        _ => plain(steps),
    };
    (steps * 12 * lanes * 2) as f64
}

/// The same of pairs of bf16.
fn bf16_chains(steps: usize) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if isa::has_bf16_products() {
        // SAFETY: the CPU has these instructions.
        let lanes = unsafe { x86::bf16(steps) };
        return (steps * 12 * lanes * 2) as f64;
    }
    chains(steps)
}

/// Four lanes, multiplied and added one after the other where there is no instruction for both.
fn plain(steps: usize) -> usize {
    let mut sums = [[1f32; 4]; 12];
    for _ in 0..steps {
        for sum in &mut sums {
            for x in sum {
                *x = if cfg!(target_arch = "aarch64") {
                    x.mul_add(0.999_999, 1e-9)
                } else {
                    *x * 0.999_999 + 1e-9
                };
            }
        }
    }
    std::hint::black_box(sums);
    4
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f")]
    pub fn avx512(steps: usize) -> usize {
        let (x, y) = (_mm512_set1_ps(0.999_999), _mm512_set1_ps(1e-9));
        let mut sums = [_mm512_set1_ps(1.0); 12];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, x, y);
            }
        }
        std::hint::black_box(sums);
        16
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    pub fn bf16(steps: usize) -> usize {
        let (x, y) = (_mm512_set1_epi32(0x3f80_3f80), _mm512_set1_epi32(0x3380_3380)); // 1 and 2⁻²⁴, twice each
        // SAFETY: two types of the same 64 bytes, both of which hold any bits.
        let (x, y) = unsafe {
            (
                std::mem::transmute::<__m512i, __m512bh>(x),
                std::mem::transmute::<__m512i, __m512bh>(y),
            )
        };
        let mut sums = [_mm512_set1_ps(1.0); 12];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm512_dpbf16_ps(*sum, x, y);
            }
        }
        std::hint::black_box(sums);
        32
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn avx2(steps: usize) -> usize {
        let (x, y) = (_mm256_set1_ps(0.999_999), _mm256_set1_ps(1e-9));
        let mut sums = [_mm256_set1_ps(1.0); 12];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, x, y);
            }
        }
        std::hint::black_box(sums);
        8
    }
}

/// GB/s of summing 256 MiB, the best of five.
fn read() -> f64 {
    let numbers = vec![1u32; 64 << 20];
    let run = || {
        let start = Instant::now();
        let sum = std::sync::atomic::AtomicU32::new(0);
        kernels::par::for_rows(numbers.len(), 1 << 18, |range| {
            let part = isa::dispatch(
                #[inline(always)]
                || numbers[range].iter().fold(0u32, |sum, x| sum.wrapping_add(*x)),
            );
            sum.fetch_add(part, std::sync::atomic::Ordering::Relaxed);
        });
        std::hint::black_box(sum);
        size_of_val(&numbers[..]) as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    (0..5).map(|_| run()).fold(0.0, f64::max)
}
