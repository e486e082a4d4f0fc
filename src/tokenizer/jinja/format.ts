// Python's two ways to format: `'%s' % value` and `'{}'.format(value)`.
import { repeated } from './limits.js'
import { asFloat, asIndex, numeric, roundTo } from './numbers.js'
import { float, repr, str } from './print.js'
import { characters, lengthOf } from './text.js'
import { Dict, Float, TemplateError, Tuple, typeOf, Undefined } from './values.js'
import type { Args, Value } from './values.js'

/** Flags, width and precision of one field. */
interface Field {
  fill: string
  align: '<' | '>' | '=' | '^'
  sign: '-' | '+' | ' '
  alternate: boolean
  width: number
  group: string
  precision: number | undefined
  kind: string
}

const PERCENT = /%(?:\(([^)]*)\))?([#0\- +]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?(.?)/gsu

/** Python's `template % values`. */
export function percentFormat(template: string, values: Value): string {
  const list = values instanceof Tuple ? values.items : [values]
  let used = 0
  let named = false
  const next = (): Value => {
    if (used >= list.length) throw new TemplateError('not enough arguments for format string')
    return list[used++]!
  }
  const text = template.replace(
    PERCENT,
    (_, key?: string, flags = '', width?: string, precision?: string, kind = '') => {
      if (kind === '%') return '%'
      if (kind === '') throw new TemplateError('incomplete format')
      const size = width === '*' ? asIndex(next()) : Number(width ?? 0)
      const digits = precision === '*' ? asIndex(next()) : precision === undefined ? undefined : Number(precision)
      named ||= key !== undefined
      const value = key === undefined ? next() : lookup(values, key)
      return percentField(value, flags as string, size, digits, kind as string)
    },
  )
  const isMapping = values instanceof Dict || values instanceof Undefined || Array.isArray(values)
  if (used < list.length && !named && !(isMapping && used === 0))
    throw new TemplateError('not all arguments converted during string formatting')
  return text
}

function lookup(values: Value, key: string): Value {
  const value = values instanceof Dict ? values.get(key) : undefined
  if (value !== undefined) return value
  throw new TemplateError(values instanceof Dict ? repr(key) : 'format requires a mapping')
}

function percentField(value: Value, flags: string, size: number, precision: number | undefined, kind: string): string {
  const left = flags.includes('-') || size < 0
  const field: Field = {
    fill: flags.includes('0') && !left ? '0' : ' ',
    align: left ? '<' : flags.includes('0') ? '=' : '>',
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
    alternate: flags.includes('#'),
    width: Math.abs(size),
    group: '',
    precision,
    kind,
  }
  if ('sra'.includes(kind)) {
    const text = kind === 's' ? str(value) : repr(value)
    return pad(clip(text, precision), { ...field, fill: ' ', align: left ? '<' : '>' })
  }
  if (kind === 'c') return pad(typeof value === 'string' ? value : String.fromCodePoint(asIndex(value)), field)
  const number = numeric(value)
  if (number === undefined || (number instanceof Float && 'oxX'.includes(kind)))
    throw new TemplateError(
      `%${kind} format: ${'oxX'.includes(kind) ? 'an integer' : 'a real number'} is required, not ${typeOf(value)}`,
    )
  if ('diu'.includes(kind)) return digitsOf(wholeOf(number), { ...field, kind: 'd', precision: undefined })
  if ('oxXeEfFgG'.includes(kind)) return digitsOf(number, field)
  throw new TemplateError(`unsupported format character '${kind}' (0x${kind.codePointAt(0)!.toString(16)})`)
}

/** A number without its fraction. */
function wholeOf(number: number | bigint | Float): number | bigint {
  if (!(number instanceof Float)) return number
  if (Number.isFinite(number.n)) return BigInt(Math.trunc(number.n))
  throw new TemplateError(`cannot convert float ${float(number.n)} to integer`)
}

const clip = (text: string, precision: number | undefined) =>
  precision === undefined ? text : characters(text).slice(0, precision).join('')

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su

/** Python's `format(value, spec)`. */
export function formatSpec(value: Value, spec: string): string {
  if (spec === '') return str(value)
  const match = SPEC.exec(spec)
  if (match === null) throw new TemplateError('Invalid format specifier')
  const [, fill, align, sign = '-', alternate, zero, width, group = '', precision, kind = ''] = match
  const number = typeof value === 'string' ? undefined : numeric(value)
  const isNumber = number !== undefined && kind !== 's'
  const field: Field = {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: (align ?? (isNumber ? (zero === undefined ? '>' : '=') : '<')) as Field['align'],
    sign: sign as Field['sign'],
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    group,
    precision: precision === undefined ? undefined : Number(precision),
    kind,
  }
  if (isNumber) return digitsOf(number, { ...field, kind: typeof value === 'boolean' && kind === '' ? 'd' : kind })
  if (typeof value === 'string' && (kind === '' || kind === 's')) return pad(clip(value, field.precision), field)
  if (typeof value === 'string' || number !== undefined)
    throw new TemplateError(`Unknown format code '${kind}' for object of type '${typeOf(value)}'`)
  throw new TemplateError(`unsupported format string passed to ${typeOf(value)}.__format__`)
}

/** A number in the form that a field asks for. */
function digitsOf(number: number | bigint | Float, field: Field): string {
  const { kind, alternate } = field
  if (number instanceof Float || 'eEfFgG%'.includes(kind || 'x'))
    return signed(asFloat(number), floatDigits(number, field), field)
  const value = BigInt(number)
  const positive = value < 0n ? -value : value
  if (kind === 'c') return pad(String.fromCodePoint(Number(value)), field)
  const radix = { b: 2, o: 8, x: 16, X: 16, d: 10, n: 10, '': 10 }[kind]
  if (radix === undefined) throw new TemplateError(`Unknown format code '${kind}' for object of type 'int'`)
  const plain = positive.toString(radix)
  const text = kind === 'X' ? plain.toUpperCase() : plain
  return signed(value < 0n ? -1 : 1, (alternate && radix !== 10 ? `0${kind}` : '') + text, field)
}

function signed(number: number, digits: string, field: Field): string {
  const sign = number < 0 || Object.is(number, -0) ? '-' : field.sign === '-' ? '' : field.sign
  const [whole, rest] = /^(\d*)(.*)$/s.exec(digits)!.slice(1) as [string, string]
  const grouped = field.group === '' ? whole : whole.replace(/\B(?=(\d{3})+$)/g, field.group)
  const text = grouped + rest
  const missing = field.width - lengthOf(sign + text)
  if (field.align === '=') return sign + repeated(field.fill, Math.max(0, missing)) + text
  return pad(sign + text, field)
}

function floatDigits(number: number | bigint | Float, { kind, precision, alternate }: Field): string {
  const n = Math.abs(asFloat(number))
  if (!Number.isFinite(n)) return 'EFG'.includes(kind || 'x') ? float(n).toUpperCase() : float(n)
  if (kind === '' && precision === undefined) return float(n)
  const places = precision ?? 6
  if (kind === 'f' || kind === 'F') return roundTo(n, places)
  if (kind === '%') return `${roundTo(n * 100, places)}%`
  if (kind === 'e' || kind === 'E') return exponential(n, places, kind)
  if ('gGn'.includes(kind) || kind === '') return general(n, Math.max(1, places), kind, alternate)
  throw new TemplateError(`Unknown format code '${kind}' for object of type 'float'`)
}

function exponential(n: number, places: number, mark: string): string {
  const [digits, power] = n.toExponential(Math.min(100, places)).split('e') as [string, string]
  return `${digits}${mark}${power[0]}${power.slice(1).padStart(2, '0')}`
}

function general(n: number, digits: number, kind: string, alternate: boolean): string {
  const exponent = Number(n.toExponential(Math.min(100, digits - 1)).split('e')[1])
  const short = (text: string) => (alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, ''))
  if (exponent >= -4 && exponent < digits) {
    const text = short(roundTo(n, digits - 1 - exponent))
    return kind === '' && !text.includes('.') ? `${text}.0` : text
  }
  const [mantissa, power] = exponential(n, digits - 1, kind === 'G' ? 'E' : 'e').split(/(?=[eE])/) as [string, string]
  return short(mantissa) + power
}

function pad(text: string, { fill, align, width }: Field): string {
  const missing = Math.max(0, width - lengthOf(text))
  const left = align === '<' ? 0 : align === '^' ? Math.floor(missing / 2) : missing
  return repeated(fill, left) + text + repeated(fill, missing - left)
}

/** How `{field.name[key]}` is looked up. */
export interface Lookup {
  attribute(value: Value, name: string): Value
  item(value: Value, key: Value): Value
}

/** Python's `template.format(…)`. */
export function braceFormat(template: string, args: Args, find: Lookup): string {
  let automatic = 0
  const value = (name: string): Value => {
    const [, first, rest] = /^([^.[]*)(.*)$/s.exec(name)!
    const key = first === '' ? String(automatic++) : first!
    const found = /^\d+$/.test(key) ? args.list[Number(key)] : args.named.get(key)
    if (found === undefined)
      throw new TemplateError(
        /^\d+$/.test(key) ? `Replacement index ${key} out of range for positional args tuple` : repr(key),
      )
    let result = found
    for (const [, attribute, index] of rest!.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g))
      result =
        attribute !== undefined
          ? find.attribute(result, attribute)
          : find.item(result, /^\d+$/.test(index!) ? Number(index) : index!)
    return result
  }
  const fields = (text: string, depth: number): string =>
    text.replace(/\{\{|\}\}|\{((?:[^{}]|\{[^{}]*\})*)\}|[{}]/g, (whole, inner?: string) => {
      if (depth === 0 && (whole === '{{' || whole === '}}')) return whole[0]!
      if (inner === undefined) throw new TemplateError(`Single '${whole[0]}' encountered in format string`)
      const [, name, conversion, spec = ''] = /^([^!:]*)(?:!(.))?(?::(.*))?$/s.exec(inner) ?? []
      if (name === undefined) throw new TemplateError("expected ':' after conversion specifier")
      const found = value(name)
      const shown = conversion === 'r' || conversion === 'a' ? repr(found) : conversion === 's' ? str(found) : found
      return formatSpec(shown, spec.includes('{') && depth === 0 ? fields(spec, 1) : spec)
    })
  return fields(template, 0)
}
