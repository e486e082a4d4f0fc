// The methods of Python's texts.
import { repeated } from './limits.js'
import { asIndex } from './numbers.js'
import { elements, iterate } from './operators.js'
import { capitalize, characters, cut, lengthOf, SPACE, splitLines, strip, title } from './text.js'
import { Dict, TemplateError, Tuple, typeOf } from './values.js'
import type { Args, Value } from './values.js'

type Method = (text: string, args: Args) => Value

const DIGIT = '\\p{Nd}\\u00b2\\u00b3\\u00b9\\u2070\\u2074-\\u2079\\u2080-\\u2089'

/** A text among the arguments. */
function text(value: Value | undefined): string {
  if (typeof value === 'string') return value
  throw new TemplateError(`must be str, not ${typeOf(value ?? null)}`)
}

/** A text that may be left out, or None. */
const optional = (value: Value | undefined) => (value === undefined || value === null ? undefined : text(value))

const count = (value: Value | undefined, other: number) => (value === undefined ? other : asIndex(value))

const stripper =
  (side: 'left' | 'right' | 'both'): Method =>
  (own, args) => {
    const [chars] = args.positional(['chars'])
    return strip(own, side, optional(chars))
  }

/** A property that each character must have, of a text that is not empty. */
const every = (pattern: string): Method => {
  // Made at its first use: the classes of Unicode take long to build, and `import` would wait for them.
  let all: RegExp | undefined
  return (own, args) => {
    args.positional([])
    return (all ??= new RegExp(`^(?:${pattern})+$`, 'u')).test(own)
  }
}

const plain =
  (change: (own: string) => string): Method =>
  (own, args) => {
    args.positional([])
    return change(own)
  }

const affix =
  (test: (own: string, part: string) => boolean): Method =>
  (own, args) => {
    const [parts, start, end] = args.positional(['prefix', 'start', 'end'], 1)
    const list = parts instanceof Tuple ? parts.items : [parts!]
    const [from, to] = range(own, start, end)
    return from <= lengthOf(own) && list.some((part) => test(cut(own, from, Math.max(from, to)), text(part)))
  }

/** The part of a text that `start` and `end` name. */
function range(own: string, start: Value | undefined, end: Value | undefined): [from: number, to: number] {
  const size = lengthOf(own)
  const at = (value: Value | undefined, other: number) => {
    const index = value === undefined || value === null ? other : asIndex(value)
    return index < 0 ? Math.max(0, index + size) : index
  }
  return [at(start, 0), Math.min(size, at(end, size))]
}

/** Where a part stands, by characters; -1 when nowhere. */
const finder =
  (last: boolean, strict: boolean): Method =>
  (own, args) => {
    const [part, start, end] = args.positional(['sub', 'start', 'end'], 1)
    const [from, to] = range(own, start, end)
    const within = from > to ? undefined : cut(own, from, to)
    const at = within === undefined ? -1 : last ? within.lastIndexOf(text(part)) : within.indexOf(text(part))
    if (at >= 0) return from + lengthOf(within!.slice(0, at))
    if (strict) throw new TemplateError('substring not found')
    return -1
  }

const filled =
  (left: (missing: number, width: number) => number): Method =>
  (own, args) => {
    const [width, fill] = args.positional(['width', 'fillchar'], 1)
    const mark = fill === undefined ? ' ' : text(fill)
    if (lengthOf(mark) !== 1) throw new TemplateError('The fill character must be exactly one character long')
    const missing = Math.max(0, asIndex(width!) - lengthOf(own))
    const before = left(missing, asIndex(width!))
    return repeated(mark, before) + own + repeated(mark, missing - before)
  }

const WORDS = new RegExp(`[^${SPACE}]+`, 'g')

/** `split` and `rsplit`. */
function split(own: string, args: Args, fromRight: boolean): string[] {
  const [separator, most] = args.bind(['sep', 'maxsplit'])
  const limit = most === undefined ? -1 : asIndex(most)
  const mark = optional(separator)
  if (mark === '') throw new TemplateError('empty separator')
  if (mark === undefined) return splitWords(own, limit, fromRight)
  const parts = own.split(mark)
  if (limit < 0 || parts.length <= limit + 1) return parts
  const at = fromRight ? parts.length - limit : limit
  return fromRight
    ? [parts.slice(0, at).join(mark), ...parts.slice(at)]
    : [...parts.slice(0, at), parts.slice(at).join(mark)]
}

function splitWords(own: string, limit: number, fromRight: boolean): string[] {
  const found = [...own.matchAll(WORDS)]
  const words = found.map(([word]) => word)
  if (limit < 0 || words.length <= limit) return words
  // What is left over keeps the spaces at its far end.
  if (!fromRight) return [...words.slice(0, limit), own.slice(found[limit]!.index)]
  const last = found[found.length - limit - 1]!
  return [own.slice(0, last.index + last[0].length), ...words.slice(found.length - limit)]
}

function partition(own: string, args: Args, last: boolean): Value {
  const [part] = args.positional(['sep'], 1)
  const mark = text(part)
  if (mark === '') throw new TemplateError('empty separator')
  const at = last ? own.lastIndexOf(mark) : own.indexOf(mark)
  if (at < 0) return new Tuple(last ? ['', '', own] : [own, '', ''])
  return new Tuple([own.slice(0, at), mark, own.slice(at + mark.length)])
}

/** Python's `text.replace(old, new, count)`. */
export function replace(own: string, old: string, by: string, most: number): string {
  if (old === '') {
    const gaps = ['', ...characters(own)]
    return gaps.map((each, i) => each + (most < 0 || i < most ? by : '')).join('')
  }
  const parts = own.split(old)
  if (most < 0 || parts.length <= most + 1) return parts.join(by)
  return [...parts.slice(0, most), parts.slice(most).join(old)].join(by)
}

