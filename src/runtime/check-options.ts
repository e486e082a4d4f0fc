// Checks of options objects: names, types and ranges, with all problems in one error. The schemas are generated from the interfaces
// (src/generated/options.ts); what depends on two options, a shape or a model is checked where these are known.
import { OptionError } from '../errors.js'
import { bad, nearest, show } from './options.js'

/** What a value must be; `text` describes it where the words for its kind would be too general. */
export type Rule = { readonly text?: string } & Kind

type Kind =
  | { readonly kind: 'string'; readonly minLength?: number }
  | { readonly kind: 'any' | 'boolean' | 'bigint' | 'null' | 'function' | 'iterable' }
  | NumberRule
  | { readonly kind: 'choice'; readonly values: readonly (string | number | boolean)[] }
  | ListRule
  | { readonly kind: 'tuple'; readonly items: readonly Rule[] }
  | { readonly kind: 'record'; readonly values: Rule; readonly shallow?: true }
  | { readonly kind: 'class'; readonly name: string }
  /** `fields` are those that it must have. */
  | { readonly kind: 'object'; readonly name: string; readonly fields?: readonly string[] }
  | { readonly kind: 'union'; readonly of: readonly Rule[] }

interface NumberRule {
  readonly kind: 'number'
  readonly integer?: true
  /** Allows Infinity. */
  readonly infinity?: true
  /** Allows every number, NaN among them: it is a value of a tensor. */
  readonly nan?: true
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

interface ListRule {
  readonly kind: 'list'
  readonly items: Rule
  /** Only the kind of the first item is looked at: lists can be long, and whoever reads them looks at each. */
  readonly shallow?: true
  readonly minItems?: number
  readonly maxItems?: number
}

/** The options of one interface. */
export interface OptionSchema {
  readonly fields: Readonly<Record<string, Rule>>
  readonly required: readonly string[]
}

/**
 * Checks the options given to `owner`. An option that is undefined counts as not given.
 * @throws {OptionError} naming every option that is unknown (with the nearest known one), missing, of a wrong type or out of range.
 */
export function checkOptions(owner: string, options: object | undefined, schema: OptionSchema): void {
  if (options !== undefined && !isOptions(options)) throw bad(owner, 'options', 'an object', options)
  const { fields, required } = schema
  const given = (options ?? {}) as Readonly<Record<string, unknown>>
  for (const name in given) {
    const rule = fields[name]
    // For a name of Object.prototype, such as toString, this is a function.
    if (rule?.kind === undefined) throw problems(owner, given, schema)
    const value = given[name]
    if (value !== undefined && !fits(rule, value)) throw problems(owner, given, schema)
  }
  for (let i = 0; i < required.length; i++) if (given[required[i]!] === undefined) throw problems(owner, given, schema)
}

/** Whether a value can hold options: an object, but none of those whose content is not in its fields, such as a list, a map, or a promise nobody awaited. */
export function isOptions(value: unknown): value is object {
  if (!isObject(value) || Array.isArray(value) || ArrayBuffer.isView(value)) return false
  return !(value instanceof Map || value instanceof Set || value instanceof Promise || value instanceof Date)
}

/** The names of the options of a schema. */
export function optionNames(schema: OptionSchema): string[] {
  return Object.keys(schema.fields)
}

/** Those of the given options that are in the schema. */
export function pickOptions(options: object, schema: OptionSchema): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(schema.fields, name)))
}

/** A class, with a public or private constructor. */
type Class = { readonly prototype: unknown }

const classes = new Map<string, Class>()

/** Registers a class of this package under the name that schemas use; the file of the class calls it. */
export function nameClass(name: string, type: Class): void {
  classes.set(name, type)
}

