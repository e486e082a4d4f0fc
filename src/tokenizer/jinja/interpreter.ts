// Runs the tree of a template.
import type { Call, Expression, ForNode, MacroNode, Node, Target } from './ast.js'
import { getAttribute, getItem } from './attributes.js'
import { FILTERS } from './filters.js'
import type { Filters } from './filters.js'
import { countMade, countSteps, PIECE } from './limits.js'
import { binary, compare, elements, failUndefined, iterate, slice, truth, unary } from './operators.js'
import { str } from './print.js'
import { Loop, Macro } from './runtime.js'
import { TESTS } from './tests.js'
import { Args, Dict, Func, Namespace, TemplateError, Tuple, typeOf, Undefined } from './values.js'
import type { Value } from './values.js'

/** Variables by name, and those of what stands around. */
export class Scope {
  private readonly variables = new Map<string, Value>()
  constructor(private readonly outer?: Scope) {}

  get(name: string): Value | undefined {
    const found = this.variables.get(name)
    return found === undefined ? this.outer?.get(name) : found
  }

  set(name: string, value: Value): void {
    this.variables.set(name, value)
  }
}

/** Characters around the text of generation blocks. */
export type Marks = readonly [open: string, close: string]

type Signal = 'break' | 'continue' | undefined

/** Runs one template. */
export class Interpreter implements Filters {
  constructor(private readonly marks?: Marks) {}

  /** The text of some nodes. */
  text(nodes: readonly Node[], scope: Scope): string {
    const out: string[] = []
    this.run(nodes, scope, out)
    countMade(out.reduce((length, part) => length + part.length, 0))
    return out.join('')
  }

  filter(name: string, value: Value, args: Args): Value {
    const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
    if (filter === undefined) throw new TemplateError(`No filter named '${name}'.`)
    return filter(value, new Args(name, args.list, args.named), this)
  }

  test(name: string, value: Value, args: Args): boolean {
    const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
    if (test === undefined) throw new TemplateError(`No test named '${name}'.`)
    return test(value, new Args(name, args.list, args.named))
  }

  private run(nodes: readonly Node[], scope: Scope, out: string[]): Signal {
    for (const node of nodes) {
      const signal = this.node(node, scope, out)
      if (signal !== undefined) return signal
    }
    return undefined
  }

  private node(node: Node, scope: Scope, out: string[]): Signal {
    countSteps(1)
    switch (node.kind) {
      case 'text':
        out.push(node.text)
        return undefined
      case 'print':
        out.push(str(this.value(node.value, scope)))
        return undefined
      case 'set':
        assign(node.target, this.value(node.value, scope), scope)
        return undefined
      case 'capture': {
        const text = this.text(node.body, new Scope(scope))
        assign(node.target, node.filter === null ? text : this.filtered(node.filter, text, scope), scope)
        return undefined
      }
      case 'if': {
        const branch = node.branches.find(([test]) => truth(this.value(test, scope)))
        return this.run(branch?.[1] ?? node.otherwise, scope, out)
      }
      case 'for':
        return this.for(node, this.value(node.items, scope), scope, out, 0)
      case 'with': {
        const inner = new Scope(scope)
        for (const [target, value] of node.targets) assign(target, this.value(value, scope), inner)
        return this.run(node.body, inner, out)
      }
      case 'macro':
        scope.set(node.name, this.macro(node, scope))
        return undefined
      case 'callBlock': {
        const caller: [string, Value] = ['caller', this.macro(node.macro, scope)]
        out.push(str(this.call(node.call.callee, node.call.call, scope, [caller])))
        return undefined
      }
      case 'filterBlock':
        out.push(str(this.filtered(node.filter, this.text(node.body, new Scope(scope)), scope)))
        return undefined
      case 'generation':
        out.push(this.marks?.[0] ?? '', this.text(node.body, new Scope(scope)), this.marks?.[1] ?? '')
        return undefined
      case 'break':
      case 'continue':
        return node.kind
    }
  }

  /** A loop over the items that pass its test. */
  private for(node: ForNode, items: Value, scope: Scope, out: string[], depth: number): Signal {
    const all = iterate(items)
    const kept =
      node.test === null ? all : all.filter((item) => truth(this.value(node.test!, entered(node, item, scope))))
    if (kept.length === 0) return this.run(node.otherwise, new Scope(scope), out)
    const recurse = (inner: Value): string => {
      const text: string[] = []
      this.for(node, inner, scope, text, depth + 1)
      return text.join('')
    }
    const loop = new Loop(kept, depth, node.recursive ? recurse : undefined)
    for (const item of kept) {
      const inner = entered(node, item, scope)
      inner.set('loop', loop)
      if (this.run(node.body, inner, out) === 'break') break
      loop.advance()
    }
    return undefined
  }

  private macro(node: MacroNode, scope: Scope): Macro {
    return new Macro(node, (parameters) => {
      const inner = new Scope(scope)
      for (const [name, value] of parameters) {
        // Defaults may read the parameters before them.
        const at = node.names.indexOf(name) - (node.names.length - node.defaults.length)
        const given = value === undefined && at >= 0 ? this.value(node.defaults[at]!, inner) : value
        inner.set(name, given === undefined ? new Undefined(`parameter '${name}' was not provided`) : given)
      }
      return this.text(node.body, inner)
    })
  }

  /** The value of a filter, or of several, on the text of a block. */
  private filtered(filter: Expression, text: string, scope: Scope): Value {
    if (filter.kind !== 'filter') throw new TemplateError('a block needs a filter')
    const value = filter.object === null ? text : this.filtered(filter.object, text, scope)
    return this.filter(filter.name, value, this.args(filter.name, filter.call, scope))
  }

