// The grammar of expressions, in Jinja2's order of precedence.
import type { Call, Expression, Target } from './ast.js'
import type { Token } from './lexer.js'
import type { Operator } from './numbers.js'
import { Float, integer, TemplateError } from './values.js'

const CONSTANTS = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
const COMPARISONS = ['==', '!=', '<', '>', '<=', '>=']
/** What may begin the only argument of a test that has no parentheses: `is divisibleby 3`. */
const ARGUMENT = ['name', 'string', 'integer', 'float', '(', '[', '{']

/** A reader of tokens that knows expressions. */
export class ExpressionParser {
  private at = 0
  /** The names read so far in the macro that is being parsed. */
  protected reads = new Set<string>()

  constructor(private readonly tokens: readonly Token[]) {}

  protected get current(): Token {
    return this.tokens[this.at]!
  }

  protected advance(): Token {
    const token = this.current
    if (token.type !== 'eof') this.at++
    return token
  }

  protected isName(...names: readonly string[]): boolean {
    return this.current.type === 'name' && names.includes(this.current.value)
  }

  /** Skips a token of this type, or this word, if it comes next. */
  protected skip(type: string): boolean {
    const found = this.current.type === type || this.isName(type)
    if (found) this.advance()
    return found
  }

  protected expect(type: string): Token {
    if (this.current.type === type || this.isName(type)) return this.advance()
    throw this.error(`expected ${shown(type)}, got ${shown(this.current.value || this.current.type)}`)
  }

  protected error(message: string): TemplateError {
    return new TemplateError(`line ${this.current.line}: ${message}`)
  }

  /** An expression, or several with commas between, which are a tuple. `end` is a word that ends it. */
  protected tuple(parse: () => Expression, inParentheses = false, end?: string): Expression {
    const items: Expression[] = []
    let isTuple = false
    const isEnd = () =>
      ['variable_end', 'block_end', ')'].includes(this.current.type) || (end !== undefined && this.isName(end))
    while (!isEnd()) {
      items.push(parse())
      if (!this.skip(',')) break
      isTuple = true
    }
    if (!isTuple && items.length === 1) return items[0]!
    if (items.length === 0 && !inParentheses)
      throw this.error(`Expected an expression, got ${shown(this.current.type)}`)
    return { kind: 'tuple', items }
  }

  protected expression(): Expression {
    let value = this.or()
    while (this.skip('if')) {
      const test = this.or()
      value = { kind: 'condition', test, yes: value, no: this.skip('else') ? this.expression() : null }
    }
    return value
  }

  protected or(): Expression {
    let left = this.and()
    while (this.skip('or')) left = { kind: 'or', left, right: this.and() }
    return left
  }

  private and(): Expression {
    let left = this.not()
    while (this.skip('and')) left = { kind: 'and', left, right: this.not() }
    return left
  }

  private not(): Expression {
    return this.skip('not') ? { kind: 'not', object: this.not() } : this.comparison()
  }

  private comparison(): Expression {
    const first = this.sum()
    const rest: [string, Expression][] = []
    for (;;) {
      if (COMPARISONS.includes(this.current.type)) rest.push([this.advance().type, this.sum()])
      else if (this.skip('in')) rest.push(['in', this.sum()])
      else if (this.isName('not') && this.tokens[this.at + 1]?.value === 'in') {
        this.at += 2
        rest.push(['not in', this.sum()])
      } else return rest.length === 0 ? first : { kind: 'compare', first, rest }
    }
  }

  private sum(): Expression {
    return this.leftToRight(['+', '-'], () => this.concatenation())
  }

  private concatenation(): Expression {
    const items = [this.product()]
    while (this.skip('~')) items.push(this.product())
    return items.length === 1 ? items[0]! : { kind: 'concat', items }
  }

  private product(): Expression {
    return this.leftToRight(['*', '/', '//', '%'], () => this.leftToRight(['**'], () => this.unary(true)))
  }

  private leftToRight(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand()
    while (operators.includes(this.current.type)) {
      const op = this.advance().type as Operator
      left = { kind: 'binary', op, left, right: operand() }
    }
    return left
  }

  private unary(withFilters: boolean): Expression {
    const op = this.current.type
    const isSigned = op === '-' || op === '+'
    if (isSigned) this.advance()
    const plain = isSigned ? ({ kind: 'unary', op, object: this.unary(false) } as const) : this.primary()
    const value = this.postfix(plain)
    return withFilters ? this.filters(value) : value
  }

  protected primary(): Expression {
    const token = this.advance()
    switch (token.type) {
      case 'name':
        return this.name(token.value)
      case 'string': {
        let value = token.value
        while (this.current.type === 'string') value += this.advance().value
        return { kind: 'const', value }
      }
      case 'integer':
        return { kind: 'const', value: integer(BigInt(token.value.replaceAll('_', ''))) }
      case 'float':
        return { kind: 'const', value: new Float(Number(token.value.replaceAll('_', ''))) }
      case '(': {
        const value = this.tuple(() => this.expression(), true)
        this.expect(')')
        return value
      }
      case '[':
        return { kind: 'list', items: this.until(']', () => this.expression()) }
      case '{':
        return { kind: 'dict', items: this.until('}', () => this.pair()) }
      default:
        throw new TemplateError(`line ${token.line}: unexpected ${shown(token.value || token.type)}`)
    }
  }