/** Whether a value is what a rule says. */
export function fits(rule: Rule, value: unknown): boolean {
  switch (rule.kind) {
    case 'any':
      return true
    case 'string':
      return typeof value === 'string' && value.length >= (rule.minLength ?? 0)
    case 'boolean':
    case 'bigint':
    case 'function':
      return typeof value === rule.kind
    case 'null':
      return value === null
    case 'number':
      return isInRange(rule, value)
    case 'choice':
      return rule.values.includes(value as string)
    case 'list':
      return isList(rule, value)
    case 'tuple':
      return (
        Array.isArray(value) &&
        value.length === rule.items.length &&
        rule.items.every((item, i) => fits(item, value[i]))
      )
    case 'record':
      return (
        isOptions(value) && (rule.shallow === true || Object.values(value).every((each) => fits(rule.values, each)))
      )
    case 'object':
      return rule.fields === undefined ? isObject(value) || typeof value === 'function' : hasFields(rule.fields, value)
    case 'iterable':
      return typeof value !== 'string' && (hasMethod(value, Symbol.iterator) || hasMethod(value, Symbol.asyncIterator))
    case 'class':
      return isInstance(value, rule.name)
    case 'union':
      return rule.of.some((part) => fits(part, value))
  }
}

function isInRange(rule: NumberRule, value: unknown): boolean {
  if (typeof value !== 'number') return false
  if (rule.nan === true) return true
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = rule
  if (value === Infinity || value === -Infinity) {
    if (rule.infinity !== true) return false
  } else if (rule.integer === true ? !Number.isInteger(value) : Number.isNaN(value)) return false
  return (
    value >= minimum &&
    value <= maximum &&
    (exclusiveMinimum === undefined || value > exclusiveMinimum) &&
    (exclusiveMaximum === undefined || value < exclusiveMaximum)
  )
}

function isList({ items, minItems = 0, maxItems = Infinity, shallow }: ListRule, value: unknown): boolean {
  if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return false
  if (shallow === true) return value.length === 0 || isOfKind(items, value[0])
  // An index loop also visits the holes of a sparse list, which `every` skips.
  for (let i = 0; i < value.length; i++) if (!fits(items, value[i])) return false
  return true
}

/** As {@link fits}, for a number of any size. */
function isOfKind(rule: Rule, value: unknown): boolean {
  if (typeof value !== 'number') return fits(rule, value)
  const parts = rule.kind === 'union' ? rule.of : [rule]
  return parts.some((part) => part.kind === 'any' || (part.kind === 'number' && (value === value || part.nan === true)))
}

function hasFields(names: readonly string[], value: unknown): boolean {
  if (!isObject(value)) return false
  for (const name of names) if (!(name in value)) return false
  return true
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function hasMethod(value: unknown, name: symbol): boolean {
  return isObject(value) && typeof (value as Record<symbol, unknown>)[name] === 'function'
}

/** Whether a value is of a class of the package, or of JavaScript. One that is not loaded has no instances. */
function isInstance(value: unknown, name: string): boolean {
  const type = classes.get(name) ?? (globalThis as unknown as Record<string, Class>)[name]
  return type !== undefined && value instanceof (type as new () => unknown)
}

/** One problem of the options. */
interface Problem {
  readonly name: string
  readonly expected: string
  readonly received: string
  readonly fix: string
}

function problems(owner: string, given: Readonly<Record<string, unknown>>, schema: OptionSchema): OptionError {
  const known = optionNames(schema)
  const names = new Set([...known.filter((name) => schema.required.includes(name)), ...keysOf(given)])
  const unknown = [...names].filter((name) => !Object.hasOwn(schema.fields, name))
  const wrong = [...names].flatMap((name) => {
    const rule = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined
    const value = given[name]
    if (rule === undefined) return []
    const fine = value === undefined ? !schema.required.includes(name) : fits(rule, value)
    return fine ? [] : [{ ...wrongValue(name, rule, value), name }]
  })
  const all = [...(unknown.length > 0 ? [unknownNames(unknown, known)] : []), ...wrong]
  const [first] = all
  if (all.length > 1 || first === undefined) return several(owner, all)
  if (unknown.length > 0) return new OptionError({ what: `${owner}: unknown option ${first.name}`, ...first })
  return bad(owner, first.name, wrong[0]!.rule, given[first.name], first.fix)
}

function keysOf(given: object): string[] {
  const names: string[] = []
  for (const name in given) names.push(name)
  return names
}

function unknownNames(unknown: readonly string[], known: readonly string[]): Problem {
  const fixes = unknown.map((name) => {
    const near = nearest(name, known)
    return near === undefined ? `remove ${name}` : `write ${near} for ${name}`
  })
  const name = unknown.join(', ')
  return { name, expected: `options among ${known.join(', ')}`, received: name, fix: fixes.join('; ') }
}

function wrongValue(name: string, rule: Rule, value: unknown): Problem & { rule: string } {
  const text = ruleText(rule)
  const fix = nearChoice(rule, value) ?? `pass ${name} as ${text}`
  return { name, rule: text, expected: `${name}: ${text}`, received: `${name}: ${show(value)}`, fix }
}

/** What to write where a choice, or one of a list of choices, is misspelt. */
export function nearChoice(rule: Rule, value: unknown): string | undefined {
  if (rule.kind === 'list' && Array.isArray(value)) {
    const wrong: unknown = value.find((item) => !fits(rule.items, item))
    const fix = nearChoice(rule.items, wrong)
    return fix && `${fix} for ${show(wrong)}`
  }
  if (typeof value !== 'string') return undefined
  const parts = rule.kind === 'union' ? rule.of : [rule]
  const choices = parts.flatMap((part) => (part.kind === 'choice' ? part.values.map(String) : []))
  const near = nearest(value, choices)
  return near && `write '${near}'`
}

function several(owner: string, all: readonly Problem[]): OptionError {
  return new OptionError({
    what: `${owner}: ${all.length} things are wrong with the options: ${all.map(({ name }) => name).join(', ')}`,
    expected: all.map(({ expected }) => expected).join('; '),
    received: all.map(({ received }) => received).join('; '),
    fix: all.map(({ fix }) => fix).join('; '),
  })
}

const WORDS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  any: ['a value', 'values'],
  boolean: ['true or false', 'true and false'],
  bigint: ['a BigInt', 'BigInts'],
  null: ['null', 'null'],
  function: ['a function', 'functions'],
  iterable: ['something to iterate over', 'iterables'],
  Tensor: ['a tensor', 'tensors'],
  Module: ['a module', 'modules'],
}

