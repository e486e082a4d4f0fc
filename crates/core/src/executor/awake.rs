//! Keeps the compute threads from falling asleep between ops that follow each other closely.
//!
//! A thread that sleeps needs tens of microseconds to come back, as long as the whole of a small op: decoding a token is some hundred of them. So where an op
//! begins, the other threads are given a job that looks for work until there has been no op for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a thread stays awake after the beginning of the last op.
const PATIENCE: Duration = Duration::from_micros(200);

/// What the executor and the threads that wait know of each other.
struct Shared {
    began: Instant,
    /// When the last op began, in nanoseconds since `began`.
    last: AtomicU64,
    /// Threads that look for work.
    waiting: AtomicUsize,
}

impl Shared {
    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Looks for work until none has come for a while.
    fn wait(&self) {
        loop {
            if let Some(rayon::Yield::Executed) = rayon::yield_now() {
                continue;
            }
            if self.now().saturating_sub(self.last.load(Ordering::Relaxed)) > PATIENCE.as_nanos() as u64 {
                return;
            }
            // Whoever else has something to do on this core goes first, the executor among them.
            std::thread::yield_now();
        }
    }
}

/// The executor's side.
pub(super) struct Awake(Arc<Shared>);

impl Awake {
    pub fn new() -> Self {
        Awake(Arc::new(Shared {
            began: Instant::now(),
            last: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// An op begins on the calling thread, which is one of the pool's.
    pub fn op_begins(&self) {
        let shared = &self.0;
        shared.last.store(shared.now(), Ordering::Relaxed);
        let others = rayon::current_num_threads() - 1;
        let Some(own) = rayon::current_thread_index() else {
            return;
        };
        if others == 0 || shared.waiting.load(Ordering::Acquire) > 0 {
            return;
        }
        shared.waiting.store(others, Ordering::Relaxed);
        let shared = shared.clone();
        rayon::spawn_broadcast(move |context| {
            if context.index() != own {
                shared.wait();
                shared.waiting.fetch_sub(1, Ordering::Release);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_wait_for_work_for_a_while_and_then_sleep() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let awake = Awake::new();
        let waiting = || awake.0.waiting.load(Ordering::Acquire);
        pool.install(|| {
            awake.op_begins();
            assert_eq!(waiting(), 2);
            // Work reaches all threads while some look for it.
            let sum: usize = rayon::join(|| (0..1000).sum::<usize>(), || 1).0;
            assert_eq!(sum, 499_500);
        });
        let began = Instant::now();
        while waiting() > 0 {
            assert!(began.elapsed() < Duration::from_secs(10), "still awake");
            std::thread::sleep(Duration::from_millis(1));
        }
        pool.install(|| awake.op_begins());
        assert!(waiting() <= 2);
    }
}
