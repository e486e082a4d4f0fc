// Generated from src/generated/error-codes.ts by `npm run api`. Do not edit.

/** Every error code with the name of its class. */
export declare const ERROR_CLASSES: {
  /** Shapes do not fit each other, the layer or the operation. */
  readonly ERR_LORA_SHAPE: 'ShapeError'
  /** A dtype is not allowed here, or two dtypes do not go together. */
  readonly ERR_LORA_DTYPE: 'DtypeError'
  /** A device does not exist, or tensors live on different devices. */
  readonly ERR_LORA_DEVICE: 'DeviceError'
  /** An option or argument has a value that is not allowed. */
  readonly ERR_LORA_OPTION: 'OptionError'
  /** An index, id or label lies outside its range. */
  readonly ERR_LORA_INDEX: 'IndexError'
  /** A tensor is used after it was disposed of, or released by the forward that made it. */
  readonly ERR_LORA_DISPOSED: 'DisposedError'
  /** Gradients are asked for where there are none: no graph, a graph already consumed, a leaf changed in place. */
  readonly ERR_LORA_GRAD: 'GradError'
  /** The operation has no gradient rule for an input that requires one. */
  readonly ERR_LORA_NO_GRAD: 'GradError'
  /** A tensor that backward needs was changed in place after it was saved. */
  readonly ERR_LORA_VERSION: 'GradError'
  /** State-dict keys are missing, unexpected or of another shape. */
  readonly ERR_LORA_KEY: 'KeyError'
  /** A file or folder cannot be read or written. */
  readonly ERR_LORA_FILE: 'FileError'
  /** The content of a file is not what its format allows. */
  readonly ERR_LORA_FORMAT: 'FormatError'
  /** A tensor does not fit the memory that this process may use. */
  readonly ERR_LORA_MEMORY: 'MemoryError'
  /** A value is NaN or infinite where the guard forbids it. */
  readonly ERR_LORA_NON_FINITE: 'NonFiniteError'
  /** More work is queued than may wait: await in the loop. */
  readonly ERR_LORA_BACKLOG: 'BacklogError'
  /** A tensor of one worker thread is used in another. */
  readonly ERR_LORA_THREAD: 'ThreadError'
  /** An async function was given where its state could leak into other requests. */
  readonly ERR_LORA_ASYNC: 'AsyncError'
  /** The work was aborted. */
  readonly ERR_LORA_ABORTED: 'AbortedError'
  /** Known, and not supported by this version or this build. */
  readonly ERR_LORA_UNSUPPORTED: 'UnsupportedError'
  /** A fault of the library. The engine computes no more; intact tensors can still be read and saved. */
  readonly ERR_LORA_INTERNAL: 'InternalError'
}
/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_CLASSES
