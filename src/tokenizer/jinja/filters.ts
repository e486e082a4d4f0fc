// The filters of Jinja2, and transformers' `tojson`.
import { attributeGetter, getAttribute, ownAttribute, pairOf } from './attributes.js'
import { percentFormat } from './format.js'
import { countMade, repeated } from './limits.js'
import { asFloat, asIndex, numeric, roundTo } from './numbers.js'
import {
  binary,
  failUndefined,
  iterate,
  length,
  missing,
  order,
  parseNumber,
  sort,
  toFloat,
  truth,
} from './operators.js'
import { json, str } from './print.js'
import { capitalize, characters, cut, lengthOf, SPACE, splitLines, strip } from './text.js'
import { replace } from './strings.js'
import { Args, Dict, Float, Generator, Group, hashOf, TemplateError, Tuple, typeOf, Undefined } from './values.js'
import type { Value } from './values.js'

/** What filters that name others need: `map('upper')`, `select('odd')`. */
export interface Filters {
  filter(name: string, value: Value, args: Args): Value
  test(name: string, value: Value, args: Args): boolean
}

type Filter = (value: Value, args: Args, all: Filters) => Value

const flag = (value: Value | undefined) => value !== undefined && truth(value)
const stringArg = (value: Value | undefined, other: string) => (value === undefined ? other : str(value))
const intArg = (value: Value | undefined, other: number) => (value === undefined ? other : asIndex(value))

/** Texts in small letters: filters that sort ignore case unless asked not to. */
const ignoreCase = (value: Value) => (typeof value === 'string' ? value.toLowerCase() : value)

const onText =
  (change: (text: string) => Value): Filter =>
  (value, args) => {
    args.bind([])
    return change(str(value))
  }

function keyed(caseSensitive: Value | undefined, attribute: Value | undefined): (item: Value) => Value {
  const get = attributeGetter(attribute)
  return flag(caseSensitive) ? get : (each) => ignoreCase(get(each))
}

function extreme(sign: 1 | -1): Filter {
  return (value, args) => {
    const [caseSensitive, attribute] = args.bind(['case_sensitive', 'attribute'])
    const key = keyed(caseSensitive, attribute)
    const [first, ...rest] = iterate(value)
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty.')
    return rest.reduce((best, each) => (sign * order(key(each), key(best), '<') < 0 ? each : best), first)
  }
}

/** `select`, `reject`, `selectattr`, `rejectattr`. */
function selector(wanted: boolean, byAttribute: boolean): Filter {
  return (value, { owner, list, named }, all) =>
    new Generator('generator', () => {
      if (!truth(value)) return []
      if (byAttribute && list.length === 0) throw new TemplateError('Missing parameter for attribute name')
      const get = byAttribute ? attributeGetter(list[0]) : (each: Value) => each
      const [name, ...rest] = list.slice(byAttribute ? 1 : 0)
      const test = (each: Value) =>
        name === undefined ? truth(each) : all.test(str(name), each, new Args(owner, rest, named))
      return iterate(value).filter((each) => test(get(each)) === wanted)
    })
}

function mapItems(value: Value, { owner, list, named }: Args, all: Filters): Value {
  return new Generator('generator', () => {
    if (!truth(value)) return []
    if (list.length === 0 && named.has('attribute')) {
      const extra = [...named.keys()].find((name) => name !== 'attribute' && name !== 'default')
      if (extra !== undefined) throw new TemplateError(`Unexpected keyword argument '${extra}'`)
      return iterate(value).map(attributeGetter(named.get('attribute'), named.get('default')))
    }
    const [name, ...rest] = list
    if (name === undefined) throw new TemplateError('map requires a filter argument')
    return iterate(value).map((each) => all.filter(str(name), each, new Args(owner, rest, named)))
  })
}

function indent(value: Value, args: Args): string {
  const [width = 4, first, blank] = args.bind(['width', 'first', 'blank'])
  const by = typeof width === 'string' ? width : repeated(' ', Math.max(0, asIndex(width)))
  if (typeof value !== 'string') return str(binary('+', value, '\n'))
  const lines = splitLines(`${value}\n`)
  const rest = lines.slice(1).map((line) => (line === '' && !flag(blank) ? line : by + line))
  return (flag(first) ? by : '') + [lines[0] ?? '', ...rest].join('\n')
}