function isCased(own: string, lower: boolean): boolean {
  const [wanted, other] = lower
    ? [/\p{Lowercase}/u, /\p{Uppercase}|\p{Lt}/u]
    : [/\p{Uppercase}/u, /\p{Lowercase}|\p{Lt}/u]
  return wanted.test(own) && !other.test(own)
}

function isTitle(own: string): boolean {
  let [previous, found] = [false, false]
  for (const each of characters(own)) {
    const upper = /\p{Uppercase}|\p{Lt}/u.test(each)
    const lower = /\p{Lowercase}/u.test(each)
    if ((upper && previous) || (lower && !previous)) return false
    previous = upper || lower
    found ||= previous
  }
  return found
}

function swapCase(own: string): string {
  return characters(own)
    .map((each) => (/\p{Uppercase}/u.test(each) ? each.toLowerCase() : each.toUpperCase()))
    .join('')
}

function expandTabs(own: string, size: number): string {
  let column = 0
  return characters(own)
    .map((each) => {
      if (each !== '\t') {
        column = each === '\n' || each === '\r' ? 0 : column + 1
        return each
      }
      const width = size > 0 ? size - (column % size) : 0
      column += width
      return repeated(' ', width)
    })
    .join('')
}

function translate(own: string, table: Value): string {
  if (!(table instanceof Dict)) throw new TemplateError('translate() takes a dict')
  return characters(own)
    .map((each) => {
      const by = table.get(each.codePointAt(0)!)
      if (by === undefined) return each
      return by === null ? '' : typeof by === 'string' ? by : String.fromCodePoint(asIndex(by))
    })
    .join('')
}

function joinTexts(own: string, args: Args): string {
  const [list] = args.positional(['iterable'], 1)
  if (elements(list!) === undefined) throw new TemplateError('can only join an iterable')
  return iterate(list!)
    .map((each, i) => {
      if (typeof each === 'string') return each
      throw new TemplateError(`sequence item ${i}: expected str instance, ${typeOf(each)} found`)
    })
    .join(own)
}

/** The methods by name; `format` is made where attributes can be looked up. */
export const STRING_METHODS: Readonly<Record<string, Method>> = {
  capitalize: plain(capitalize),
  casefold: plain((own) => own.toUpperCase().toLowerCase()),
  center: filled((missing, width) => Math.floor(missing / 2) + (missing & width & 1)),
  count(own, args) {
    const [part, start, end] = args.positional(['sub', 'start', 'end'], 1)
    const [from, to] = range(own, start, end)
    const within = from > to ? undefined : cut(own, from, to)
    if (within === undefined) return 0
    return text(part) === '' ? lengthOf(within) + 1 : within.split(text(part)).length - 1
  },
  endswith: affix((own, part) => own.endsWith(part)),
  expandtabs: (own, args) => expandTabs(own, count(args.bind(['tabsize'])[0], 8)),
  find: finder(false, false),
  index: finder(false, true),
  isalnum: every(`[\\p{L}\\p{N}${DIGIT}]`),
  isalpha: every('\\p{L}'),
  isascii: (own, args) => args.positional([]).length === 0 && /^[\0-\x7f]*$/.test(own),
  isdecimal: every('\\p{Nd}'),
  isdigit: every(`[${DIGIT}]`),
  isidentifier: (own, args) => args.positional([]).length === 0 && /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(own),
  islower: (own, args) => args.positional([]).length === 0 && isCased(own, true),
  isnumeric: every('\\p{N}'),
  isprintable: (own, args) => args.positional([]).length === 0 && !/[\p{C}\p{Z}]/u.test(own.replaceAll(' ', '')),
  isspace: every(`[${SPACE}]`),
  istitle: (own, args) => args.positional([]).length === 0 && isTitle(own),
  isupper: (own, args) => args.positional([]).length === 0 && isCased(own, false),
  join: joinTexts,
  ljust: filled(() => 0),
  lower: plain((own) => own.toLowerCase()),
  lstrip: stripper('left'),
  partition: (own, args) => partition(own, args, false),
  removeprefix(own, args) {
    const part = text(args.positional(['prefix'], 1)[0])
    return own.startsWith(part) ? own.slice(part.length) : own
  },
  removesuffix(own, args) {
    const part = text(args.positional(['suffix'], 1)[0])
    return part !== '' && own.endsWith(part) ? own.slice(0, -part.length) : own
  },
  replace(own, args) {
    const [old, by, most] = args.positional(['old', 'new', 'count'], 2)
    return replace(own, text(old), text(by), count(most, -1))
  },
  rfind: finder(true, false),
  rindex: finder(true, true),
  rjust: filled((missing) => missing),
  rpartition: (own, args) => partition(own, args, true),
  rsplit: (own, args) => split(own, args, true),
  rstrip: stripper('right'),
  split: (own, args) => split(own, args, false),
  splitlines: (own, args) => splitLines(own, args.bind(['keepends'])[0] === true),
  startswith: affix((own, part) => own.startsWith(part)),
  strip: stripper('both'),
  swapcase: plain(swapCase),
  title: plain(title),
  translate: (own, args) => translate(own, args.positional(['table'], 1)[0]!),
  upper: plain((own) => own.toUpperCase()),
  zfill(own, args) {
    const width = asIndex(args.positional(['width'], 1)[0]!)
    const sign = /^[-+]/.exec(own)?.[0] ?? ''
    return sign + repeated('0', Math.max(0, width - lengthOf(own))) + own.slice(sign.length)
  },
}
