// Python's values in a template. Texts, lists, truth values and None are JavaScript's own; an integer is a number, or a bigint beyond 2^53; everything
// else is an object of a class below.

/** A value of a template. */
export type Value = null | boolean | number | bigint | string | Value[] | PyObject

/** An error of a template, with the message that Jinja2 or Python has for it. */
export class TemplateError extends Error {}

/** A value that JavaScript has no value of the same kind for. */
export abstract class PyObject {
  /** The name of its class in Python. */
  abstract readonly type: string

  /** An attribute by name; undefined when there is none. */
  attribute(_name: string): Value | undefined {
    return undefined
  }
}

/** A float: in JavaScript 1.0 and 1 are one number, in Python they print differently. */
export class Float extends PyObject {
  readonly type = 'float'
  constructor(readonly n: number) {
    super()
  }
}

/** A name or attribute that does not exist. It prints as nothing; almost every other use of it is an error with this message. */
export class Undefined extends PyObject {
  readonly type = 'Undefined'
  constructor(readonly message: string) {
    super()
  }

  fail(): never {
    throw new TemplateError(this.message)
  }
}

/** A tuple. */
export class Tuple extends PyObject {
  readonly type: string = 'tuple'
  constructor(readonly items: readonly Value[]) {
    super()
  }
}

/** A group of `groupby`: a tuple whose parts have names. */
export class Group extends Tuple {
  constructor(grouper: Value, list: Value[]) {
    super([grouper, list])
  }

  override attribute(name: string): Value | undefined {
    return name === 'grouper' ? this.items[0] : name === 'list' ? this.items[1] : undefined
  }
}

/** A range. */
export class Range extends PyObject {
  readonly type = 'range'
  readonly length: number
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super()
    this.length = Math.max(0, Math.ceil((stop - start) / step))
  }

  items(): number[] {
    return Array.from({ length: this.length }, (_, i) => this.start + i * this.step)
  }
}

/** Values that can be read once, as those of a generator. */
export class Generator extends PyObject {
  private rest: Value[] | undefined
  constructor(
    readonly type: string,
    private readonly make: () => Value[],
  ) {
    super()
  }

  take(): Value[] {
    this.rest ??= this.make()
    return this.rest.splice(0)
  }

  next(): Value | undefined {
    this.rest ??= this.make()
    return this.rest.shift()
  }
}

/** A dict, in the order of insertion. Keys are equal as in Python: 1, 1.0 and True are one key. */
export class Dict extends PyObject {
  readonly type = 'dict'
  private readonly map = new Map<unknown, [key: Value, value: Value]>()

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) dict.set(key, value)
    return dict
  }

  get size(): number {
    return this.map.size
  }

  get(key: Value): Value | undefined {
    return this.map.get(hashOf(key))?.[1]
  }

  has(key: Value): boolean {
    return this.map.has(hashOf(key))
  }

  set(key: Value, value: Value): void {
    const hash = hashOf(key)
    const known = this.map.get(hash)
    this.map.set(hash, [known === undefined ? key : known[0], value])
  }

  keys(): Value[] {
    return Array.from(this.map.values(), ([key]) => key)
  }

  values(): Value[] {
    return Array.from(this.map.values(), ([, value]) => value)
  }

  entries(): [key: Value, value: Value][] {
    return [...this.map.values()]
  }
}

/** What `keys()`, `values()` and `items()` of a dict give. */
export class DictView extends PyObject {
  readonly type: string
  constructor(
    readonly kind: 'keys' | 'values' | 'items',
    readonly dict: Dict,
  ) {
    super()
    this.type = `dict_${kind}`
  }

  items(): Value[] {
    if (this.kind === 'items') return this.dict.entries().map((entry) => new Tuple(entry))
    return this.kind === 'keys' ? this.dict.keys() : this.dict.values()
  }
}

/** An object whose attributes a template may set. */
export class Namespace extends PyObject {
  readonly type = 'Namespace'
  constructor(readonly fields: Map<string, Value>) {
    super()
  }

  override attribute(name: string): Value | undefined {
    return this.fields.get(name)
  }
}

/** The arguments of a call. */
export class Args {
  constructor(
    readonly owner: string,
    readonly list: readonly Value[],
    readonly named: ReadonlyMap<string, Value> = new Map(),
  ) {}

  /** The arguments by the parameters that they belong to; undefined for those left out. */
  bind(names: readonly string[], required = 0): (Value | undefined)[] {
    if (this.list.length > names.length)
      throw new TemplateError(
        `${this.owner}() takes at most ${names.length} arguments (${this.list.length + this.named.size} given)`,
      )
    for (const [name] of this.named) {
      const at = names.indexOf(name)
      if (at < 0) throw new TemplateError(`${this.owner}() got an unexpected keyword argument '${name}'`)
      if (at < this.list.length) throw new TemplateError(`${this.owner}() got multiple values for argument '${name}'`)
    }
    const values = names.map((name, i) => (i < this.list.length ? this.list[i] : this.named.get(name)))
    const missing = names.find((_, i) => i < required && values[i] === undefined)
    if (missing !== undefined) throw new TemplateError(`${this.owner}() missing required argument: '${missing}'`)
    return values
  }

  /** As {@link Args.bind}, for a function of Python that takes no keywords. */
  positional(names: readonly string[], required = 0): (Value | undefined)[] {
    if (this.named.size > 0) throw new TemplateError(`${this.owner}() takes no keyword arguments`)
    return this.bind(names, required)
  }
}

/** A function that a template can call. */
export class Func extends PyObject {
  readonly type: string = 'builtin_function_or_method'
  constructor(
    readonly name: string,
    readonly run: (args: Args) => Value,
  ) {
    super()
  }

  call(list: readonly Value[], named: ReadonlyMap<string, Value>): Value {
    return this.run(new Args(this.name, list, named))
  }
}

const UNDEFINED_KEY = Symbol('undefined')

/** What equal keys of a dict have in common. */
export function hashOf(key: Value): unknown {
  if (typeof key === 'boolean') return Number(key)
  if (key === null || typeof key !== 'object') return key
  if (key instanceof Float) return floatKey(key.n)
  if (key instanceof Undefined) return UNDEFINED_KEY
  if (key instanceof Tuple) return `\0(${key.items.map((item) => tagged(hashOf(item))).join()})`
  if (Array.isArray(key) || key instanceof Dict)
    throw new TemplateError(`unhashable type: '${Array.isArray(key) ? 'list' : 'dict'}'`)
  return key
}

function floatKey(n: number): number | bigint {
  return Number.isInteger(n) && !Number.isSafeInteger(n) ? BigInt(n) : n === 0 ? 0 : n
}

function tagged(hash: unknown): string {
  return `${typeof hash}:${JSON.stringify(typeof hash === 'bigint' ? String(hash) : hash)}`
}

/** An integer in the form that values have. */
export function integer(n: bigint): number | bigint {
  return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n
}

/** The name of the class of a value in Python. */
export function typeOf(value: Value): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'number' || typeof value === 'bigint') return 'int'
  return Array.isArray(value) ? 'list' : value.type
}
