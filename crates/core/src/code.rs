//! The one list of error codes. `npm run gen` writes the TypeScript twin and docs/errors.md from it.

macro_rules! codes {
    ($($variant:ident, $code:literal, $class:literal, $doc:literal;)*) => {
        /// What kind of mistake or failure an [`Error`](crate::error::Error) reports. The text may change, the code may not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable name, as in `error.code`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The TypeScript class that carries the code.
            pub fn class(self) -> &'static str {
                match self { $(Code::$variant => $class,)* }
            }

            /// One sentence for the documentation.
            pub fn doc(self) -> &'static str {
                match self { $(Code::$variant => $doc,)* }
            }
        }
    };
}

codes! {
    Shape, "ERR_LORA_SHAPE", "ShapeError", "Shapes do not fit each other, the layer or the operation.";
    Dtype, "ERR_LORA_DTYPE", "DtypeError", "A dtype is not allowed here, or two dtypes do not go together.";
    Device, "ERR_LORA_DEVICE", "DeviceError", "A device does not exist, or tensors live on different devices.";
    Option, "ERR_LORA_OPTION", "OptionError", "An option or argument has a value that is not allowed.";
    Index, "ERR_LORA_INDEX", "IndexError", "An index, id or label lies outside its range.";
    Disposed, "ERR_LORA_DISPOSED", "DisposedError", "A tensor is used after it was disposed of, or released by the forward that made it.";
    Grad, "ERR_LORA_GRAD", "GradError", "Gradients are asked for where there are none: no graph, a graph already consumed, a leaf changed in place.";
    NoGrad, "ERR_LORA_NO_GRAD", "GradError", "The operation has no gradient rule for an input that requires one.";
    Version, "ERR_LORA_VERSION", "GradError", "A tensor that backward needs was changed in place after it was saved.";
    Key, "ERR_LORA_KEY", "KeyError", "State-dict keys are missing, unexpected or of another shape.";
    File, "ERR_LORA_FILE", "FileError", "A file or folder cannot be read or written.";
    Format, "ERR_LORA_FORMAT", "FormatError", "The content of a file is not what its format allows.";
    Memory, "ERR_LORA_MEMORY", "MemoryError", "A tensor does not fit the memory that this process may use.";
    NonFinite, "ERR_LORA_NON_FINITE", "NonFiniteError", "A value is NaN or infinite where the guard forbids it.";
    Backlog, "ERR_LORA_BACKLOG", "BacklogError", "More work is queued than may wait: await in the loop.";
    Thread, "ERR_LORA_THREAD", "ThreadError", "A tensor of one worker thread is used in another.";
    Async, "ERR_LORA_ASYNC", "AsyncError", "An async function was given where its state could leak into other requests.";
    Aborted, "ERR_LORA_ABORTED", "AbortedError", "The work was aborted.";
    Unsupported, "ERR_LORA_UNSUPPORTED", "UnsupportedError", "Known, and not supported by this version or this build.";
    Internal, "ERR_LORA_INTERNAL", "InternalError", "A fault of the library. The engine computes no more; intact tensors can still be read and saved.";
}
