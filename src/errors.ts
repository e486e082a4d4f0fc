import { ERROR_CLASSES } from './generated/error-codes.js'
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
export class LoraError extends Error {
  readonly code: ErrorCode
  /** The operation that failed; empty when it was none. */
  readonly op: string
  /** Path of the module in which it happened, e.g. `h.3.attn.c_attn`; empty outside of modules. */
  readonly path: string
  readonly expected: string
  readonly received: string
  readonly hint: string

  constructor(code: ErrorCode, parts: ErrorParts) {
    super(message(code, parts), parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = new.target.name
    this.code = code
    this.op = parts.op ?? ''
    this.path = parts.where ?? ''
    this.expected = parts.expected ?? ''
    this.received = parts.received ?? ''
    this.hint = parts.fix ?? ''
    showCode(this)
  }
}

/** Writes class and code before the message in the stack, as Node's own errors do. */
function showCode(error: LoraError): void {
  error.stack = `${error.name} [${error.code}]${error.stack?.slice(error.stack.indexOf(':')) ?? ''}`
}

/** Makes an error's stack begin at the caller of `above`. */
export function startStackAt(error: LoraError, above: (...args: never[]) => unknown): void {
  Error.captureStackTrace(error, above)
  showCode(error)
}

/** Adds the path of the module that threw an error, unless the error names one already. */
export function addModulePath(error: LoraError, path: string): void {
  if (error.path !== '' || path === '') return
  ;(error as { path: string }).path = path
  const [what, ...rest] = error.message.split('\n')
  const before = error.message
  error.message = [`${what} (at ${path})`, ...rest].join('\n')
  if (error.stack) error.stack = error.stack.replace(before, () => error.message)
}

function message(code: ErrorCode, { what, where, op, expected, received, fix }: ErrorParts): string {
  const named = op ? withOperation(code, what, op) : what
  const lines = [where ? `${named} (at ${where})` : named]
  if (expected) lines.push(`  expected  ${expected}`)
  if (received) lines.push(`  received  ${received}`)
  if (fix) lines.push(`  fix       ${fix}`)
  return lines.join('\n')
}

/** Operations of the engine that users call by another name, or never. */
const OPERATIONS: Readonly<Record<string, string>> = {
  adamwStep: 'AdamW.step',
  allSound: 'copying tensors',
  clipScale: 'clipGradNorm',
  clipValue: 'clipGradValue',
  globalNorm: 'clipGradNorm',
  loraUpdate: 'loraLinear',
  nlgAdamwStep: 'NlgAdamW.step',
  sdpa: 'scaledDotProductAttention',
  sdpaPacked: 'scaledDotProductAttention',
  sgdStep: 'SGD.step',
  sliceAssign: 'assignment to a slice',
  zeroGrads: 'zeroGrad',
}

function withOperation(code: ErrorCode, what: string, op: string): string {
  // Whatever was next in an aborted queue says nothing about the abort.
  if (code === 'ERR_LORA_ABORTED') return what
  const words = operationInWords(op)
  return what.includes(op) ? what.replace(op, words) : `${words}: ${what}`
}

/** An operation of the engine in the words of a message; the field `op` has its name in docs/ops.md. */
function operationInWords(op: string): string {
  const backward = /^(.+?)(Backward|Dx|Dw)$/.exec(op)?.[1]
  if (backward !== undefined) return `backward of ${operationInWords(backward)}`
  return OPERATIONS[op] ?? op.replace(/Inplace$/, '_')
}

type ErrorClass = new (parts: ErrorParts) => LoraError

const classes = new Map<ErrorCode, ErrorClass>()

/** Shapes do not fit each other, the layer or the operation. */
export class ShapeError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_SHAPE', parts)
  }
}

/** A dtype is not allowed here, or two dtypes cannot be combined. */
export class DtypeError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_DTYPE', parts)
  }
}

/** A device does not exist, or tensors are on different devices. */
export class DeviceError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_DEVICE', parts)
  }
}

/** An option or argument has a value that is not allowed. */
export class OptionError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_OPTION', parts)
  }
}

/** An index, id or label is out of range. */
export class IndexError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_INDEX', parts)
  }
}

/** A tensor is used after it was disposed of, or after the forward that made it has released it. */
export class DisposedError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_DISPOSED', parts)
  }
}

/** Gradients are requested where there are none. Also has the codes ERR_LORA_NO_GRAD and ERR_LORA_VERSION. */
export class GradError extends LoraError {
  constructor(parts: ErrorParts, code: 'ERR_LORA_GRAD' | 'ERR_LORA_NO_GRAD' | 'ERR_LORA_VERSION' = 'ERR_LORA_GRAD') {
    super(code, parts)
  }
}

/** State-dict keys are missing, unexpected or of another shape. */
export class KeyError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_KEY', parts)
  }
}

/** A file or folder cannot be read or written. */
export class FileError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_FILE', parts)
  }
}

/** The content of a file does not follow its format. */
export class FormatError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_FORMAT', parts)
  }
}

/** A tensor does not fit the memory that this process may use. */
export class MemoryError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_MEMORY', parts)
  }
}

/** A value is NaN or infinite where that is checked. */
export class NonFiniteError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_NON_FINITE', parts)
  }
}

/** More work is queued than the limit allows. */
export class BacklogError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_BACKLOG', parts)
  }
}

/** A tensor of one worker thread is used in another. */
export class ThreadError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_THREAD', parts)
  }
}

/** An async function was passed where its state could leak into other requests. */
export class AsyncError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_ASYNC', parts)
  }
}

/** The work was aborted. */
export class AbortedError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_ABORTED', parts)
  }
}

/** Valid, but not supported by this version or this build. */
export class UnsupportedError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_UNSUPPORTED', parts)
  }
}

/** A bug in the library. */
export class InternalError extends LoraError {
  constructor(parts: ErrorParts) {
    super('ERR_LORA_INTERNAL', parts)
  }
}

const byName = new Map(
  [
    ShapeError,
    DtypeError,
    DeviceError,
    OptionError,
    IndexError,
    DisposedError,
    GradError,
    KeyError,
    FileError,
    FormatError,
    MemoryError,
    NonFiniteError,
    BacklogError,
    ThreadError,
    AsyncError,
    AbortedError,
    UnsupportedError,
    InternalError,
  ].map((errorClass): [string, ErrorClass] => [errorClass.name, errorClass as ErrorClass]),
)
for (const [code, name] of Object.entries(ERROR_CLASSES)) classes.set(code as ErrorCode, byName.get(name)!)

/** Turns an error of the engine, which crosses N-API as data, into the class of its code. */
export function reviveError(data: Record<string, string>): LoraError {
  const code = (data.loralib ?? 'ERR_LORA_INTERNAL') as ErrorCode
  const parts: ErrorParts = {
    what: data.what ?? 'the engine failed',
    op: data.op,
    where: data.path,
    expected: data.expected ?? '',
    received: data.received ?? '',
    fix: data.hint ?? '',
    cause: data.source ? new Error(data.source) : undefined,
  }
  const errorClass = classes.get(code)
  if (!errorClass) return new InternalError(parts)
  if (errorClass === (GradError as unknown as ErrorClass)) return new GradError(parts, code as 'ERR_LORA_GRAD')
  return new errorClass(parts)
}
