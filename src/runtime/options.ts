// Checks of arguments, and of options that depend on shapes, devices or other options. Names, types and ranges of options: check-options.ts.
import { DeviceError, OptionError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'

/** The element types that the weight of a layer can have. */
export type FloatDtype = 'f32' | 'f64' | 'bf16' | 'f16'

const FLOAT_DTYPES: readonly string[] = ['f32', 'f64', 'bf16', 'f16']

/** The element types that the frozen weights of a model can have: those of layers, and the blocks of GGUF files. */
export type WeightDtype =
  FloatDtype | 'q4_0' | 'q4_1' | 'q5_0' | 'q5_1' | 'q8_0' | 'q2_k' | 'q3_k' | 'q4_k' | 'q5_k' | 'q6_k'

/** Options that every layer with parameters takes. */
export interface PlacementOptions {
  /** Element type of the parameters. `bf16` and `f16` halve the memory of a frozen weight. @default 'f32' */
  dtype?: FloatDtype
  /** Where the parameters live; it must be the device that `lora.backend()` reports. @default that device */
  device?: string
}

/** An integer of at least `min`. */
export function checkInteger(owner: string, name: string, value: unknown, min: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min) return value
  throw bad(owner, name, `an integer, ${min} or more`, value)
}

/** A finite number, at least `min`; `open` excludes `min` itself. */
export function checkNumber(owner: string, name: string, value: unknown, min = -Infinity, open = false): number {
  if (typeof value === 'number' && Number.isFinite(value) && (open ? value > min : value >= min)) return value
  const bound = min === -Infinity ? '' : open ? ` above ${min}` : `, ${min} or more`
  throw bad(owner, name, `a finite number${bound}`, value)
}

/** A probability in [0, 1]. */
export function checkProbability(owner: string, name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw bad(owner, name, 'a number from 0 to 1', value)
}

/** A boolean: 0 and 1 are refused, since Python code that passes them often means something else. */
export function checkBoolean(owner: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw bad(owner, name, 'true or false', value)
}

/** One of `values`. */
export function checkChoice<const T extends string>(
  owner: string,
  name: string,
  value: unknown,
  values: readonly T[],
): T {
  const found = values.find((choice) => choice === value)
  if (found !== undefined) return found
  const near = typeof value === 'string' ? nearest(value, values) : undefined
  throw bad(owner, name, values.map((choice) => `'${choice}'`).join(' or '), value, near && `write '${near}'`)
}

/** Compares the given device with that of a new tensor: there is one device per process. */
export function checkDevice(owner: string, device: string | undefined, made: Tensor): void {
  if (device === undefined || device === made.device) return
  throw new DeviceError({
    what: `${owner}: this device is not in use`,
    expected: `'${made.device}', the device of this process`,
    received: show(device),
    fix: 'leave device out, or start the process on the other device',
  })
}

/** Checks that a tensor given as a parameter has the shape that the layer would have made; it may be in blocks where the layer reads them. */
export function checkGiven(
  owner: string,
  name: string,
  given: Tensor,
  shape: readonly number[],
  readsBlocks = false,
): void {
  const same = given.shape.length === shape.length && given.shape.every((n, i) => n === shape[i])
  const fits = FLOAT_DTYPES.includes(given.dtype) || (readsBlocks && given.dtype.startsWith('q'))
  if (!same || !fits) {
    throw bad(owner, name, `a floating tensor of shape (${shape.join(', ')})`, given)
  }
}

/** `paddingIdx` as a row index, −1 for none. */
export function resolvePadding(owner: string, paddingIdx: number | null | undefined, rows: number): number {
  if (paddingIdx === null || paddingIdx === undefined) return -1
  if (!Number.isInteger(paddingIdx) || paddingIdx < -rows || paddingIdx >= rows) {
    throw bad(owner, 'paddingIdx', `an integer from ${-rows} to ${rows - 1}`, paddingIdx)
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx
}

/** The error for one bad option. */
export function bad(owner: string, name: string, expected: string, received: unknown, fix?: string): OptionError {
  return new OptionError({
    what: `${owner}: ${name} is not usable`,
    expected: `${name}: ${expected}`,
    received: show(received),
    fix: fix || `pass ${name} as ${expected}`,
  })
}

/** A value as text for an error message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (isTensorLike(value)) return `(${value.shape.join(', ')}) ${value.dtype}`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return isPlain(value) ? showEntries(value) : value.constructor.name
  return String(value)
}

/** Whether a value is an object made by `{…}` or without a prototype: of no class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function isPlain(value: object): boolean {
  return value.constructor === undefined || value.constructor === Object
}

/** The first entries of an object. Objects and lists in it are not opened, so that one that holds itself ends, too. */
function showEntries(value: object): string {
  const entries = Object.entries(value)
  const shown = entries.slice(0, 3).map(([name, each]) => {
    if (Array.isArray(each)) return `${name}: […]`
    const nested = typeof each === 'object' && each !== null && isPlain(each)
    return `${name}: ${nested ? '{…}' : show(each)}`
  })
  return entries.length === 0 ? '{}' : `{ ${shown.join(', ')}${entries.length > 3 ? ', …' : ''} }`
}

/** The candidate nearest to `name`, if one is near enough to be a typing error. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const plain = simplify(name)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(plain.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplify(candidate))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

// Python's spelling (lora_alpha) counts as the same name.
function simplify(name: string): string {
  return name.toLowerCase().replaceAll('_', '')
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + swap))
    }
    row = next
  }
  return row[b.length]!
}

function isTensorLike(value: unknown): value is { shape: number[]; dtype: string } {
  return typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value
}
