import { env } from './env.js'
import { InternalError, LoraError, OptionError, reviveError, startStackAt } from '../errors.js'
import { native } from './load.js'
import { selectStream } from './current-stream.js'

// Stacks of the calls that recorded work which may fail later. A stack for each op would cost ten times as much as the op, so one is kept for each
// outermost forward, backward and step, and at LORALIB_DEBUG=2 for each op. The newest ones are enough, since the queue is bounded.
const KEPT_STACKS = env.callSites ? 65_536 : 512
const stacks = new Map<number, string>()
const numbers = new Map<string, number>()
let lastStack = 0

/** Keeps the stack of the caller of `above`, for run-time errors of what it records, and passes its number to the engine. Returns the number. */
export function markStack(above: (...args: never[]) => unknown): number {
  const caller: { stack?: string } = {}
  Error.captureStackTrace(caller, above)
  // Read at once: until it is formatted as text, a stack keeps the objects of its frames alive, loss tensors and models among them.
  const number = stackNumber(caller.stack ?? '')
  native.setStack(number)
  return number
}

// The engine keeps one number for both: stack + update * UPDATES.
const UPDATES = 2 ** 32

/** Marks the ops recorded next as this update of an optimizer; 0 for none. */
export function markUpdate(stack: number, update: number): void {
  native.setStack(stack + update * UPDATES)
}

/** The update in a number of the engine, as {@link markUpdate} set it. */
export function updateOf(number: number): number {
  return Math.floor(number / UPDATES)
}

/** The number of a stack. A loop has the same stack at every step, so equal texts are kept once; many copies would survive young collections. */
function stackNumber(text: string): number {
  const known = numbers.get(text)
  if (known !== undefined && lastStack - known < KEPT_STACKS / 2) return known
  stacks.set(++lastStack, text)
  numbers.set(text, lastStack)
  const oldest = stacks.get(lastStack - KEPT_STACKS)
  if (oldest !== undefined) {
    stacks.delete(lastStack - KEPT_STACKS)
    if (numbers.get(oldest) === lastStack - KEPT_STACKS) numbers.delete(oldest)
  }
  return lastStack
}

/** Calls the addon. An error that arrives as data becomes the class of its code, with a stack that starts at the caller. */
export function call<T>(run: () => T): T {
  try {
    selectStream()
    return run()
  } catch (error) {
    throw revive(error, call)
  }
}

/** As {@link call}, for a promise of the addon. Settles in a macrotask, so that Node can run finalisers and serve other events. */
export async function callAsync<T>(run: () => Promise<T>): Promise<T> {
  try {
    selectStream()
    return await run()
  } catch (error) {
    throw revive(error, callAsync)
  } finally {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

// The codes that N-API gives for an argument that it cannot convert.
const WRONG_TYPE: ReadonlySet<string> = new Set([
  'InvalidArg',
  'ArrayExpected',
  'BigintExpected',
  'BooleanExpected',
  'NumberExpected',
  'ObjectExpected',
  'StringExpected',
])

/** Turns an error of the addon into a {@link LoraError}. */
export function revive(error: unknown, above: (...args: never[]) => unknown): unknown {
  // Already one of ours, for example for a disposed tensor among the arguments.
  if (!(error instanceof Error) || error instanceof LoraError) return error
  const data = parse(error.message)
  if (data) {
    const revived = reviveError(data)
    startStackAt(revived, above)
    const recorded = stacks.get(Number(data.stack) % UPDATES)
    if (recorded) revived.stack += `\n  recorded\n${recorded.split('\n').slice(1).join('\n')}`
    return revived
  }
  // Not an error of the engine: a panic at the boundary, or an argument of the wrong type.
  const code = (error as { code?: string }).code
  if (code === undefined) return error
  if (WRONG_TYPE.has(code)) {
    return wrongType(error)
  }
  return new InternalError({
    what: 'a bug in loralib',
    expected: 'a result of the addon, or an error with a code',
    received: error.message,
    fix: 'please report this',
    cause: error,
  })
}

// N-API names Rust types; messages name those of JavaScript.
const TYPES: readonly (readonly [rust: RegExp, js: string])[] = [
  [/^(i32|u32|i64|u64)$/, 'an integer'],
  [/^f64$/, 'a number'],
  [/String|str/, 'a string'],
  [/bool/, 'true or false'],
  [/Vec|Array|Slice/, 'an array'],
]

function wrongType(error: Error): OptionError {
  const rust = /rust type `([^`]*)`/.exec(error.message)?.[1] ?? error.message
  const value = /(?:napi value|JavaScript value) `?(.*?)\s*`? into/.exec(error.message)?.[1]
  return new OptionError({
    what: 'an argument has the wrong type',
    expected: TYPES.find(([pattern]) => pattern.test(rust))?.[1] ?? 'an argument of another type',
    received: value ?? error.message,
    fix: 'pass the type that index.d.ts names',
    cause: error,
  })
}

function parse(message: string): Record<string, string> | null {
  if (!message.startsWith('{')) return null
  try {
    const data: unknown = JSON.parse(message)
    return typeof data === 'object' && data !== null && 'loralib' in data ? (data as Record<string, string>) : null
  } catch {
    return null
  }
}
