// The grammar of statements.
import type { Expression, MacroNode, Node, Signature } from './ast.js'
import { ExpressionParser } from './expressions.js'
import { tokenize } from './lexer.js'

/** The tree of a template. @throws {TemplateError} with the line of what is not right. */
export function parse(template: string): Node[] {
  return new Parser(tokenize(template)).template()
}

class Parser extends ExpressionParser {
  private readonly open: string[] = []

  template(): Node[] {
    return this.body([])
  }

  /** Parts up to a tag of one of these names, which stays the current token; without names up to the end. */
  private body(ends: readonly string[]): Node[] {
    const nodes: Node[] = []
    for (;;) {
      const { type, value, line } = this.current
      if (type === 'eof') {
        if (ends.length === 0) return nodes
        throw this.error(`Unexpected end of template. ${this.wanted(ends)}`)
      }
      this.advance()
      if (type === 'data') nodes.push({ kind: 'text', text: value, line })
      else if (type === 'variable_begin') {
        nodes.push({ kind: 'print', value: this.tuple(() => this.expression()), line })
        this.expect('variable_end')
      } else {
        if (this.isName(...ends)) return nodes
        nodes.push(...this.statement(ends, line))
        this.expect('block_end')
      }
    }
  }

  private wanted(ends: readonly string[]): string {
    const innermost = this.open.at(-1)
    const tags = ends.map((end) => `'${end}'`).join(' or ')
    return `Jinja was looking for the following tags: ${tags}. The innermost block that needs to be closed is '${innermost}'.`
  }

  private statement(ends: readonly string[], line: number): Node[] {
    const tag = this.expect('name').value
    const parse = Object.hasOwn(this.statements, tag) ? this.statements[tag] : undefined
    if (parse === undefined) {
      const hint = ends.length > 0 ? ` ${this.wanted(ends)}` : ''
      throw this.error(`Encountered unknown tag '${tag}'.${hint}`)
    }
    this.open.push(tag)
    const nodes = parse(line)
    this.open.pop()
    return nodes
  }

  private readonly statements: Readonly<Record<string, (line: number) => Node[]>> = {
    set: (line) => this.set(line),
    for: (line) => this.for(line),
    if: (line) => this.if(line),
    with: (line) => this.with(line),
    macro: (line) => [{ ...this.macro(this.expect('name').value, 'endmacro'), line }],
    call: (line) => this.callBlock(line),
    filter: (line) => [{ kind: 'filterBlock', filter: this.filter(null, true), body: this.block('endfilter'), line }],
    generation: (line) => [{ kind: 'generation', body: this.block('endgeneration'), line }],
    break: (line) => [{ kind: 'break', line }],
    continue: (line) => [{ kind: 'continue', line }],
    print: (line) => this.print(line),
  }

  /** The body of a tag up to its end tag, the name of which is read. */
  private block(...ends: readonly string[]): Node[] {
    this.skip(':')
    this.expect('block_end')
    const nodes = this.body(ends)
    if (ends.length === 1) this.advance()
    return nodes
  }

  private set(line: number): Node[] {
    const target = this.target()
    if (this.skip('=')) return [{ kind: 'set', target, value: this.tuple(() => this.expression()), line }]
    const filter = this.current.type === '|' ? this.filter(null) : null
    return [{ kind: 'capture', target, filter, body: this.block('endset'), line }]
  }

  private for(line: number): Node[] {
    const target = this.target('in')
    this.expect('in')
    const items = this.tuple(() => this.or(), false, 'recursive')
    const test = this.skip('if') ? this.expression() : null
    const recursive = this.skip('recursive')
    const body = this.block('endfor', 'else')
    const otherwise = this.advance().value === 'else' ? this.block('endfor') : []
    return [{ kind: 'for', target, items, test, recursive, body, otherwise, line }]
  }

  private if(line: number): Node[] {
    const branches: [Expression, Node[]][] = []
    for (;;) {
      const test = this.tuple(() => this.or())
      branches.push([test, this.block('elif', 'else', 'endif')])
      const end = this.advance().value
      if (end !== 'elif') return [{ kind: 'if', branches, otherwise: end === 'else' ? this.block('endif') : [], line }]
    }
  }

  private with(line: number): Node[] {
    const targets: (Node & { kind: 'with' })['targets'] = []
    while (this.current.type !== 'block_end' && this.current.type !== ':') {
      if (targets.length > 0) this.expect(',')
      const target = this.target()
      this.expect('=')
      targets.push([target, this.expression()])
    }
    return [{ kind: 'with', targets, body: this.block('endwith'), line }]
  }

  private print(line: number): Node[] {
    const nodes: Node[] = []
    while (this.current.type !== 'block_end') {
      if (nodes.length > 0) this.expect(',')
      nodes.push({ kind: 'print', value: this.expression(), line })
    }
    return nodes
  }

  private callBlock(line: number): Node[] {
    const signature = this.current.type === '(' ? this.signature() : { names: [], defaults: [] }
    const call = this.expression()
    if (call.kind !== 'call') throw this.error('expected call')
    return [{ kind: 'callBlock', call, macro: this.macroBody('caller', 'endcall', signature), line }]
  }

  private macro(name: string, end: string): MacroNode {
    return this.macroBody(name, end, this.signature())
  }

  private macroBody(name: string, end: string, signature: Signature): MacroNode {
    const outer = this.reads
    this.reads = new Set()
    const body = this.block(end)
    const reads = this.reads
    this.reads = new Set([...outer, ...reads])
    return { kind: 'macro', name, ...signature, body, reads }
  }

  private signature(): Signature {
    const [names, defaults]: [string[], Expression[]] = [[], []]
    this.expect('(')
    while (!this.skip(')')) {
      if (names.length > 0) this.expect(',')
      names.push(this.expect('name').value)
      if (this.skip('=')) defaults.push(this.expression())
      else if (defaults.length > 0) throw this.error('non-default argument follows default argument')
    }
    return { names, defaults }
  }
}
