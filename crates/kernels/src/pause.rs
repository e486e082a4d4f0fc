//! Places where a long kernel may be interrupted.
//!
//! The thread that calls kernels can leave a hook here. Between two pieces of a long kernel the hook runs, on that thread, with no piece under way: it
//! may call other kernels and return when the interrupted one shall go on. Pieces are cut where the chunks of the work are cut anyway, so
//! the results have the same bits with and without a hook.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

thread_local! {
    static HOOK: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    /// A piece is under way on this thread: what it calls is part of it.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// Sets the hook of this thread; `None` removes it.
pub fn set_hook(hook: Option<Rc<dyn Fn()>>) {
    HOOK.with(|cell| *cell.borrow_mut() = hook);
}

/// Whether a kernel that starts now on this thread should look up now and then.
pub(crate) fn is_on() -> bool {
    !WITHIN.get() && HOOK.with(|cell| cell.borrow().is_some())
}

/// Lets the hook run. Does nothing within a piece, and on threads without a hook.
pub fn point() {
    if WITHIN.get() {
        return;
    }
    // Cloned, so that the hook may run kernels that come here in their turn.
    let hook = HOOK.with(|cell| cell.borrow().clone());
    if let Some(hook) = hook {
        hook();
    }
}

/// Runs one piece: no pause in it.
pub(crate) fn piece<T>(work: impl FnOnce() -> T) -> T {
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

    /// Counts the pauses of `work`, with kernels of its own in each.
    fn pauses(work: impl FnOnce()) -> usize {
        let count = Rc::new(Cell::new(0));
        let hook = {
            let count = count.clone();
            move || {
                count.set(count.get() + 1);
                let mut out = vec![0u32; 100_000];
                // The hook's own kernels pause, too; they must not come back here for ever.
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
