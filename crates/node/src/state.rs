//! The recorder of this JavaScript thread. A worker thread has its own.

use std::cell::RefCell;
use std::collections::HashMap;

use engine::error::Result;
use engine::executor::Engine;
use engine::recorder::Recorder;
use engine::tape::Walk;

use crate::allocator::collect;
use crate::error::to_napi;

/// What one JavaScript thread holds.
pub struct State {
    /// Its recorder.
    pub recorder: Recorder,
    /// Backward walks that wait for an answer of JavaScript.
    pub walks: HashMap<u32, Walk>,
    /// Number of the next walk.
    pub next_walk: u32,
}

thread_local! {
    // A box: the loader of the system has little room for the thread-locals of libraries that are loaded late.
    static STATE: RefCell<Option<Box<State>>> = const { RefCell::new(None) };
}

/// The engine of the process, started by whoever comes first.
pub fn engine() -> Result<&'static Engine> {
    Engine::global(|| {
        engine::memory::set_collector(collect);
        engine::env::config()
    })
}

/// Works with this thread's state. The engine starts at the first use.
pub fn with<T>(work: impl FnOnce(&mut State) -> Result<T>) -> napi::Result<T> {
    STATE.with(|cell| {
        let mut state = cell.borrow_mut();
        if state.is_none() {
            let recorder = engine().map_err(to_napi)?.recorder(seed());
            *state = Some(Box::new(State {
                recorder,
                walks: HashMap::new(),
                next_walk: 1,
            }));
        }
        work(state.as_mut().expect("it was just made")).map_err(to_napi)
    })
}

/// Works with this thread's state if there is one. After its end there is nothing left to do.
pub fn existing(work: impl FnOnce(&mut State)) {
    let _ = STATE.try_with(|cell| {
        // A panic from here would cross into V8.
        if let Ok(mut state) = cell.try_borrow_mut()
            && let Some(state) = state.as_mut()
        {
            work(state);
        }
    });
}

/// Forgets this thread's state: its environment ends, or a new one begins on the same thread.
pub fn reset() {
    STATE.with(|cell| {
        if let Some(state) = cell.borrow_mut().take() {
            state.recorder.close();
            if let Some(engine) = Engine::started() {
                engine.flush_trace();
            }
        }
    });
}

/// A seed that differs from run to run, until manualSeed fixes it.
fn seed() -> u64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos() as u64);
    now ^ (u64::from(std::process::id()) << 32)
}

/// Numbers from JavaScript as ids. Ids stay below 2^53.
pub fn ids(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|&n| n as u64).collect()
}