/** A rule in words, for `expected`. */
export function ruleText(rule: Rule, many = false): string {
  if (rule.text !== undefined) return rule.text
  switch (rule.kind) {
    case 'number':
      return numberText(rule, many)
    case 'choice':
      return rule.values
        .map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
        .join(many ? ', ' : ' or ')
    case 'list':
      return `${many ? 'lists' : 'a list'} of ${countText(rule)}`
    case 'string':
      return rule.minLength ? (many ? 'non-empty strings' : 'a non-empty string') : many ? 'strings' : 'a string'
    case 'tuple':
      return `${many ? 'lists' : 'a list'} of ${rule.items.map((item) => ruleText(item)).join(' and ')}`
    case 'record':
      return `${many ? 'objects' : 'an object'} of ${ruleText(rule.values, true)}`
    case 'union':
      return rule.of.map((part) => ruleText(part, many)).join(', or ')
    case 'class':
    case 'object': {
      const article = /^[AEIOU]/i.test(rule.name) ? 'an' : 'a'
      return WORDS[rule.name]?.[many ? 1 : 0] ?? (many ? rule.name : `${article} ${rule.name}`)
    }
    default:
      return WORDS[rule.kind]![many ? 1 : 0]
  }
}

function numberText(rule: NumberRule, many: boolean): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = rule
  const from = minimum ?? exclusiveMinimum
  const to = maximum ?? exclusiveMaximum
  const finite = to === undefined || from === undefined ? 'finite number' : 'number'
  const noun = rule.integer ? 'integer' : rule.nan ? 'number' : finite
  const [one, all] = [rule.integer ? `an ${noun}` : `a ${noun}`, `${noun}s`]
  const text = `${many ? all : one}${rangeText(rule, from, to)}`
  return rule.infinity ? `${text}, or Infinity` : text
}

function rangeText(rule: NumberRule, from: number | undefined, to: number | undefined): string {
  const { minimum, maximum } = rule
  if (from !== undefined && to !== undefined) {
    return ` from ${minimum === undefined ? 'above ' : ''}${from} to ${maximum === undefined ? 'below ' : ''}${to}`
  }
  if (from !== undefined) return minimum === undefined ? ` above ${from}` : `, ${from} or more`
  if (to !== undefined) return maximum === undefined ? ` below ${to}` : `, ${to} or less`
  return ''
}

/** What a list holds, and how many. */
function countText({ items, minItems = 0, maxItems = Infinity }: ListRule): string {
  const text = ruleText(items, true)
  if (minItems === maxItems) return `${minItems} ${text}`
  return minItems > 0 ? `${text}, at least ${minItems} of them` : text
}
