//! What LORALIB_DEBUG shows: time per step and per op, on stderr.

use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::memory::Counters;

/// Times ops and steps when asked to.
pub struct Trace {
    level: u8,
    last: Instant,
    step: Instant,
    steps: u64,
}

impl Trace {
    /// `level` as in docs/env: 2 each step, 3 each op.
    pub fn new(level: u8) -> Self {
        Trace {
            level,
            last: Instant::now(),
            step: Instant::now(),
            steps: 0,
        }
    }

    /// An op has ended.
    pub fn op(&mut self, name: &str, path: u32, paths: &FxHashMap<u32, String>) {
        if self.level < 3 {
            return;
        }
        let ms = self.last.elapsed().as_secs_f64() * 1e3;
        let place = paths.get(&path).map_or("", String::as_str);
        eprintln!("loralib op {name:<22} {ms:9.3} ms  {place}");
        self.last = Instant::now();
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
        self.last = self.step;
    }
}
