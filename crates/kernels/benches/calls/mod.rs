//! Inputs of the benches, and how calls are timed.

use std::time::Instant;

/// Best seconds of one call within about 0.3 s.
pub fn best(mut call: impl FnMut()) -> f64 {
    call();
    let start = Instant::now();
    let mut best = f64::INFINITY;
    while start.elapsed().as_secs_f64() < 0.3 {
        let call_start = Instant::now();
        call();
        best = best.min(call_start.elapsed().as_secs_f64());
    }
    best
}

/// Uniform values in [-0.5, 0.5), the same on each call.
pub fn numbers(n: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..n).map(next).collect()
}
