// Operators and protocols of Python: comparison, truth, length, iteration, subscripts.
import { arithmetic, asIndex, asFloat, numeric } from './numbers.js'
import type { Operator } from './numbers.js'
import { countMade, countSteps } from './limits.js'
import { percentFormat } from './format.js'
import { repr } from './print.js'
import { characters, compareTexts, cut, lengthOf } from './text.js'
import { Dict, DictView, Float, Generator, Range, TemplateError, Tuple, typeOf, Undefined } from './values.js'
import type { Value } from './values.js'

/** Whether a value counts as true. */
export function truth(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false
  if (typeof value === 'object') return value instanceof Float ? value.n !== 0 : (sizeOf(value) ?? 1) > 0
  return Boolean(value)
}

/** The number of elements; undefined for what has none. */
function sizeOf(value: Value): number | undefined {
  if (typeof value === 'string') return lengthOf(value)
  if (Array.isArray(value) || value instanceof Range) return value.length
  if (value instanceof Tuple) return value.items.length
  if (value instanceof Dict) return value.size
  if (value instanceof DictView) return value.dict.size
  return value instanceof Undefined ? 0 : undefined
}

/** Python's `len(value)`. */
export function length(value: Value): number {
  const size = sizeOf(value)
  if (size !== undefined) return size
  throw new TemplateError(`object of type '${typeOf(value)}' has no len()`)
}

/** The elements of a value; undefined for what cannot be iterated over. */
export function elements(value: Value): readonly Value[] | undefined {
  const items = elementsOf(value)
  countSteps(items?.length ?? 0)
  return items
}

function elementsOf(value: Value): readonly Value[] | undefined {
  if (typeof value === 'string') return characters(value)
  if (Array.isArray(value)) return value
  if (value instanceof Tuple) return value.items
  if (value instanceof Dict) return value.keys()
  if (value instanceof DictView || value instanceof Range) return value.items()
  if (value instanceof Generator) return value.take()
  return value instanceof Undefined ? [] : undefined
}

/** The elements of a value that must have some. */
export function iterate(value: Value): readonly Value[] {
  const items = elements(value)
  if (items !== undefined) return items
  throw new TemplateError(`'${typeOf(value)}' object is not iterable`)
}

/** Python's `a == b`. */
export function equal(a: Value, b: Value): boolean {
  // Lists that hold others many times take far more steps than a template has nodes.
  countSteps(1)
  const [x, y] = [numeric(a), numeric(b)]
  // eslint-disable-next-line eqeqeq -- a bigint and a float are compared exactly by ==
  if (x !== undefined && y !== undefined) return plain(x) == plain(y)
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b)
  if (a instanceof Tuple) return b instanceof Tuple && equalLists(a.items, b.items)
  if (a instanceof Dict) return b instanceof Dict && equalDicts(a, b)
  if (a instanceof Range) return b instanceof Range && equalLists(a.items(), b.items())
  return a instanceof Undefined && b instanceof Undefined
}

const plain = (number: number | bigint | Float) => (number instanceof Float ? number.n : number)

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((each, i) => equal(each, b[i]!))
}

function equalDicts(a: Dict, b: Dict): boolean {
  if (a.size !== b.size) return false
  return a.entries().every(([key, value]) => b.has(key) && equal(value, b.get(key)!))
}

/** The order of two values; NaN for a float that is none. @throws {TemplateError} when they have no order. */
export function order(a: Value, b: Value, op: string): number {
  const [x, y] = [numeric(a), numeric(b)]
  if (x !== undefined && y !== undefined) {
    const [p, q] = [plain(x), plain(y)]
    return p < q ? -1 : p > q ? 1 : Number.isNaN(p) || Number.isNaN(q) ? NaN : 0
  }
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  if (Array.isArray(a) && Array.isArray(b)) return orderLists(a, b, op)
  if (a instanceof Tuple && b instanceof Tuple) return orderLists(a.items, b.items, op)
  failUndefined(a, b)
  throw new TemplateError(`'${op}' not supported between instances of '${typeOf(a)}' and '${typeOf(b)}'`)
}

