// JavaScript's values as those of a template, and back for the functions that a program hands to a template.
import { Dict, Float, Func, integer, PyObject, TemplateError, Tuple, Undefined } from './values.js'
import type { Value } from './values.js'

/** No conversation is as deep as this: deeper values refer to themselves. */
const DEEPEST = 500

/** A value of JavaScript in a template. Fields that are undefined are left out, as in JSON. */
export function fromHost(value: unknown, depth = 0): Value {
  if (depth > DEEPEST) throw new TemplateError('a variable is nested too deeply, or contains itself')
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (value === undefined) return new Undefined('a variable is undefined')
  if (typeof value === 'number') return fromNumber(value)
  if (typeof value === 'bigint') return integer(value)
  if (typeof value === 'function') return hostFunction(value as (...args: unknown[]) => unknown)
  if (typeof value !== 'object') throw new TemplateError(`a variable is a ${typeof value}`)
  if (value instanceof PyObject) return value
  return fromObject(value, depth + 1)
}

function fromNumber(value: number): Value {
  if (!Number.isInteger(value)) return new Float(value)
  return Number.isSafeInteger(value) ? value + 0 : integer(BigInt(value))
}

function fromObject(value: object, depth: number): Value {
  const pair = ([key, each]: [unknown, unknown]) => [fromHost(key, depth), fromHost(each, depth)] as const
  if (value instanceof Map) return Dict.of([...value].map(pair))
  if (Symbol.iterator in value) return Array.from(value as Iterable<unknown>, (each) => fromHost(each, depth))
  if ('toJSON' in value && typeof value.toJSON === 'function') return fromHost(value.toJSON(), depth)
  return Dict.of(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(pair),
  )
}

function hostFunction(run: (...args: unknown[]) => unknown): Func {
  return new Func(run.name === '' ? 'a function' : run.name, ({ list, named }) => {
    const last = named.size > 0 ? [Object.fromEntries([...named].map(([name, each]) => [name, toHost(each)]))] : []
    return fromHost(run(...list.map(toHost), ...last))
  })
}

/** A value of a template in JavaScript. */
function toHost(value: Value): unknown {
  if (value instanceof Float) return value.n
  if (value instanceof Undefined) return undefined
  if (Array.isArray(value)) return value.map(toHost)
  if (value instanceof Tuple) return value.items.map(toHost)
  if (value instanceof Dict)
    return Object.fromEntries(value.entries().map(([key, each]) => [String(key), toHost(each)]))
  return value
}
