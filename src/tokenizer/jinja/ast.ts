// The tree of a template.
import type { Operator } from './numbers.js'
import type { Value } from './values.js'

/** The arguments of a call, a filter or a test. */
export interface Call {
  list: Expression[]
  named: [name: string, value: Expression][]
  /** `*list` and `**dict`. */
  rest: Expression | undefined
  restNamed: Expression | undefined
}

export type Expression =
  | { kind: 'const'; value: Value }
  | { kind: 'name'; name: string }
  | { kind: 'list' | 'tuple' | 'concat'; items: Expression[] }
  | { kind: 'dict'; items: [key: Expression, value: Expression][] }
  | { kind: 'attribute'; object: Expression; name: string }
  | { kind: 'item'; object: Expression; key: Expression }
  | { kind: 'slice'; bounds: (Expression | null)[] }
  | { kind: 'call'; callee: Expression; call: Call }
  | { kind: 'filter'; name: string; object: Expression | null; call: Call }
  | { kind: 'test'; name: string; object: Expression; call: Call }
  | { kind: 'not'; object: Expression }
  | { kind: 'unary'; op: '-' | '+'; object: Expression }
  | { kind: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'binary'; op: Operator; left: Expression; right: Expression }
  | { kind: 'compare'; first: Expression; rest: [op: string, value: Expression][] }
  | { kind: 'condition'; test: Expression; yes: Expression; no: Expression | null }

/** What `set` and `for` assign to. */
export type Target =
  { kind: 'name'; name: string } | { kind: 'field'; object: string; name: string } | { kind: 'tuple'; items: Target[] }

/** The parameters of a macro, with the defaults of the last of them. */
export interface Signature {
  names: string[]
  defaults: Expression[]
}

export interface MacroNode extends Signature {
  kind: 'macro'
  name: string
  body: Node[]
  /** Names that its body reads: `caller`, `varargs` and `kwargs` are parameters when they are read. */
  reads: ReadonlySet<string>
}

export interface ForNode {
  kind: 'for'
  target: Target
  items: Expression
  test: Expression | null
  recursive: boolean
  body: Node[]
  otherwise: Node[]
}

/** A part of a template. */
export type Node = (
  | { kind: 'text'; text: string }
  | { kind: 'print'; value: Expression }
  | { kind: 'set'; target: Target; value: Expression }
  | { kind: 'capture'; target: Target; filter: Expression | null; body: Node[] }
  | { kind: 'if'; branches: [test: Expression, body: Node[]][]; otherwise: Node[] }
  | { kind: 'with'; targets: [target: Target, value: Expression][]; body: Node[] }
  | { kind: 'callBlock'; macro: MacroNode; call: Expression & { kind: 'call' } }
  | { kind: 'filterBlock'; filter: Expression; body: Node[] }
  | { kind: 'generation'; body: Node[] }
  | { kind: 'break' | 'continue' }
  | ForNode
  | MacroNode
) & { line: number }