function orderLists(a: readonly Value[], b: readonly Value[], op: string): number {
  const at = a.findIndex((each, i) => i >= b.length || !equal(each, b[i]!))
  return at < 0 || at >= b.length ? Math.sign(a.length - b.length) : order(a[at]!, b[at]!, op)
}

/** A comparison by its operator. */
export function compare(op: string, a: Value, b: Value): boolean {
  if (op === '==') return equal(a, b)
  if (op === '!=') return !equal(a, b)
  if (op === 'in') return contains(b, a)
  if (op === 'not in') return !contains(b, a)
  const sign = order(a, b, op)
  if (op === '<') return sign < 0
  if (op === '>') return sign > 0
  return op === '<=' ? sign <= 0 : sign >= 0
}

/** Python's `item in container`. */
export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item === 'string') return container.includes(item)
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeOf(item)}`)
  }
  if (container instanceof Dict) return container.has(item)
  const items = elements(container)
  if (items !== undefined) return items.some((each) => equal(each, item))
  throw new TemplateError(`argument of type '${typeOf(container)}' is not iterable`)
}

/** An operator of arithmetic, with what it means for texts, lists and tuples. */
export function binary(op: Operator, a: Value, b: Value): Value {
  if (op === '%' && typeof a === 'string') return percentFormat(a, b)
  failUndefined(a, b)
  const [x, y] = [numeric(a), numeric(b)]
  if (x !== undefined && y !== undefined) return arithmetic(op, x, y)
  const joined = op === '+' ? join(a, b) : op === '*' ? repeat(a, b) : undefined
  if (joined !== undefined) return joined
  if (op === '+' && (typeof a === 'string' || Array.isArray(a) || a instanceof Tuple)) throw notJoined(a, b)
  const name = op === '**' ? '** or pow()' : op
  throw new TemplateError(`unsupported operand type(s) for ${name}: '${typeOf(a)}' and '${typeOf(b)}'`)
}

function join(a: Value, b: Value): Value | undefined {
  if (typeof a === 'string' && typeof b === 'string') return a + b
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
  return a instanceof Tuple && b instanceof Tuple ? new Tuple([...a.items, ...b.items]) : undefined
}

function notJoined(a: Value, b: Value): TemplateError {
  return new TemplateError(`can only concatenate ${typeOf(a)} (not "${typeOf(b)}") to ${typeOf(a)}`)
}

function repeat(a: Value, b: Value): Value | undefined {
  const [what, count] = typeof numeric(a) === 'number' || typeof numeric(a) === 'bigint' ? [b, a] : [a, b]
  const items = typeof what === 'string' ? what : Array.isArray(what) ? what : what instanceof Tuple ? what.items : null
  const number = numeric(count)
  if (items === null || number === undefined || number instanceof Float) return undefined
  const times = Math.max(0, asIndex(count))
  countMade(times * items.length)
  if (typeof items === 'string') return items.repeat(times)
  const list = Array.from({ length: times }, () => items).flat(1) as Value[]
  return what instanceof Tuple ? new Tuple(list) : list
}

/** `-value` or `+value`. */
export function unary(op: '-' | '+', value: Value): Value {
  failUndefined(value)
  const number = numeric(value)
  if (number === undefined) throw new TemplateError(`bad operand type for unary ${op}: '${typeOf(value)}'`)
  if (op === '+') return number
  return number instanceof Float ? new Float(-number.n) : typeof number === 'bigint' ? -number : 0 - number
}

/** Throws the error of an undefined value. */
export function failUndefined(...values: readonly Value[]): void {
  for (const value of values) if (value instanceof Undefined) value.fail()
}

/** `value[start:stop:step]`; undefined for what has no parts in an order. */
export function slice(value: Value, bounds: readonly (Value | null)[]): Value | undefined {
  const [start, stop, step] = bounds.map((bound) => (bound === null ? null : asIndex(bound)))
  const by = step ?? 1
  if (by === 0) throw new TemplateError('slice step cannot be zero')
  const pick = <T>(items: readonly T[]): T[] => indexes(items.length, start!, stop!, by).map((i) => items[i]!)
  if (typeof value === 'string') {
    if (by !== 1) return pick(characters(value)).join('')
    const size = lengthOf(value)
    const from = clamp(start ?? 0, size)
    return cut(value, from, Math.max(from, clamp(stop ?? size, size)))
  }
  if (Array.isArray(value)) return pick(value)
  if (value instanceof Tuple) return new Tuple(pick(value.items))
  return value instanceof Range ? part(value, indexes(value.length, start!, stop!, by), by) : undefined
}

/** A part of a range is a range. */
function part(range: Range, at: readonly number[], by: number): Range {
  const first = range.start + (at[0] ?? 0) * range.step
  return new Range(first, first + at.length * by * range.step, by * range.step)
}

const clamp = (at: number, size: number) => Math.min(size, Math.max(0, at < 0 ? at + size : at))

function indexes(size: number, start: number | null, stop: number | null, step: number): number[] {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1]
  const bound = (at: number) => Math.min(high, Math.max(low, at < 0 ? at + size : at))
  const [from, to] = [
    start === null ? (step > 0 ? 0 : size - 1) : bound(start),
    stop === null ? (step > 0 ? size : -1) : bound(stop),
  ]
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
}

/** `value[key]` as Python has it; undefined where it would raise. */
export function item(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return isHashable(key) ? value.get(key) : undefined
  const index = numeric(key)
  if (index === undefined || index instanceof Float) return undefined
  const all = typeof value === 'string' ? characters(value) : value instanceof Tuple ? value.items : value
  if (all instanceof Range) return all.items().at(asIndex(key))
  return Array.isArray(all) ? (all as readonly Value[]).at(asIndex(key)) : undefined
}

function isHashable(key: Value): boolean {
  if (key instanceof Tuple) return key.items.every(isHashable)
  return !(Array.isArray(key) || key instanceof Dict)
}

/** A list in order: by keys, stable. */
export function sort(items: readonly Value[], key: (item: Value) => Value, reverse: boolean): Value[] {
  const pairs = items.map((each) => [key(each), each] as const)
  // Python's sort is stable in both directions.
  const sign = reverse ? -1 : 1
  return pairs.toSorted(([a], [b]) => sign * order(a, b, '<')).map(([, each]) => each)
}

/** Whether a value can be called. */
export function isCallable(value: Value): boolean {
  return value instanceof Undefined || (typeof value === 'object' && value !== null && 'call' in value)
}

/** A number of Python's `float()` and `int()`; undefined when the text is none. */
export function parseNumber(text: string): number | bigint | Float | undefined {
  const plainText = text.trim().replace(/(?<=\d)_(?=\d)/g, '')
  if (/^[-+]?\d+$/.test(plainText)) {
    const whole = BigInt(plainText.replace('+', ''))
    return whole <= Number.MAX_SAFE_INTEGER && whole >= Number.MIN_SAFE_INTEGER ? Number(whole) : whole
  }
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plainText)) return new Float(Number(plainText))
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(plainText)
  if (special === null) return undefined
  return new Float(special[2]!.toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity)
}

/** A number that Python's `float()` makes of a value; undefined when it makes none. */
export function toFloat(value: Value): number | undefined {
  const number = typeof value === 'string' ? parseNumber(value) : numeric(value)
  return number === undefined ? undefined : asFloat(number)
}

/** The error for an element or attribute that is missing. */
export function missing(value: Value, key: Value): Undefined {
  const shown = value === null ? 'None' : `${typeOf(value)} object`
  if (typeof key === 'string') return new Undefined(`${repr(shown)} has no attribute ${repr(key)}`)
  return new Undefined(`${shown} has no element ${repr(key)}`)
}
