//! Keeps the compute threads from falling asleep between ops that follow each other closely.
//!
//! Waking a thread takes tens of microseconds, as long as a whole small op, and decoding a token runs some hundred of them. So when an op begins, the
//! other threads get a job that polls for work until there has been no op for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a thread polls after the beginning of the last op.
const POLL_TIME: Duration = Duration::from_micros(200);

/// What the executor and the polling threads share.
struct Shared {
    began: Instant,
    /// When the last op began, in nanoseconds since `began`.
    last: AtomicU64,
    /// Threads that poll for work.
    waiting: AtomicUsize,
}

impl Shared {
    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Polls for work until none has come for a while.
    fn wait(&self) {
        loop {
            if let Some(rayon::Yield::Executed) = rayon::yield_now() {
                continue;
            }
            if self.now().saturating_sub(self.last.load(Ordering::Relaxed)) > POLL_TIME.as_nanos() as u64 {
                return;
            }
            // Other threads with work on this core go first, the executor among them.
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
        let began = Instant::now();
        let in_time = || assert!(began.elapsed() < Duration::from_secs(10), "{} threads wait", waiting());
        // On a busy machine they may have given up before this thread looks.
        while !pool.install(|| {
            awake.op_begins();
            waiting() == 2
        }) {
            in_time();
        }
        pool.install(|| {
            awake.op_begins();
            // Work reaches all threads while some poll for it.
            let sum: usize = rayon::join(|| (0..1000).sum::<usize>(), || 1).0;
            assert_eq!(sum, 499_500);
        });
        while waiting() > 0 {
            in_time();
            std::thread::sleep(Duration::from_millis(1));
        }
        pool.install(|| awake.op_begins());
        assert!(waiting() <= 2);
    }
}
