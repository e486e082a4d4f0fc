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
  /** What would have been right. */
  expected: string
  /** What came instead. */
  received: string
  /** How to mend it. */
  fix: string
  /** The lower error. */
  cause?: unknown
}
/**
 * What every error of loralib extends. Match `code`, which is stable; the message says what failed and where, what was expected, what was
 * received and how to mend it.
 */
export declare class LoraError extends Error {
  readonly code: ErrorCode
  /** The operation that failed; empty when none did. */
  readonly op: string
  /** Path of the module it happened in, e.g. `h.3.attn.c_attn`; empty outside of modules. */
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
/** A dtype is not allowed here, or two do not go together. */
export declare class DtypeError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A device does not exist, or tensors live on different ones. */
export declare class DeviceError extends LoraError {
  constructor(parts: ErrorParts)
}
/** An option or argument has a value that is not allowed. */
export declare class OptionError extends LoraError {
  constructor(parts: ErrorParts)
}
/** An index, id or label lies outside its range. */
export declare class IndexError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A tensor is used after it was disposed of, or released by the forward that made it. */
export declare class DisposedError extends LoraError {
  constructor(parts: ErrorParts)
}
/** Gradients are asked for where there are none. Also carries ERR_LORA_NO_GRAD and ERR_LORA_VERSION. */
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
/** The content of a file is not what its format allows. */
export declare class FormatError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A tensor does not fit the memory that this process may use. */
export declare class MemoryError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A value is NaN or infinite where the guard forbids it. */
export declare class NonFiniteError extends LoraError {
  constructor(parts: ErrorParts)
}
/** More work is queued than may wait. */
export declare class BacklogError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A tensor of one worker thread is used in another. */
export declare class ThreadError extends LoraError {
  constructor(parts: ErrorParts)
}
/** An async function was given where its state could leak into other requests. */
export declare class AsyncError extends LoraError {
  constructor(parts: ErrorParts)
}
/** The work was aborted. */
export declare class AbortedError extends LoraError {
  constructor(parts: ErrorParts)
}
/** Known, and not supported by this version or this build. */
export declare class UnsupportedError extends LoraError {
  constructor(parts: ErrorParts)
}
/** A fault of the library. */
export declare class InternalError extends LoraError {
  constructor(parts: ErrorParts)
}
