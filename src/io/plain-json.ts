// JSON that loses nothing: JSON writes NaN and infinities as null, −0 as 0 and class instances as whatever their fields happen to be. Here numbers and
// bigints come back as they were, tensors go into a dict beside the text, and anything else that JSON cannot hold is refused.
import { OptionError } from '../errors.js'
import type { StateDict } from '../nn/module.js'
import { Tensor } from '../tensor/tensor.js'
import { bad, isPlainObject } from '../runtime/options.js'

/** A value in a form that JSON holds whole, and the tensors in it by the path to them. */
export interface PlainValue {
  value: unknown
  tensors: StateDict
}

/** What stands in the text for a value that JSON has no form for. */
type Mark = { $number: string } | { $bigint: string } | { $tensor: string }

const MARKS = ['$number', '$bigint', '$tensor']

/**
 * Takes plain values: null, booleans, numbers, strings, bigints, tensors, arrays and plain objects of these. Fields that are undefined are left out.
 * @throws {OptionError} naming the path to a value that is not plain.
 */
export function toPlain(owner: string, value: unknown): PlainValue {
  const tensors: StateDict = {}
  return { value: encode(owner, value, 'state', tensors), tensors }
}

/** The value that {@link toPlain} took. Other values that come from JSON are returned as they are. @throws {OptionError} for a tensor that is not there. */
export function fromPlain(value: unknown, tensors: StateDict = {}): unknown {
  if (Array.isArray(value)) return value.map((item) => fromPlain(item, tensors))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const marked = entries.length === 1 ? unmark(entries[0]!, tensors) : undefined
  return marked ?? Object.fromEntries(entries.map(([key, item]) => [key, fromPlain(item, tensors)]))
}

/** A copy of a plain value that later changes of the original do not reach; tensors are not copied. @throws as {@link toPlain}. */
export function copyPlain<T>(owner: string, value: T): T {
  const plain = toPlain(owner, value)
  return fromPlain(plain.value, plain.tensors) as T
}

function encode(owner: string, value: unknown, path: string, tensors: StateDict): unknown {
  if (typeof value === 'number')
    return isLost(value) ? mark({ $number: Object.is(value, -0) ? '-0' : String(value) }) : value
  if (typeof value === 'bigint') return mark({ $bigint: String(value) })
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (value instanceof Tensor) {
    let name = path
    while (name in tensors) name += "'" // a key may hold dots
    tensors[name] = value
    return mark({ $tensor: name })
  }
  // A list has no place to leave out.
  if (Array.isArray(value)) return Array.from(value, (item, i) => encode(owner, item, `${path}.${i}`, tensors))
  if (!isPlainObject(value)) throw notPlain(owner, path, value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  if (entries.length === 1 && MARKS.includes(entries[0]![0])) throw notPlain(owner, path, value)
  return Object.fromEntries(entries.map(([key, item]) => [key, encode(owner, item, `${path}.${key}`, tensors)]))
}

/** The value that a mark stands for; undefined where it is none. */
function unmark([key, as]: [string, unknown], tensors: StateDict): unknown {
  if (typeof as !== 'string' || !MARKS.includes(key)) return undefined
  if (key === '$number') return Number(as)
  if (key === '$bigint') return BigInt(as)
  if (tensors[as] === undefined) throw bad('a saved state', as, 'a tensor of its file', undefined)
  return tensors[as]
}

const mark = (as: Mark): Mark => as

function isLost(value: number): boolean {
  return !Number.isFinite(value) || Object.is(value, -0)
}

function notPlain(owner: string, path: string, value: unknown): OptionError {
  const name = typeof value === 'object' && value !== null ? value.constructor?.name : typeof value
  return new OptionError({
    what: `${owner}: ${path} cannot be saved`,
    expected: 'null, booleans, numbers, strings, bigints, tensors, and arrays and plain objects of them',
    received: isPlainObject(value)
      ? `an object whose one key, ${Object.keys(value)[0]}, has a meaning here`
      : `a ${name}`,
    fix: 'give it as plain values, e.g. [...map] for a Map and Array.from(array) for a typed array',
  })
}
