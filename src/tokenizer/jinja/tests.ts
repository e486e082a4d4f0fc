// The tests of Jinja2: `value is name`.
import { numeric } from './numbers.js'
import { binary, compare, contains, elements, equal, isCallable } from './operators.js'
import { str } from './print.js'
import { FILTERS } from './filters.js'
import { STRING_METHODS } from './strings.js'
import { Args, Dict, Float, Generator, Range, Tuple, Undefined } from './values.js'
import type { Value } from './values.js'

type Test = (value: Value, args: Args) => boolean

const comparison =
  (op: string): Test =>
  (value, args) =>
    compare(op, value, args.bind(['other'], 1)[0]!)

const rest = (value: Value, by: Value) => binary('%', value, by)

/** Numbers with another remainder than true and false: `is odd` of a float too. */
const divides = (value: Value, by: Value, left: number) => equal(rest(value, by), left)

function isSame(a: Value, b: Value): boolean {
  const bothFloats = a instanceof Float && b instanceof Float
  return a === b && !bothFloats
}

/** A test without arguments. */
const alone =
  (test: (value: Value) => boolean): Test =>
  (value, args) => {
    args.bind([])
    return test(value)
  }

const method = (name: string): Test => alone((value) => STRING_METHODS[name]!(str(value), new Args(name, [])) === true)

/** The tests by name. */
export const TESTS: Readonly<Record<string, Test>> = {
  boolean: alone((value) => typeof value === 'boolean'),
  callable: alone(isCallable),
  defined: alone((value) => !(value instanceof Undefined)),
  divisibleby: (value, args) => divides(value, args.bind(['num'], 1)[0]!, 0),
  escaped: alone(() => false),
  even: alone((value) => divides(value, 2, 0)),
  false: alone((value) => value === false),
  filter: alone((value) => typeof value === 'string' && Object.hasOwn(FILTERS, value)),
  float: alone((value) => value instanceof Float),
  in: (value, args) => contains(args.bind(['seq'], 1)[0]!, value),
  integer: alone((value) => typeof value === 'number' || typeof value === 'bigint'),
  iterable: alone((value) => value instanceof Generator || elements(value) !== undefined),
  lower: method('islower'),
  mapping: alone((value) => value instanceof Dict),
  none: alone((value) => value === null),
  number: alone((value) => numeric(value) !== undefined),
  odd: alone((value) => divides(value, 2, 1)),
  sameas: (value, args) => isSame(value, args.bind(['other'], 1)[0]!),
  sequence: alone(
    (value) =>
      typeof value === 'string' ||
      Array.isArray(value) ||
      value instanceof Tuple ||
      value instanceof Dict ||
      value instanceof Range ||
      value instanceof Undefined,
  ),
  string: alone((value) => typeof value === 'string'),
  test: alone((value) => typeof value === 'string' && Object.hasOwn(TESTS, value)),
  true: alone((value) => value === true),
  undefined: alone((value) => value instanceof Undefined),
  upper: method('isupper'),
  ...Object.fromEntries(
    Object.entries({
      '==': ['==', 'eq', 'equalto'],
      '!=': ['!=', 'ne'],
      '>': ['>', 'gt', 'greaterthan'],
      '>=': ['>=', 'ge'],
      '<': ['<', 'lt', 'lessthan'],
      '<=': ['<=', 'le'],
    }).flatMap(([op, names]) => names.map((name) => [name, comparison(op)])),
  ),
}
