// Attributes and subscripts, with the rules of Jinja2's sandbox: `a.b` prefers an attribute, `a['b']` an element.
import { braceFormat } from './format.js'
import { asIndex } from './numbers.js'
import { equal, item as itemOf, iterate, missing } from './operators.js'
import { repr } from './print.js'
import { STRING_METHODS } from './strings.js'
import { Args, Dict, DictView, Func, Namespace, PyObject, TemplateError, Tuple, typeOf, Undefined } from './values.js'
import type { Value } from './values.js'

type Method<T> = (own: T, args: Args) => Value

const DICT_METHODS: Readonly<Record<string, Method<Dict>>> = {
  copy: (own, args) => args.positional([]) && Dict.of(own.entries()),
  get(own, args) {
    const [key, other = null] = args.positional(['key', 'default'], 1)
    const found = own.get(key!)
    return found === undefined ? other : found
  },
  items: (own, args) => args.positional([]) && new DictView('items', own),
  keys: (own, args) => args.positional([]) && new DictView('keys', own),
  values: (own, args) => args.positional([]) && new DictView('values', own),
}

const TUPLE_METHODS: Readonly<Record<string, Method<readonly Value[]>>> = {
  count: (own, args) => own.filter((each) => equal(each, args.positional(['value'], 1)[0]!)).length,
  index(own, args) {
    const [value, start, end] = args.positional(['value', 'start', 'end'], 1)
    const [from, to] = [start, end].map((bound, i) =>
      bound === undefined ? (i === 0 ? 0 : own.length) : asIndex(bound),
    )
    const at = own.slice(from, to).findIndex((each) => equal(each, value!))
    if (at < 0) throw new TemplateError(`${repr(value!)} is not in list`)
    return at + (from! < 0 ? Math.max(0, from! + own.length) : from!)
  },
}

const LIST_METHODS: typeof TUPLE_METHODS = {
  ...TUPLE_METHODS,
  copy: (own, args) => args.positional([]) && [...own],
}

/** Methods that change a list or a dict: the sandbox does not let templates use them. */
const CHANGING: Readonly<Record<string, readonly string[]>> = {
  dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
  list: ['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'],
}

/** An attribute of Python's own; undefined when there is none. */
export function ownAttribute(value: Value, name: string): Value | undefined {
  const kind = typeOf(value)
  const isHidden = name.startsWith('__') && !(value instanceof Dict && value.has(name))
  if (isHidden || CHANGING[kind]?.includes(name))
    return new Undefined(`access to attribute ${repr(name)} of ${repr(kind)} object is unsafe.`)
  if (typeof value === 'string') {
    if (name === 'format')
      return new Func(name, (args) => braceFormat(value, args, { attribute: getAttribute, item: getItem }))
    return bound(STRING_METHODS, value, name)
  }
  if (Array.isArray(value)) return bound(LIST_METHODS, value, name)
  if (value instanceof Tuple) {
    const part = value.attribute(name)
    return part === undefined ? bound(TUPLE_METHODS, value.items, name) : part
  }
  if (value instanceof Dict) return bound(DICT_METHODS, value, name)
  return value instanceof PyObject ? value.attribute(name) : undefined
}

function bound<T>(methods: Readonly<Record<string, Method<T>>>, own: T, name: string): Func | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  return method && new Func(name, (args) => method(own, args))
}

/** `value.name`. */
export function getAttribute(value: Value, name: string): Value {
  if (value instanceof Undefined) value.fail()
  const own = ownAttribute(value, name)
  return own === undefined ? defined(itemOf(value, name), value, name) : own
}

/** `value[key]`. */
export function getItem(value: Value, key: Value): Value {
  if (value instanceof Undefined) value.fail()
  const found = itemOf(value, key)
  if (found !== undefined) return found
  return defined(typeof key === 'string' ? ownAttribute(value, key) : undefined, value, key)
}

// Not `??`: None is a value.
const defined = (found: Value | undefined, value: Value, key: Value) =>
  found === undefined ? missing(value, key) : found

/** What a filter's `attribute` names: `'a.b.0'`, or a number. */
export function attributeGetter(path: Value | undefined, other?: Value): (item: Value) => Value {
  if (path === undefined || path === null) return (each) => each
  const parts =
    typeof path === 'string' ? path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)) : [path]
  return (each) =>
    parts.reduce<Value>((value, part) => {
      const found = getItem(value, part)
      return found instanceof Undefined && other !== undefined && other !== null ? other : found
    }, each)
}

/** A dict from the arguments of `dict()` or `namespace()`. */
export function dictOf(args: Args): Dict {
  const [first] = new Args(args.owner, args.list).bind(['mapping'])
  const pairs = first === undefined ? [] : first instanceof Dict ? first.entries() : iterate(first).map(pairOf)
  return Dict.of([...pairs, ...args.named])
}

/** The two parts of a pair. */
export function pairOf(value: Value): [Value, Value] {
  const [key, each, ...rest] = iterate(value)
  if (key !== undefined && each !== undefined && rest.length === 0) return [key, each]
  throw new TemplateError('a pair must have 2 elements')
}

/** A namespace with these fields. */
export function namespaceOf(args: Args): Namespace {
  return new Namespace(
    new Map(
      dictOf(args)
        .entries()
        .map(([key, value]) => [String(key), value]),
    ),
  )
}
