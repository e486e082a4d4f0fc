//! Allocation of working memory whose size depends on the tensors. It may fail, and that must not end the process.

/// The payload of the unwinding when an allocation fails inside a kernel. The caller of the kernels catches it and turns it into an
/// error. The kernel's outputs are then unspecified.
#[derive(Clone, Copy, Debug)]
pub struct OutOfMemory {
    /// Size of the failed allocation.
    pub bytes: usize,
}

/// An empty vector with capacity for `n` elements.
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

/// Grows the capacity to `n` elements in all.
pub fn grow<T>(vec: &mut Vec<T>, n: usize) {
    if vec.try_reserve_exact(n.saturating_sub(vec.len())).is_err() {
        // Not `panic!`: this is no bug, so no message is printed. Rayon propagates the payload to the calling thread.
        std::panic::resume_unwind(Box::new(OutOfMemory {
            bytes: n.saturating_mul(size_of::<T>()),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_allocation_unwinds_with_its_size() {
        let asked = std::panic::catch_unwind(|| filled(1 << 60, 0f32)).expect_err("no machine has so much memory");
        let refused = asked
            .downcast_ref::<OutOfMemory>()
            .expect("the payload is an OutOfMemory");
        assert_eq!(refused.bytes, 1 << 62);
        assert_eq!(filled(3, 7), [7, 7, 7]);
    }
}
