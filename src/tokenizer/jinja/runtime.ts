// What templates call: macros, the loop variable, and Jinja2's global functions.
import { dictOf, namespaceOf } from './attributes.js'
import type { MacroNode } from './ast.js'
import { asIndex } from './numbers.js'
import { equal } from './operators.js'
import { Dict, Func, PyObject, Range, TemplateError, Tuple, Undefined } from './values.js'
import type { Args, Value } from './values.js'

/** The parameters of a call of a macro; undefined for those that were not given. */
export type Parameters = readonly (readonly [name: string, value: Value | undefined])[]

/** A macro: a function that gives text. */
export class Macro extends Func {
  override readonly type = 'Macro'
  constructor(
    private readonly node: MacroNode,
    run: (parameters: Parameters) => string,
  ) {
    super(node.name, ({ list, named }) => run(parametersOf(node, list, new Map(named))))
  }

  override attribute(name: string): Value | undefined {
    if (name === 'name') return this.node.name
    if (name === 'arguments') return new Tuple(this.node.names)
    const flags = { catch_kwargs: 'kwargs', catch_varargs: 'varargs', caller: 'caller' } as Record<string, string>
    return flags[name] === undefined ? undefined : this.node.reads.has(flags[name])
  }
}

function parametersOf(node: MacroNode, list: readonly Value[], named: Map<string, Value>): Parameters {
  const take = (name: string): Value | undefined => {
    const value = named.get(name)
    named.delete(name)
    return value
  }
  const given: [string, Value | undefined][] = node.names.map((name, i) => [
    name,
    i < list.length ? list[i] : take(name),
  ])
  if (node.reads.has('caller') && !node.names.includes('caller'))
    given.push(['caller', take('caller') ?? new Undefined('No caller defined')])
  if (node.reads.has('kwargs')) given.push(['kwargs', Dict.of(named)])
  else if (named.has('caller'))
    throw new TemplateError(`macro '${node.name}' was invoked with two values for the special caller argument`)
  else if (named.size > 0)
    throw new TemplateError(`macro '${node.name}' takes no keyword argument '${[...named.keys()][0]}'`)
  if (node.reads.has('varargs')) given.push(['varargs', new Tuple(list.slice(node.names.length))])
  else if (list.length > node.names.length)
    throw new TemplateError(`macro '${node.name}' takes not more than ${node.names.length} argument(s)`)
  return given
}

/** The variable `loop`. */
export class Loop extends Func {
  override readonly type = 'LoopContext'
  private index0 = 0
  private last: readonly Value[] | undefined

  constructor(
    private readonly items: readonly Value[],
    private readonly depth0: number,
    recurse: ((items: Value) => string) | undefined,
  ) {
    super('loop', (args) => {
      if (recurse !== undefined) return recurse(args.bind(['iterable'], 1)[0]!)
      throw new TemplateError("The loop must have the 'recursive' marker to be called recursively.")
    })
  }

  advance(): void {
    this.index0++
  }

  override attribute(name: string): Value | undefined {
    const [at, size] = [this.index0, this.items.length]
    switch (name) {
      case 'index':
        return at + 1
      case 'index0':
        return at
      case 'revindex':
        return size - at
      case 'revindex0':
        return size - at - 1
      case 'first':
        return at === 0
      case 'last':
        return at === size - 1
      case 'length':
        return size
      case 'depth':
        return this.depth0 + 1
      case 'depth0':
        return this.depth0
      case 'previtem':
        return at === 0 ? new Undefined('there is no previous item') : this.items[at - 1]!
      case 'nextitem':
        return at === size - 1 ? new Undefined('there is no next item') : this.items[at + 1]!
      case 'cycle':
        return new Func('cycle', ({ list }) => {
          if (list.length === 0) throw new TemplateError('no items for cycling given')
          return list[at % list.length]!
        })
      case 'changed':
        return new Func('changed', ({ list }) => this.changed(list))
      default:
        return undefined
    }
  }

  private changed(values: readonly Value[]): boolean {
    const isSame = this.last !== undefined && equal([...this.last], [...values])
    this.last = values
    return !isSame
  }
}

class Cycler extends PyObject {
  readonly type = 'Cycler'
  private at = 0
  constructor(private readonly items: readonly Value[]) {
    super()
  }

  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.items[this.at]!
    if (name === 'reset')
      return new Func(name, () => {
        this.at = 0
        return null
      })
    if (name !== 'next') return undefined
    return new Func(name, () => {
      const value = this.items[this.at]!
      this.at = (this.at + 1) % this.items.length
      return value
    })
  }
}

/** The most numbers of a range, as in Jinja2's sandbox. */
const MAX_RANGE = 100_000

function range(args: Args): Range {
  const [first, second, by] = args
    .positional(['start', 'stop', 'step'], 1)
    .map((each) => (each === undefined ? each : asIndex(each)))
  const step = by ?? 1
  if (step === 0) throw new TemplateError('range() arg 3 must not be zero')
  const result = second === undefined ? new Range(0, first!, 1) : new Range(first!, second, step)
  if (result.length <= MAX_RANGE) return result
  throw new TemplateError(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`)
}

function joiner(args: Args): Func {
  const [separator = ', '] = args.bind(['sep'])
  let used = false
  return new Func('joiner', () => {
    const text = used ? separator : ''
    used = true
    return text
  })
}

/** Jinja2's global functions. */
export const GLOBALS: readonly Func[] = [
  new Func('range', range),
  new Func('dict', dictOf),
  new Func('namespace', namespaceOf),
  new Func('joiner', joiner),
  new Func('cycler', ({ list }) => {
    if (list.length === 0) throw new TemplateError('at least one item has to be provided')
    return new Cycler(list)
  }),
]