function toInt(value: Value, args: Args): Value {
  failUndefined(value)
  const [other = 0, base] = args.bind(['default', 'base'])
  const number = typeof value === 'string' ? parseWhole(value, intArg(base, 10)) : numeric(value)
  if (number === undefined) return other
  if (!(number instanceof Float)) return number
  if (!Number.isFinite(number.n)) {
    if (typeof value === 'string') return other
    throw new TemplateError(`cannot convert float ${Number.isNaN(number.n) ? 'NaN' : 'infinity'} to integer`)
  }
  const whole = Math.trunc(number.n)
  return Number.isSafeInteger(whole) ? whole + 0 : BigInt(whole)
}

function parseWhole(text: string, base: number): number | bigint | Float | undefined {
  if (base === 10) return parseNumber(text)
  const prefix = { 2: '0b', 8: '0o', 16: '0x' }[base]
  const digits = strip(text, 'both')
    .toLowerCase()
    .replace(/^([-+]?)(0[box])/, (whole, sign: string, mark: string) => (mark === prefix ? sign : whole))
  const all = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, base)
  return new RegExp(`^[-+]?[${all}]+$`).test(digits) ? parseInt(digits, base) : parseNumber(text)
}

function round(value: Value, args: Args): Value {
  const [precision, method] = args.bind(['precision', 'method'])
  const [digits, how] = [intArg(precision, 0), stringArg(method, 'common')]
  if (!['common', 'ceil', 'floor'].includes(how)) throw new TemplateError('method must be common, ceil or floor')
  failUndefined(value)
  const number = numeric(value)
  if (number === undefined) throw new TemplateError(`type ${typeOf(value)} doesn't define __round__ method`)
  if (how !== 'common') {
    const scale = 10 ** digits
    return new Float((how === 'ceil' ? Math.ceil : Math.floor)(asFloat(number) * scale) / scale)
  }
  if (number instanceof Float) return Number.isFinite(number.n) ? new Float(Number(roundTo(number.n, digits))) : number
  return digits >= 0 ? number : Number(roundTo(Number(number), digits))
}

function groupBy(value: Value, args: Args): Value {
  const [attribute, other, caseSensitive] = args.bind(['attribute', 'default', 'case_sensitive'], 1)
  const get = attributeGetter(attribute, other)
  const key = flag(caseSensitive) ? get : (each: Value) => ignoreCase(get(each))
  const groups: [key: Value, items: Value[]][] = []
  for (const each of sort(iterate(value), key, false)) {
    const last = groups.at(-1)
    if (last !== undefined && hashOf(last[0]) === hashOf(key(each))) last[1].push(each)
    else groups.push([key(each), [each]])
  }
  return groups.map(([, items]) => new Group(get(items[0]!), items))
}

function batch(value: Value, args: Args): Value {
  const [count, fill] = args.bind(['linecount', 'fill_with'], 1)
  const size = asIndex(count!)
  const rows: Value[][] = []
  for (const each of iterate(value)) {
    if (rows.length === 0 || rows.at(-1)!.length === size) rows.push([])
    rows.at(-1)!.push(each)
  }
  const last = rows.at(-1)
  if (last !== undefined && fill !== undefined && fill !== null) countMade(Math.max(0, size))
  if (last !== undefined && fill !== undefined && fill !== null) while (last.length < size) last.push(fill)
  return new Generator('generator', () => rows)
}

function slices(value: Value, args: Args): Value {
  const [count, fill] = args.bind(['slices', 'fill_with'], 1)
  const [items, number] = [iterate(value), asIndex(count!)]
  countMade(Math.max(0, number))
  const [each, extra] = [Math.floor(items.length / number), items.length % number]
  const rows = Array.from({ length: number }, (_, i) => {
    const start = i * each + Math.min(i, extra)
    const row = items.slice(start, start + each + (i < extra ? 1 : 0))
    return fill !== undefined && fill !== null && i >= extra ? [...row, fill] : [...row]
  })
  return new Generator('generator', () => rows)
}