  private value(node: Expression, scope: Scope): Value {
    countSteps(1)
    const value = this.compute(node, scope)
    // Whatever uses a text goes through it.
    if (typeof value === 'string') countSteps(Math.floor(value.length / PIECE))
    // Names and fields give what there is already.
    if (MAKERS.has(node.kind)) countMade(typeof value === 'string' || Array.isArray(value) ? value.length : 0)
    return value
  }

  private compute(node: Expression, scope: Scope): Value {
    switch (node.kind) {
      case 'const':
        return node.value
      case 'name': {
        const found = scope.get(node.name)
        return found === undefined ? new Undefined(`'${node.name}' is undefined`) : found
      }
      case 'list':
        return node.items.map((item) => this.value(item, scope))
      case 'tuple':
        return new Tuple(node.items.map((item) => this.value(item, scope)))
      case 'concat':
        return node.items.map((item) => str(this.value(item, scope))).join('')
      case 'dict':
        return Dict.of(node.items.map(([key, value]) => [this.value(key, scope), this.value(value, scope)] as const))
      case 'attribute':
        return getAttribute(this.value(node.object, scope), node.name)
      case 'item':
        return this.item(this.value(node.object, scope), node.key, scope)
      case 'slice':
        throw new TemplateError('a slice stands between brackets')
      case 'call':
        return this.call(node.callee, node.call, scope)
      case 'filter':
        return this.filter(node.name, this.value(node.object!, scope), this.args(node.name, node.call, scope))
      case 'test':
        return this.test(node.name, this.value(node.object, scope), this.args(node.name, node.call, scope))
      case 'not':
        return !truth(this.value(node.object, scope))
      case 'unary':
        return unary(node.op, this.value(node.object, scope))
      case 'and':
      case 'or': {
        const left = this.value(node.left, scope)
        return truth(left) === (node.kind === 'or') ? left : this.value(node.right, scope)
      }
      case 'binary':
        return binary(node.op, this.value(node.left, scope), this.value(node.right, scope))
      case 'compare':
        return this.comparison(node.first, node.rest, scope)
      case 'condition': {
        if (truth(this.value(node.test, scope))) return this.value(node.yes, scope)
        if (node.no !== null) return this.value(node.no, scope)
        return new Undefined('the inline if-expression evaluated to false and no else section was defined.')
      }
    }
  }

  /** `a < b < c`: each operand is computed once, and no more than needed. */
  private comparison(first: Expression, rest: readonly (readonly [string, Expression])[], scope: Scope): boolean {
    let left = this.value(first, scope)
    return rest.every(([op, node]) => {
      const right = this.value(node, scope)
      const holds = compare(op, left, right)
      left = right
      return holds
    })
  }

  private item(object: Value, key: Expression, scope: Scope): Value {
    if (key.kind !== 'slice') return getItem(object, this.value(key, scope))
    failUndefined(object)
    const bounds = key.bounds.map((bound) => (bound === null ? null : this.value(bound, scope)))
    const part = slice(object, bounds)
    if (part !== undefined) return part
    const what = object instanceof Dict ? "unhashable type: 'slice'" : `'${typeOf(object)}' object is not subscriptable`
    throw new TemplateError(what)
  }

  private call(callee: Expression, call: Call, scope: Scope, more: readonly [string, Value][] = []): Value {
    const called = this.value(callee, scope)
    failUndefined(called)
    const { list, named } = this.args('', call, scope)
    const all = new Map([...named, ...more])
    if (called instanceof Func) return called.call(list, all)
    throw new TemplateError(`'${typeOf(called)}' object is not callable`)
  }

  private args(owner: string, { list, named, rest, restNamed }: Call, scope: Scope): Args {
    const values = list.map((node) => this.value(node, scope))
    if (rest !== undefined) values.push(...iterate(this.value(rest, scope)))
    const byName = new Map(named.map(([name, node]) => [name, this.value(node, scope)]))
    if (restNamed !== undefined) {
      const more = this.value(restNamed, scope)
      if (!(more instanceof Dict)) throw new TemplateError(`argument after ** must be a mapping, not ${typeOf(more)}`)
      for (const [name, value] of more.entries()) byName.set(String(name), value)
    }
    return new Args(owner, values, byName)
  }
}

/** Expressions that make new texts and lists. */
const MAKERS: ReadonlySet<Expression['kind']> = new Set(['binary', 'call', 'concat', 'filter', 'item', 'list'])

function entered(node: ForNode, item: Value, scope: Scope): Scope {
  const inner = new Scope(scope)
  assign(node.target, item, inner)
  return inner
}

function assign(target: Target, value: Value, scope: Scope): void {
  if (target.kind === 'name') return scope.set(target.name, value)
  if (target.kind === 'field') {
    const object = scope.get(target.object)
    if (!(object instanceof Namespace)) throw new TemplateError('cannot assign attribute on non-namespace object')
    object.fields.set(target.name, value)
    return
  }
  const items = elements(value)
  if (items === undefined) throw new TemplateError(`cannot unpack non-iterable ${typeOf(value)} object`)
  const wanted = target.items.length
  if (items.length < wanted)
    throw new TemplateError(`not enough values to unpack (expected ${wanted}, got ${items.length})`)
  if (items.length > wanted) throw new TemplateError(`too many values to unpack (expected ${wanted})`)
  for (const [i, each] of target.items.entries()) assign(each, items[i]!, scope)
}
