//! Working memory whose size goes with the tensors. The system may refuse it, and that must not end the process.

/// Unwinds out of a kernel that the system gave no working memory. Whoever runs kernels catches it and makes an error of it.
/// What the kernel should have written is unspecified then.
#[derive(Clone, Copy, Debug)]
pub struct NoRoom {
    /// Bytes that were asked for.
    pub bytes: usize,
}

/// An empty vector with room for `n` elements.
pub fn with_capacity<T>(n: usize) -> Vec<T> {
    let mut vec = Vec::new();
    grow(&mut vec, n);
    vec
}

/// A vector of `n` equal elements.
pub fn filled<T: Clone>(n: usize, value: T) -> Vec<T> {
    let mut vec = with_capacity(n);
    vec.resize(n, value);
    vec
}

/// Makes room for `n` elements in all.
pub fn grow<T>(vec: &mut Vec<T>, n: usize) {
    if vec.try_reserve_exact(n.saturating_sub(vec.len())).is_err() {
        // No panic: nothing is wrong with the program, so nothing is printed. Rayon hands it on from thread to thread.
        std::panic::resume_unwind(Box::new(NoRoom {
            bytes: n.saturating_mul(size_of::<T>()),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_unwinds_with_its_size() {
        let asked = std::panic::catch_unwind(|| filled(1 << 60, 0f32)).expect_err("no machine has that");
        let refused = asked.downcast_ref::<NoRoom>().expect("the payload says what it was");
        assert_eq!(refused.bytes, 1 << 62);
        assert_eq!(filled(3, 7), [7, 7, 7]);
    }
}
