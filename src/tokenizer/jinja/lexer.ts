// Templates as tokens, with the rules of Jinja2 for white space around tags (trim_blocks and lstrip_blocks are on, as in transformers).
import { SPACE, strip } from './text.js'
import { TemplateError } from './values.js'

/** What a token is: an operator names itself. */
export interface Token {
  readonly type: string
  readonly value: string
  readonly line: number
}

const S = `[${SPACE}]*`
const TAG = /\{[%{#]/g
const RAW = new RegExp(`\\{%([-+]?)${S}raw${S}(?:-%\\}${S}|%\\})`, 'y')
const END_RAW = new RegExp(`\\{%([-+]?)${S}endraw${S}(?:\\+%\\}|-%\\}${S}|%\\}\\n?)`, 'g')
const END_COMMENT = new RegExp(`\\+#\\}|-#\\}${S}|#\\}\\n?`, 'g')
const END_BLOCK = new RegExp(`\\+%\\}|-%\\}${S}|%\\}\\n?`, 'y')
const END_VARIABLE = new RegExp(`-\\}\\}${S}|\\}\\}`, 'y')

/** Inside a tag, the first that fits. Made for the first template: the sets of Unicode's classes would take a part of the package's start. */
function rulesOf(): Rules {
  rules ??= [
    ['space', new RegExp(`[${SPACE}]+`, 'y')],
    ['float', /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[-+]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy],
    ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
    ['name', /[\p{ID_Start}_][\p{ID_Continue}]*/uy],
    ['string', /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy],
    ['operator', /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y],
  ]
  return rules
}

type Rules = readonly (readonly [type: string, pattern: RegExp])[]
let rules: Rules | undefined

const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

/** The tokens of a template. @throws {TemplateError} with the line of what is not right. */
export function tokenize(template: string): Token[] {
  return new Lexer(template.replace(/\r\n?/g, '\n').replace(/\n$/, '')).run()
}

class Lexer {
  private readonly tokens: Token[] = []
  private at = 0
  private line = 1
  private counted = 0
  /** Whether only a tag that took its line end along stands before, so that this is the start of a line. */
  private atLineStart = true

  constructor(private readonly source: string) {}

  run(): Token[] {
    while (this.at < this.source.length) this.next()
    this.push('eof', '')
    return this.tokens
  }

  /** Text up to the next tag, and the tag. */
  private next(): void {
    TAG.lastIndex = this.at
    const found = TAG.exec(this.source)
    if (found === null) {
      this.data(this.source.slice(this.at))
      this.at = this.source.length
      return
    }
    const raw = this.match(RAW, found.index)
    const kind = found[0][1]!
    const next = this.source[found.index + 2]
    const sign = raw?.[1] ?? (next === '-' || next === '+' ? next : '')
    this.data(this.before(this.source.slice(this.at, found.index), sign, kind !== '{'))
    this.move(found.index + (raw?.[0].length ?? 2 + sign.length))
    if (raw !== null) this.raw()
    else if (kind === '#') this.comment()
    else this.tag(kind === '%' ? 'block' : 'variable', kind === '%' ? END_BLOCK : END_VARIABLE)
  }

  /** Text before a tag: `-` takes all white space away, a block the indentation of its line unless it has `+`. */
  private before(text: string, sign: string, isBlock: boolean): string {
    if (sign === '-') return strip(text, 'right')
    if (sign === '+' || !isBlock) return text
    const start = text.lastIndexOf('\n') + 1
    const isIndentation = (start > 0 || this.atLineStart) && strip(text.slice(start), 'both') === ''
    return isIndentation ? text.slice(0, start) : text
  }

  private raw(): void {
    END_RAW.lastIndex = this.at
    const end = END_RAW.exec(this.source)
    // As in Jinja2, a template may end where a block begins.
    if (end === null && this.at >= this.source.length) return
    if (end === null) throw this.error('Missing end of raw directive')
    this.atLineStart = false
    this.data(this.before(this.source.slice(this.at, end.index), end[1]!, true))
    this.move(end.index + end[0].length)
  }

  private comment(): void {
    END_COMMENT.lastIndex = this.at
    const end = END_COMMENT.exec(this.source)
    if (end === null && this.at >= this.source.length) return
    if (end === null) throw this.error('Missing end of comment tag')
    this.move(end.index + end[0].length)
  }

  private tag(kind: 'block' | 'variable', end: RegExp): void {
    this.push(`${kind}_begin`, '')
    const open: string[] = []
    for (;;) {
      // Brackets that are open keep `}}` and `%}` from ending the tag.
      const closed = open.length === 0 ? this.match(end, this.at) : null
      if (closed !== null) {
        this.push(`${kind}_end`, '')
        return this.move(this.at + closed[0].length)
      }
      const [type, text] = this.word()
      if (type === 'operator') balance(open, text, (message) => this.error(message))
      if (type !== 'space') this.push(type === 'operator' ? text : type, type === 'string' ? this.unescape(text) : text)
      this.move(this.at + text.length)
    }
  }

  private word(): [type: string, text: string] {
    for (const [type, pattern] of rulesOf()) {
      const found = this.match(pattern, this.at)
      if (found !== null) return [type, found[0]]
    }
    const rest = this.source.slice(this.at)
    throw this.error(rest === '' ? 'Unexpected end of template.' : `unexpected char '${rest[0]}' at ${this.at}`)
  }

  private match(pattern: RegExp, at: number): RegExpExecArray | null {
    pattern.lastIndex = at
    return pattern.exec(this.source)
  }

  private data(text: string): void {
    if (text !== '') this.push('data', text)
  }

  private push(type: string, value: string): void {
    this.tokens.push({ type, value, line: this.line })
  }

  private move(to: number): void {
    for (; this.counted < to; this.counted++) if (this.source[this.counted] === '\n') this.line++
    this.atLineStart = this.source[to - 1] === '\n'
    this.at = to
  }

  private unescape(literal: string): string {
    return literal.slice(1, -1).replace(ESCAPE, (whole, code: string) => {
      if (code === '\n') return ''
      const hex = /^[xuU](.+)$/s.exec(code)?.[1]
      if (hex !== undefined) return String.fromCodePoint(Math.min(0x10ffff, parseInt(hex, 16)))
      if (/^[0-7]+$/.test(code)) return String.fromCodePoint(parseInt(code, 8))
      if ('xuUN'.includes(code)) throw this.error(`truncated \\${code} escape`)
      return ESCAPES[code] ?? whole
    })
  }

  private error(message: string): TemplateError {
    return new TemplateError(`line ${this.line}: ${message}`)
  }
}

const ESCAPE = /\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|.)/gsu
const ESCAPES: Record<string, string> = {
  ...{ '\\': '\\', "'": "'", '"': '"', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
}

function balance(open: string[], text: string, error: (message: string) => TemplateError): void {
  if (CLOSING[text] !== undefined) open.push(CLOSING[text])
  else if (')]}'.includes(text)) {
    const expected = open.pop()
    if (expected === undefined) throw error(`unexpected '${text}'`)
    if (expected !== text) throw error(`unexpected '${text}', expected '${expected}'`)
  }
}
