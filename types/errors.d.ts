// Generated from src/errors.ts by `npm run api`. Do not edit.

import type { ErrorCode } from './generated/error-codes.js'
export type { ErrorCode } from './generated/error-codes.js'
/** The parts of an error. */
export interface ErrorParts {
  /** What failed. */
  what: string
  /** Where: the module path, when it is not part of `what`. */
  where?: string | undefined
  /** The operation. */
  op?: string | undefined
  /** What is allowed. */
  expected: string
  /** What was given. */
  received: string
  /** How to fix it. */
  fix: string
  /** The error that caused this one. */
  cause?: unknown
}
/**
 * The base class of all errors of loralib. Match `code`, which is stable; the message says what failed and where, what was expected, what was
 * received and how to fix it.
 */
export declare class LoraError extends Error {
  readonly code: ErrorCode
  /** The operation that failed; empty when it was none. */
  readonly op: string
  /** Path of the module in which it happened, e.g. `h.3.attn.c_attn`; empty outside of modules. */
  readonly path: string
  readonly expected: string
  readonly received: string
  readonly hint: string
  constructor(code: ErrorCode, parts: ErrorParts)
}
/** Shapes do not fit each other, the layer or the operation. */
export declare class ShapeError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A dtype is not allowed here, or two dtypes cannot be combined. */
export declare class DtypeError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A device does not exist, or tensors are on different devices. */
export declare class DeviceError extends LoraError {
  constructor(parts: ErrorParts)
}
/** An option or argument has a value that is not allowed. */
export declare class OptionError extends LoraError {
  constructor(parts: ErrorParts)
}
/** An index, id or label is out of range. */
export declare class IndexError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A tensor is used after it was disposed of, or after the forward that made it has released it. */
export declare class DisposedError extends LoraError {
  constructor(parts: ErrorParts)
}
/** Gradients are requested where there are none. Also has the codes ERR_LORA_NO_GRAD and ERR_LORA_VERSION. */
export declare class GradError extends LoraError {
  constructor(parts: ErrorParts, code?: 'ERR_LORA_GRAD' | 'ERR_LORA_NO_GRAD' | 'ERR_LORA_VERSION')
}
/** State-dict keys are missing, unexpected or of another shape. */
export declare class KeyError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A file or folder cannot be read or written. */
export declare class FileError extends LoraError {
  constructor(parts: ErrorParts)
}
/** The content of a file does not follow its format. */
export declare class FormatError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A tensor does not fit the memory that this process may use. */
export declare class MemoryError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A value is NaN or infinite where that is checked. */
export declare class NonFiniteError extends LoraError {
  constructor(parts: ErrorParts)
}
/** More work is queued than the limit allows. */
export declare class BacklogError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A tensor of one worker thread is used in another. */
export declare class ThreadError extends LoraError {
  constructor(parts: ErrorParts)
}
/** An async function was passed where its state could leak into other requests. */
export declare class AsyncError extends LoraError {
  constructor(parts: ErrorParts)
}
/** The work was aborted. */
export declare class AbortedError extends LoraError {
  constructor(parts: ErrorParts)
}
/** Valid, but not supported by this version or this build. */
export declare class UnsupportedError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A bug in the library. */
export declare class InternalError extends LoraError {
  constructor(parts: ErrorParts)
}
