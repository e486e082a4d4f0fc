//! Shared by the unit tests: sizes, inputs, the loop over instruction sets, and comparison within a tolerance.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::float::Float;
use crate::isa::{self, Isa};

/// Sizes at which every kernel is compared with its reference: empty, single, below, at and above the lane counts.
pub const SIZES: [usize; 6] = [0, 1, 3, 17, 64, 129];

static ISA_LOCK: Mutex<()> = Mutex::new(());

/// Runs `f` on each instruction set this CPU has. The set is global, so one such loop runs at a time.
pub fn each_isa(mut f: impl FnMut(Isa)) {
    let _guard: MutexGuard<'_, ()> = ISA_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa::set(isa).expect("available");
        f(isa);
    }
}

/// `n` values in (-2, 2), the same for the same seed.
pub fn values<T: Float>(n: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..10).for_each(|_| {
        next();
    });
    (0..n).map(|_| T::from_f64(next() * 4.0 - 2.0)).collect()
}

/// `n` integers in `0..limit`, the same for the same seed.
pub fn ids(n: usize, limit: usize, seed: u64) -> Vec<i64> {
    values::<f64>(n, seed)
        .into_iter()
        .map(|x| (((x + 2.0) / 4.0) * limit as f64) as i64)
        .collect()
}

/// Values as f64, for the reference twins.
pub fn wide<T: Float>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

/// Fails unless `got` is `want` within `f32_tolerance` (absolute and relative); f64 is held to 1e-12 (times what f32 is
/// allowed above 1e-6). NaN and infinity must match exactly.
pub fn close<T: Float>(got: &[T], want: &[f64], f32_tolerance: f64, context: &str) {
    let tolerance = if size_of::<T>() == 4 {
        f32_tolerance
    } else {
        1e-12 * (f32_tolerance / 1e-6).max(1.0)
    };
    assert_eq!(got.len(), want.len(), "{context}: length");
    for (index, (got, &want)) in got.iter().zip(want).enumerate() {
        let got = got.to_f64();
        let same = got == want || (got.is_nan() && want.is_nan());
        let near = (got - want).abs() <= tolerance * (1.0 + want.abs());
        assert!(
            same || near,
            "{context}: [{index}] is {got}, expected {want} ({})",
            T::NAME
        );
    }
}

/// Fails unless `f` gives the same bits on pools of 1, 2 and 5 threads.
pub fn same_for_any_thread_count<T: Float>(f: impl Fn() -> Vec<T> + Sync) {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("small pool");
        pool.install(|| wide(&f()).into_iter().map(f64::to_bits).collect::<Vec<_>>())
    };
    let one = run(1);
    assert!(one == run(2) && one == run(5), "bits depend on the number of threads");
}
