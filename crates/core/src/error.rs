//! The error type of the engine: data with a stable code, not just a text.

use std::fmt;
use std::sync::Arc;

use crate::code::Code;

/// Result of everything in the engine that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// An error as data: what failed and where, what was expected, what was received, how to fix it.
///
/// Cheap to clone: a failed operation poisons everything that depends on it with the same error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    code: Code,
    what: String,
    op: String,
    path: String,
    expected: String,
    received: String,
    hint: String,
    source: String,
    stack: u64,
}

impl Error {
    /// An error with its code and the sentence that says what failed.
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Error(Arc::new(Inner {
            code,
            what: what.into(),
            op: String::new(),
            path: String::new(),
            expected: String::new(),
            received: String::new(),
            hint: String::new(),
            source: String::new(),
            stack: 0,
        }))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// What was expected.
    pub fn expected(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.edit(|e| e.expected = text)
    }

    /// What was received instead.
    pub fn received(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.edit(|e| e.received = text)
    }

    /// How to fix it.
    pub fn hint(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.edit(|e| e.hint = text)
    }

    /// The operation that failed; the innermost one wins.
    pub fn op(self, name: &str) -> Self {
        if self.0.op.is_empty() {
            self.edit(|e| e.op = name.to_owned())
        } else {
            self
        }
    }

    /// The module path (`h.3.attn.c_attn`) where it happened; the innermost one wins.
    pub fn path(self, path: &str) -> Self {
        if self.0.path.is_empty() && !path.is_empty() {
            self.edit(|e| e.path = path.to_owned())
        } else {
            self
        }
    }

    /// The text of the lower error that caused this one.
    pub fn source(self, source: impl fmt::Display) -> Self {
        let text = source.to_string();
        self.edit(|e| e.source = text)
    }

    /// The number under which the caller keeps the stack of the call that recorded the failed work (0: none).
    pub fn stack(self, number: u64) -> Self {
        if self.0.stack == 0 && number != 0 {
            self.edit(|e| e.stack = number)
        } else {
            self
        }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The parts that cross to TypeScript, by name.
    pub fn fields(&self) -> [(&'static str, &str); 7] {
        let e = &*self.0;
        [
            ("what", &e.what),
            ("op", &e.op),
            ("path", &e.path),
            ("expected", &e.expected),
            ("received", &e.received),
            ("hint", &e.hint),
            ("source", &e.source),
        ]
    }

    /// See [`Error::stack`].
    pub fn stack_number(&self) -> u64 {
        self.0.stack
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        write!(f, "[{}] {}", e.code.name(), e.what)?;
        for (name, text) in self.fields().into_iter().skip(1) {
            if !text.is_empty() {
                write!(f, "\n  {name:<9} {text}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<kernels::Error> for Error {
    fn from(error: kernels::Error) -> Self {
        // Kernels check what the recorder cannot know: ids and labels computed by earlier operations.
        Error::new(Code::Index, error.to_string())
            .expected(error.expected)
            .received(error.received)
            .hint(
                "ids, indexes and labels count from 0: does the data belong to this table, or to this number of classes?",
            )
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        use candle_core::Error as Candle;
        match error {
            Candle::InvalidIndex { index, size, .. } => Error::new(Code::Index, "an index lies outside its range")
                .expected(format!("0 to {}", size.saturating_sub(1)))
                .received((index as i64).to_string()).hint("ids, indexes and labels count from 0: does the data belong to this table, or to this number of classes?"),
            Candle::WithBacktrace { inner, .. } | Candle::Context { inner, .. } => Error::from(*inner),
            // candle keeps the error of the driver or of a library as text.
            other if is_out_of_memory(&other) => Error::new(Code::Memory, "not enough memory on the device")
                .expected("a request that fits into the memory of the device")
                .received(first_line(&other))
                .hint("use a smaller batch, a shorter sequence or checkpoint(), or dispose of tensors that are no longer needed; nvidia-smi lists what else uses the device"),
            // The first line is the message; a backtrace may follow.
            other => Error::new(Code::Internal, "candle could not run the operation")
                .source(first_line(&other)),
        }
    }
}

fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Of the CUDA driver, or of cuBLAS for its workspace.
fn is_out_of_memory(error: &candle_core::Error) -> bool {
    let text = error.to_string();
    matches!(error, candle_core::Error::Cuda(_))
        && ["CUDA_ERROR_OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED"]
            .iter()
            .any(|code| text.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_memory_is_an_error_of_memory() {
        let of = |text: &str| Error::from(candle_core::Error::Cuda(text.into()).bt());
        for text in [
            "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
            "CublasError(CUBLAS_STATUS_ALLOC_FAILED)",
        ] {
            assert_eq!(of(text).code(), Code::Memory);
            assert!(of(text).to_string().contains(text), "{}", of(text));
        }
        assert_eq!(of("DriverError(CUDA_ERROR_ILLEGAL_ADDRESS)").code(), Code::Internal);
    }
}