function toJson(value: Value, args: Args): string {
  const [ascii, indentBy = null, separators = null, sortKeys] = args.bind([
    'ensure_ascii',
    'indent',
    'separators',
    'sort_keys',
  ])
  const step =
    typeof indentBy === 'string' || indentBy === null ? indentBy : repeated(' ', Math.max(0, asIndex(indentBy)))
  const [item, key] = separators === null ? [step === null ? ', ' : ',', ': '] : iterate(separators).map(str)
  return json(value, { ascii: flag(ascii), indent: step, separators: [item!, key!], sortKeys: flag(sortKeys) })
}

function truncate(value: Value, args: Args): Value {
  const [size, kill, end, leeway] = args.bind(['length', 'killwords', 'end', 'leeway'])
  const [most, mark] = [intArg(size, 255), stringArg(end, '...')]
  const slack = leeway === undefined || leeway === null ? 5 : asIndex(leeway)
  if (most < lengthOf(mark)) throw new TemplateError(`expected length >= ${lengthOf(mark)}, got ${most}`)
  if (length(value) <= most + slack) return value
  if (typeof value !== 'string') throw new TemplateError(`'${typeOf(value)}' object has no attribute 'rsplit'`)
  const head = cut(value, 0, most - lengthOf(mark))
  return (flag(kill) || !head.includes(' ') ? head : head.slice(0, head.lastIndexOf(' '))) + mark
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }
const escapeHtml = onText((text) => text.replace(/[&<>"']/g, (each) => HTML[each]!))

function urlEncode(value: Value): string {
  const quote = (each: Value, query: boolean) => {
    const text = encodeURIComponent(str(each)).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    )
    return query ? text.replaceAll('%20', '+') : text.replaceAll('%2F', '/')
  }
  if (typeof value !== 'object' || value === null || value instanceof Float) return quote(value, false)
  const pairs = value instanceof Dict ? value.entries() : iterate(value).map(pairOf)
  return pairs.map(([key, each]) => `${quote(key, true)}=${quote(each, true)}`).join('&')
}

const TITLE_PARTS = new RegExp(`([-${SPACE}({\\[<]+)`)

function titleFilter(text: string): string {
  return text
    .split(TITLE_PARTS)
    .map((part) => {
      const [first = '', ...rest] = characters(part)
      return first.toUpperCase() + rest.join('').toLowerCase()
    })
    .join('')
}

const size: Filter = (value) => length(value)
const byDefault: Filter = (value, args) => {
  const [other = '', boolean] = args.bind(['default_value', 'boolean'])
  return value instanceof Undefined || (flag(boolean) && !truth(value)) ? other : value
}

/** The filters by name. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  abs(value) {
    failUndefined(value)
    const number = numeric(value)
    if (number === undefined) throw new TemplateError(`bad operand type for abs(): '${typeOf(value)}'`)
    if (number instanceof Float) return new Float(Math.abs(number.n))
    return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number)
  },
  attr(value, args) {
    const name = str(args.bind(['name'], 1)[0]!)
    failUndefined(value)
    return ownAttribute(value, name) === undefined ? missing(value, name) : getAttribute(value, name)
  },
  batch,
  capitalize: onText(capitalize),
  center(value, args) {
    const text = str(value)
    const width = intArg(args.bind(['width'])[0], 80)
    const space = Math.max(0, width - lengthOf(text))
    const left = Math.floor(space / 2) + (space & width & 1)
    return repeated(' ', left) + text + repeated(' ', space - left)
  },
  count: size,
  d: byDefault,
  default: byDefault,
  dictsort(value, args) {
    const [caseSensitive, by = 'key', reverse] = args.bind(['case_sensitive', 'by', 'reverse'])
    if (by !== 'key' && by !== 'value') throw new TemplateError('You can only sort by either "key" or "value"')
    if (!(value instanceof Dict)) throw new TemplateError(`'${typeOf(value)}' object has no attribute 'items'`)
    const pairs = value.entries().map((entry) => new Tuple(entry))
    const key = (pair: Value) => (pair as Tuple).items[by === 'key' ? 0 : 1]!
    return sort(pairs, flag(caseSensitive) ? key : (pair) => ignoreCase(key(pair)), flag(reverse))
  },
  e: escapeHtml,
  escape: escapeHtml,
  first(value) {
    const found = value instanceof Generator ? value.next() : iterate(value)[0]
    return found === undefined ? new Undefined('No first item, sequence was empty.') : found
  },
  float(value, args) {
    failUndefined(value)
    const number = toFloat(value)
    const [other = new Float(0)] = args.bind(['default'])
    return number === undefined ? other : new Float(number)
  },
  forceescape: escapeHtml,
  format(value, { list, named }) {
    if (list.length > 0 && named.size > 0)
      throw new TemplateError("can't handle positional and keyword arguments at the same time")
    return percentFormat(str(value), named.size > 0 ? Dict.of(named) : new Tuple(list))
  },
  groupby: groupBy,
  indent,
  int: toInt,
  items(value) {
    if (value instanceof Undefined) return []
    if (!(value instanceof Dict)) throw new TemplateError('Can only get item pairs from a mapping.')
    return new Generator('generator', () => value.entries().map((entry) => new Tuple(entry)))
  },
  join(value, args) {
    const [by, attribute] = args.bind(['d', 'attribute'])
    return iterate(value)
      .map((each) => str(attributeGetter(attribute)(each)))
      .join(stringArg(by, ''))
  },
  last(value) {
    if (value instanceof Generator) throw new TemplateError("'generator' object is not reversible")
    const found = iterate(value).at(-1)
    return found === undefined ? new Undefined('No last item, sequence was empty.') : found
  },
  length: size,
  list: (value) => [...iterate(value)],
  lower: onText((text) => text.toLowerCase()),
  map: mapItems,
  max: extreme(-1),
  min: extreme(1),
  reject: selector(false, false),
  rejectattr: selector(false, true),
  replace(value, args) {
    const [old, by, count] = args.bind(['old', 'new', 'count'], 2)
    return replace(str(value), str(old!), str(by!), count === undefined || count === null ? -1 : asIndex(count))
  },
  reverse(value) {
    if (typeof value === 'string') return characters(value).toReversed().join('')
    const items = iterate(value).toReversed()
    return value instanceof Generator ? items : new Generator('list_reverseiterator', () => items)
  },
  round,
  safe: (value) => str(value),
  select: selector(true, false),
  selectattr: selector(true, true),
  slice: slices,
  sort(value, args) {
    const [reverse, caseSensitive, attribute] = args.bind(['reverse', 'case_sensitive', 'attribute'])
    const paths = typeof attribute === 'string' ? attribute.split(',') : [attribute]
    const keys = paths.map((path) => keyed(caseSensitive, path))
    return sort(iterate(value), (each) => keys.map((key) => key(each)), flag(reverse))
  },
  string: onText((text) => text),
  striptags: onText((text) =>
    text
      .replace(/<!--[\s\S]*?-->|<[^>]*>/g, '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .join(' '),
  ),
  sum(value, args) {
    const [attribute, start = 0] = args.bind(['attribute', 'start'])
    return iterate(value)
      .map(attributeGetter(attribute))
      .reduce((total, each) => binary('+', total, each), start)
  },
  title: onText(titleFilter),
  tojson: toJson,
  trim(value, args) {
    const [chars = null] = args.bind(['chars'])
    return strip(str(value), 'both', chars === null ? undefined : str(chars))
  },
  truncate,
  unique(value, args) {
    const [caseSensitive, attribute] = args.bind(['case_sensitive', 'attribute'])
    const key = keyed(caseSensitive, attribute)
    return new Generator('generator', () => {
      const seen = new Dict()
      return iterate(value).filter((each) => {
        const found = seen.has(key(each))
        seen.set(key(each), null)
        return !found
      })
    })
  },
  upper: onText((text) => text.toUpperCase()),
  urlencode: urlEncode,
  wordcount: onText((text) => text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
}
