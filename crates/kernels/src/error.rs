//! The error type of this crate: a slice or a value that does not fit the kernel.

use std::fmt;

/// What a kernel returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A kernel refused its arguments. The outputs are then untouched unless the kernel says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Name of the kernel, e.g. `"layer_norm"`.
    pub kernel: &'static str,
    /// Which argument, what was expected and what was received, e.g. `"x has 7 values, expected 8"`.
    pub what: String,
    /// For an index, id or label: the range that it must be in. Empty otherwise.
    pub expected: String,
    /// For an index, id or label: the value out of range. Empty otherwise.
    pub received: String,
}

impl Error {
    /// An error of `kernel`, saying `what` was wrong.
    pub fn new(kernel: &'static str, what: impl Into<String>) -> Self {
        Self {
            kernel,
            what: what.into(),
            expected: String::new(),
            received: String::new(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kernel, self.what)
    }
}

impl std::error::Error for Error {}

/// Fails when the slice `name` has `got` values where the shapes say `want`.
#[inline]
pub(crate) fn check_len(kernel: &'static str, name: &str, got: usize, want: usize) -> Result<()> {
    if got == want {
        Ok(())
    } else {
        fail(kernel, format!("{name} has {got} values, expected {want}"))
    }
}

/// `Err` of an [`Error`]; a function of its own because it is the cold path.
#[cold]
pub(crate) fn fail<T>(kernel: &'static str, what: String) -> Result<T> {
    Err(Error::new(kernel, what))
}

/// `Err` of an [`Error`] about a value out of range.
#[cold]
pub(crate) fn outside<T>(kernel: &'static str, what: String, expected: String, received: i64) -> Result<T> {
    Err(Error {
        expected,
        received: received.to_string(),
        ..Error::new(kernel, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_len_names_the_slice_and_both_sizes() {
        assert!(check_len("softmax", "x", 8, 8).is_ok());
        let error = check_len("softmax", "x", 7, 8).unwrap_err();
        assert_eq!(error.to_string(), "softmax: x has 7 values, expected 8");
    }
}