  private name(name: string): Expression {
    const constant = CONSTANTS.get(name)
    if (constant !== undefined) return { kind: 'const', value: constant }
    this.reads.add(name)
    return { kind: 'name', name }
  }

  private pair(): [Expression, Expression] {
    const key = this.expression()
    this.expect(':')
    return [key, this.expression()]
  }

  /** What stands between brackets, with commas; one more comma may stand at the end. */
  private until<T>(end: string, parse: () => T): T[] {
    const items: T[] = []
    while (!this.skip(end)) {
      if (items.length > 0) {
        this.expect(',')
        if (this.skip(end)) break
      }
      items.push(parse())
    }
    return items
  }

  protected postfix(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.current.type === '.') value = this.dotted(value)
      else if (this.skip('[')) value = { kind: 'item', object: value, key: this.subscript() }
      else if (this.current.type === '(') value = { kind: 'call', callee: value, call: this.call() }
      else return value
    }
  }

  private dotted(object: Expression): Expression {
    this.advance()
    const token = this.advance()
    if (token.type === 'name') return { kind: 'attribute', object, name: token.value }
    if (token.type !== 'integer') throw this.error('expected name or number')
    return { kind: 'item', object, key: { kind: 'const', value: Number(token.value) } }
  }

  private subscript(): Expression {
    const items = this.until(']', () => this.subscripted())
    return items.length === 1 ? items[0]! : { kind: 'tuple', items }
  }

  private subscripted(): Expression {
    const isBound = () => ![':', ']', ','].includes(this.current.type)
    const start = this.current.type === ':' ? null : this.expression()
    if (!this.skip(':')) return start!
    const stop = isBound() ? this.expression() : null
    const step = this.skip(':') && isBound() ? this.expression() : null
    return { kind: 'slice', bounds: [start, stop, step] }
  }

  private filters(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.current.type === '|') value = this.filter(value)
      else if (this.isName('is')) value = this.test(value)
      else if (this.current.type === '(') value = { kind: 'call', callee: value, call: this.call() }
      else return value
    }
  }

  /** `| name(…)`, once or more. The first has no `|` where a block begins with it. */
  protected filter(start: Expression | null, inBlock = false): Expression {
    let value = start
    do {
      if (!inBlock || value !== start) this.expect('|')
      const name = this.dottedName()
      value = { kind: 'filter', name, object: value, call: this.current.type === '(' ? this.call() : NO_ARGUMENTS }
    } while (this.current.type === '|')
    return value
  }

  private test(object: Expression): Expression {
    this.advance()
    const negated = this.skip('not')
    const name = this.dottedName()
    const test: Expression = { kind: 'test', name, object, call: this.testArguments() }
    return negated ? { kind: 'not', object: test } : test
  }

  private testArguments(): Call {
    if (this.current.type === '(') return this.call()
    if (!ARGUMENT.includes(this.current.type) || this.isName('else', 'or', 'and')) return NO_ARGUMENTS
    if (this.isName('is')) throw this.error('You cannot chain multiple tests with is')
    return { ...NO_ARGUMENTS, list: [this.postfix(this.primary())] }
  }

  private dottedName(): string {
    let name = this.expect('name').value
    while (this.skip('.')) name += `.${this.expect('name').value}`
    return name
  }

  private call(): Call {
    this.expect('(')
    const call: Call = { list: [], named: [], rest: undefined, restNamed: undefined }
    this.until(')', () => this.argument(call))
    return call
  }

  private argument(call: Call): void {
    const check = (isRight: boolean) => {
      if (!isRight) throw this.error('invalid syntax for function call expression')
    }
    if (this.skip('*')) {
      check(call.rest === undefined && call.restNamed === undefined)
      call.rest = this.expression()
    } else if (this.skip('**')) {
      check(call.restNamed === undefined)
      call.restNamed = this.expression()
    } else if (this.current.type === 'name' && this.tokens[this.at + 1]?.type === '=') {
      check(call.restNamed === undefined)
      const name = this.advance().value
      this.advance()
      call.named.push([name, this.expression()])
    } else {
      check(call.rest === undefined && call.restNamed === undefined && call.named.length === 0)
      call.list.push(this.expression())
    }
  }

  /** What is assigned to: a name, a field of a namespace, or several of them. */
  protected target(end?: string): Target {
    return this.asTarget(this.tuple(() => this.assignable(), false, end))
  }

  private assignable(): Expression {
    if (this.current.type === 'name' && this.tokens[this.at + 1]?.type === '.') {
      const object: Expression = { kind: 'name', name: this.advance().value }
      this.advance()
      return { kind: 'attribute', object, name: this.expect('name').value }
    }
    return this.primary()
  }

  private asTarget(value: Expression): Target {
    if (value.kind === 'name') return value
    if (value.kind === 'tuple') return { kind: 'tuple', items: value.items.map((each) => this.asTarget(each)) }
    if (value.kind === 'attribute' && value.object.kind === 'name')
      return { kind: 'field', object: value.object.name, name: value.name }
    throw this.error(`can't assign to '${value.kind}'`)
  }
}

const NO_ARGUMENTS: Call = { list: [], named: [], rest: undefined, restNamed: undefined }

const NAMES: Record<string, string> = {
  block_end: 'end of statement block',
  variable_end: 'end of print statement',
  block_begin: 'begin of statement block',
  variable_begin: 'begin of print statement',
  eof: 'end of template',
  data: 'template data / text',
}
const shown = (type: string) => NAMES[type] ?? `'${type}'`
