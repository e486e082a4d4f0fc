//! What LORALIB_DEBUG shows: time per step and per op, on stderr.

use std::time::{Duration, Instant};

use crate::memory::Counters;

/// What an op should not exceed between two places where others may interrupt it.
const LONG_STRETCH: Duration = Duration::from_millis(15);

/// Times ops and steps when asked to.
pub struct Trace {
    level: u8,
    step: Instant,
    steps: u64,
}

impl Trace {
    /// `level` as in docs/env: 2 each step, 3 each op.
    pub fn new(level: u8) -> Self {
        Trace {
            level,
            step: Instant::now(),
            steps: 0,
        }
    }

    /// Whether ops are shown.
    pub fn ops(&self) -> bool {
        self.level >= 3
    }

    /// An op has ended; it took so many nanoseconds, without what interrupted it, and gave others no chance for `stretch`.
    pub fn op(&self, name: &str, path: &str, nanoseconds: u64, stretch: Duration) {
        let ms = nanoseconds as f64 / 1e6;
        let held = if stretch > LONG_STRETCH {
            format!("  ({} ms without a pause)", stretch.as_millis())
        } else {
            String::new()
        };
        eprintln!("loralib op {name:<22} {ms:9.3} ms  {path}{held}");
    }

    /// A fence was passed.
    pub fn fence(&mut self, step: bool, counters: &Counters) {
        if self.level < 2 || !step {
            return;
        }
        self.steps += 1;
        let ms = self.step.elapsed().as_secs_f64() * 1e3;
        let live = counters.live_bytes.load(std::sync::atomic::Ordering::Relaxed) >> 20;
        eprintln!("loralib step {:>6} {ms:9.1} ms  live {live} MB", self.steps);
        self.step = Instant::now();
    }
}
