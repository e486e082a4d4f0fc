//! A pointer that the tasks of one kernel share.

/// A pointer that tasks share; each writes its own elements only.
#[derive(Clone, Copy)]
pub(crate) struct Shared<P>(P);

// SAFETY: a Shared is made by `shared` only, whose callers promise that no two tasks touch the same element.
unsafe impl<P> Send for Shared<P> {}
// SAFETY: as above.
unsafe impl<P> Sync for Shared<P> {}

impl<P: Copy> Shared<P> {
    /// The pointer. A method, so that closures capture the whole wrapper.
    pub(crate) fn get(self) -> P {
        self.0
    }

    /// The result of `f`, under the same promise.
    pub(crate) fn map<Q>(self, f: impl FnOnce(P) -> Q) -> Shared<Q> {
        Shared(f(self.0))
    }
}

/// Lets tasks of the current pool use `p`.
///
/// # Safety
/// No two tasks may touch the same element when one of them writes it.
pub(crate) unsafe fn shared<P: Copy>(p: P) -> Shared<P> {
    Shared(p)
}
