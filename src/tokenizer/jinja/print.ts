// Values as text: Python's str(), repr() and json.dumps().
import { countMade, countSteps, repeated } from './limits.js'
import { characters, compareTexts } from './text.js'
import { Dict, DictView, Float, Func, Range, TemplateError, Tuple, typeOf, Undefined } from './values.js'
import type { Value } from './values.js'

/** Python's `str(value)`: what `{{ value }}` prints. */
export function str(value: Value): string {
  if (typeof value === 'string') return value
  return value instanceof Undefined ? '' : repr(value)
}

/** Python's `repr(value)`: what a list prints of its elements. */
export function repr(value: Value): string {
  if (typeof value === 'string') return quote(value)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof Float) return float(value.n)
  return container(value)
}

function container(value: Exclude<Value, null | boolean | number | bigint | string>): string {
  const text = containerText(value)
  countMade(text.length)
  return text
}

function containerText(value: Exclude<Value, null | boolean | number | bigint | string>): string {
  countSteps(1)
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`
  if (value instanceof Tuple) return `(${value.items.map(repr).join(', ')}${value.items.length === 1 ? ',' : ''})`
  if (value instanceof Dict) return `{${value.entries().map(pair).join(', ')}}`
  if (value instanceof DictView) return `${value.type}([${value.items().map(repr).join(', ')}])`
  if (value instanceof Undefined) return 'Undefined'
  if (value instanceof Range) return `range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`
  if (value instanceof Func) return `<built-in method ${value.name}>`
  return `<${value.type} object>`
}

const pair = ([key, value]: [Value, Value]) => `${repr(key)}: ${repr(value)}`

/** A float as Python prints it: the shortest digits, with an exponent below 1e-4 and from 1e16 on. */
export function float(n: number): string {
  if (!Number.isFinite(n)) return Number.isNaN(n) ? 'nan' : n < 0 ? '-inf' : 'inf'
  if (Object.is(n, -0)) return '-0.0'
  const [digits, power] = n.toExponential().split('e') as [string, string]
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16)
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  const [sign, plain] = n < 0 ? ['-', digits.slice(1)] : ['', digits]
  const all = plain.replace('.', '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${all}`
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${all.slice(exponent + 1) || '0'}`
}

const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const written = characters(text).map((each) => {
    if (each === mark) return `\\${each}`
    if (ESCAPES[each] !== undefined) return ESCAPES[each]
    return each !== ' ' && /[\p{C}\p{Z}]/u.test(each) ? escapeCode(each.codePointAt(0)!) : each
  })
  return mark + written.join('') + mark
}

function escapeCode(code: number): string {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** The options of Python's `json.dumps`, as transformers' `tojson` has them. */
export interface JsonStyle {
  ascii: boolean
  /** What one level is indented by; null for one line. */
  indent: string | null
  separators: readonly [item: string, key: string]
  sortKeys: boolean
}

/** Python's `json.dumps(value)`. @throws {TemplateError} for a value that JSON has no form for. */
export function json(value: Value, style: JsonStyle, level = 0): string {
  countSteps(1)
  if (value === null) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return jsonText(value, style.ascii)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof Float) return jsonFloat(value.n)
  const inner = (each: Value) => json(each, style, level + 1)
  if (Array.isArray(value)) return jsonBlock('[]', value.map(inner), style, level)
  if (value instanceof Tuple) return jsonBlock('[]', value.items.map(inner), style, level)
  if (!(value instanceof Dict)) throw new TemplateError(`Object of type ${typeOf(value)} is not JSON serializable`)
  const entries = style.sortKeys ? sorted(value.entries()) : value.entries()
  const lines = entries.map(([key, each]) => jsonText(jsonKey(key), style.ascii) + style.separators[1] + inner(each))
  return jsonBlock('{}', lines, style, level)
}

function jsonBlock(marks: string, lines: string[], { indent, separators }: JsonStyle, level: number): string {
  countMade(lines.reduce((length, line) => length + line.length, 0))
  if (lines.length === 0) return marks
  if (indent === null) return marks[0] + lines.join(separators[0]) + marks[1]
  const [inside, outside] = [`\n${repeated(indent, level + 1)}`, `\n${repeated(indent, level)}`]
  return marks[0] + inside + lines.join(separators[0] + inside) + outside + marks[1]
}

function jsonFloat(n: number): string {
  if (Number.isFinite(n)) return float(n)
  return Number.isNaN(n) ? 'NaN' : n < 0 ? '-Infinity' : 'Infinity'
}

function jsonKey(key: Value): string {
  if (typeof key === 'string') return key
  if (key === null) return 'null'
  if (typeof key === 'boolean' || typeof key === 'number' || typeof key === 'bigint') return String(key)
  if (key instanceof Float) return jsonFloat(key.n)
  throw new TemplateError(`keys must be str, int, float, bool or None, not ${typeOf(key)}`)
}

function sorted(entries: [Value, Value][]): [Value, Value][] {
  return entries.toSorted(([a], [b]) => {
    if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
    throw new TemplateError(`'<' not supported between instances of '${typeOf(b)}' and '${typeOf(a)}'`)
  })
}

const JSON_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

function jsonText(text: string, ascii: boolean): string {
  const unit = (each: string) => JSON_ESCAPES[each] ?? `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`
  // Without the flag u: two units of a character beyond U+FFFF are two escapes.
  return `"${text.replace(ascii ? /["\\]|[^ -~]/g : /["\\]|[^ -\uffff]/g, unit)}"`
}
