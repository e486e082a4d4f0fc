//! Points at which a long kernel yields to its caller.
//!
//! A thread that calls kernels can set a hook. It runs on that thread between two pieces of a long kernel, while no piece is running: it
//! may call other kernels, and the interrupted kernel continues when it returns. Pieces end where chunks end anyway, so the results
//! have the same bits with and without a hook.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

thread_local! {
    static HOOK: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    /// A piece is running on this thread; kernels that it calls are part of it.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// Sets the hook of this thread; `None` removes it.
pub fn set_hook(hook: Option<Rc<dyn Fn()>>) {
    HOOK.with(|cell| *cell.borrow_mut() = hook);
}

/// Whether a kernel that starts now on this thread should yield between its pieces.
pub(crate) fn is_on() -> bool {
    !WITHIN.get() && HOOK.with(|cell| cell.borrow().is_some())
}

/// Yields: runs the hook. Does nothing within a piece, and on threads without a hook.
pub fn point() {
    if WITHIN.get() {
        return;
    }
    // Cloned, because the hook may run kernels that yield in turn.
    let hook = HOOK.with(|cell| cell.borrow().clone());
    if let Some(hook) = hook {
        hook();
    }
}

/// Runs one piece, which does not yield.
pub fn piece<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            WITHIN.set(self.0);
        }
    }
    let _restore = Restore(WITHIN.replace(true));
    work()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::par;

    /// Counts how often `work` yields, to a hook that runs kernels itself.
    fn pauses(work: impl FnOnce()) -> usize {
        let count = Rc::new(Cell::new(0));
        let hook = {
            let count = count.clone();
            move || {
                count.set(count.get() + 1);
                let mut out = vec![0u32; 100_000];
                // The hook's own kernels yield too; this ends the recursion.
                if count.get() < 50 {
                    par::flat_mut(&mut out, |start, chunk| chunk.fill(start as u32));
                }
            }
        };
        set_hook(Some(Rc::new(hook)));
        work();
        set_hook(None);
        count.get()
    }

    #[test]
    fn a_long_loop_pauses_and_covers_everything_once() {
        let mut out = vec![0u32; 3 << 20];
        let seen = pauses(|| par::flat_mut(&mut out, |_, chunk| chunk.iter_mut().for_each(|x| *x += 1)));
        assert!(seen > 0, "no pause in {} chunks", (3 << 20) / par::FLAT_CHUNK);
        assert!(out.iter().all(|x| *x == 1));
    }

    #[test]
    fn a_loop_within_a_piece_does_not_pause() {
        let seen = pauses(|| piece(|| par::for_rows(1000, 1, |_| point())));
        assert_eq!(seen, 0);
        assert_eq!(pauses(|| par::for_rows(1, 1, |_| point())), 0);
    }

    #[test]
    fn a_panic_leaves_the_thread_able_to_pause() {
        let _ = std::panic::catch_unwind(|| piece(|| panic!("on purpose")));
        assert_eq!(pauses(point), 1);
    }
}
