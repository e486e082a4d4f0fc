// Checks of the arguments of a call: how many there are, what each is, and the options among them. The signatures are generated from the types of the
// public functions (src/generated/signatures.ts), and scripts/build.mjs writes the call of this check at the head of each of them.
import { OptionError } from '../errors.js'
import { SIGNATURES } from '../generated/signatures.js'
import { foreign, isForeign } from '../native/record.js'
import { checkOptions, fits, isOptions, nearChoice, ruleText } from './check-options.js'
import type { OptionSchema, Rule } from './check-options.js'
import { show } from './options.js'
import { readLine, ruleOf, schemas } from './tables.js'
import type { WrittenRule } from './tables.js'

/** One parameter of a function. */
export interface Parameter {
  readonly name: string
  readonly rule: Rule
  readonly optional?: true
  /** What the object may hold, where the parameter is one of options. */
  readonly options?: OptionSchema
  /** Whether the function checks their names and values itself. */
  readonly checksItself?: true
}

/** What a public function, constructor or method takes. */
export interface Signature {
  /** As users write it, such as `nn.Linear` or `Tensor.sum`. */
  readonly name: string
  readonly isConstructor?: true
  /** Whether it gives a promise, which then rejects. */
  readonly isPromise?: true
  readonly parameters: readonly Parameter[]
  /** What each further argument must be; without it there is none. */
  readonly rest?: Parameter
}

/** A signature as its table has it: a schema by its name. */
type Written<T> = Omit<T, 'rule' | 'options' | 'parameters' | 'rest'>
type WrittenParameter = Written<Parameter> & { rule: WrittenRule; options?: string | OptionSchema }
type WrittenSignature = Written<Signature> & { parameters: WrittenParameter[]; rest?: WrittenParameter }

const lines = SIGNATURES.split('\n')
const known: (Signature | undefined)[] = []

/** The signature of a public function, by its line in the table. @internal */
export function signatureOf(line: number): Signature {
  return (known[line] ??= readSignature(line))
}

function readSignature(line: number): Signature {
  const parameter = ({ rule, options, ...others }: WrittenParameter): Parameter => ({
    ...others,
    rule: ruleOf(rule),
    ...(options && {
      options: typeof options === 'string' ? (schemas as Record<string, OptionSchema>)[options]! : options,
    }),
  })
  const { parameters, rest, ...others } = readLine(lines[line]!) as WrittenSignature
  return { ...others, parameters: parameters.map(parameter), ...(rest && { rest: parameter(rest) }) }
}

/**
 * Checks the arguments of a call. One that is undefined counts as not given.
 * @throws {OptionError} for an argument too many, a missing one, and one of another kind than its parameter takes.
 */
export function checkArguments(given: ArrayLike<unknown>, line: number): void {
  const signature = signatureOf(line)
  const { parameters } = signature
  const count = given.length
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i]!
    const value = i < count ? given[i] : undefined
    if (value === undefined) {
      if (parameter.optional !== true) throw missing(signature, parameter)
    } else if (parameter.options !== undefined) {
      if (!isOptions(value)) throw notOptions(given, i, signature, parameter)
      if (parameter.checksItself !== true) checkOptions(signature.name, value, parameter.options)
    } else if (!fits(parameter.rule, value)) throw wrong(signature, parameter, value)
  }
  if (count > parameters.length) checkRest(given, signature)
}

/** A function that checks its arguments first. */
export function checked<F extends (...given: never[]) => unknown>(run: F, line: number): F {
  const guarded = function (this: unknown, ...given: never[]): unknown {
    checkArguments(given, line)
    return run.apply(this, given)
  }
  return Object.defineProperty(guarded, 'name', { value: run.name }) as unknown as F
}

function checkRest(given: ArrayLike<unknown>, signature: Signature): void {
  const { parameters, rest } = signature
  if (parameters.length === 1 && isOfArrayMethod(given)) return
  for (let i = parameters.length; i < given.length; i++) {
    if (rest === undefined) {
      if (given[i] !== undefined) throw tooMany(given, signature)
    } else if (!fits(rest.rule, given[i])) throw wrong(signature, rest, given[i])
  }
}

/** Whether a method of an array calls the function, as in `modules.filter(isLoraLayer)`: it adds the index and the array. */
function isOfArrayMethod(given: ArrayLike<unknown>): boolean {
  const [item, index, list] = [given[0], given[1], given[2]]
  return given.length === 3 && Array.isArray(list) && typeof index === 'number' && list[index] === item
}

/** The call as users write it, with the values that were given where they are short. */
function callText({ name, isConstructor, parameters, rest }: Signature, given?: readonly string[]): string {
  const names = parameters.map((each) => (each.optional === true ? `${each.name}?` : each.name))
  const all = given ?? (rest === undefined ? names : [...names, `...${rest.name}`])
  return `${isConstructor === true ? 'new ' : ''}${name}(${all.join(', ')})`
}

/** An argument as code: numbers, booleans and short texts as they are, others by the name of their parameter. */
function asCode(value: unknown, parameter: Parameter | undefined): string {
  const isShort =
    typeof value === 'string' ? value.length < 40 : typeof value === 'number' || typeof value === 'boolean'
  return isShort ? show(value) : (parameter?.name ?? '…')
}

function missing(signature: Signature, parameter: Parameter): OptionError {
  return new OptionError({
    what: `${signature.name}: ${parameter.name} is missing`,
    expected: callText(signature),
    received: `${parameter.name}: undefined`,
    fix: `pass ${parameter.name}: ${parameter.options === undefined ? ruleText(parameter.rule) : 'an object of options'}`,
  })
}

/** Options that come first in PyTorch and loralib, wherever our interfaces have them. */
const FIRST = ['lr', 'r']

/** A value where the options belong: in PyTorch many options are positional, so the fix names the first one that the value fits. */
function notOptions(given: ArrayLike<unknown>, at: number, signature: Signature, parameter: Parameter): OptionError {
  const { parameters } = signature
  const value = given[at]
  const fields = Object.entries(parameter.options!.fields).filter(
    ([, rule]) => rule.kind !== 'any' && fits(rule, value),
  )
  const field = fields.find(([name]) => FIRST.includes(name)) ?? fields[0]
  const before = Array.from({ length: at }, (_, i) => asCode(given[i], parameters[i]))
  const shown = field === undefined ? '{ name: value }' : `{ ${field[0]}: ${asCode(value, undefined)} }`
  return new OptionError({
    what: `${signature.name}: ${parameter.name} is not usable`,
    expected: `${parameter.name}: an object, as in ${callText(signature)}`,
    received: show(value),
    fix: `give options by name, as in ${callText(signature, [...before, shown])}`,
  })
}

const TENSOR: Rule = { kind: 'class', name: 'Tensor' }

function wrong(signature: Signature, parameter: Parameter, value: unknown): Error {
  if (isForeign(value) && !fits(TENSOR, value)) return foreign(value)
  const { name, rule } = parameter
  const text = ruleText(rule)
  const form = takes(rule, 'list') ? ', as an array' : takes(rule, 'record') ? ', as a record' : ''
  return new OptionError({
    what: `${signature.name}: ${name} is not usable`,
    expected: `${name}: ${text.replace(/\b(a|an) tensor\b/, 'a Tensor')}${form}`,
    received: show(value),
    fix: nearChoice(rule, value) ?? fixOf(parameter, value, text),
  })
}

function takes(rule: Rule, kind: Rule['kind'], name?: string): boolean {
  const parts = rule.kind === 'union' ? rule.of : [rule]
  return parts.some((part) => part.kind === kind && (name === undefined || ('name' in part && part.name === name)))
}

function fixOf({ name, rule }: Parameter, value: unknown, text: string): string {
  const isData = typeof value === 'number' || Array.isArray(value) || ArrayBuffer.isView(value)
  if (isData && takes(rule, 'class', 'Tensor')) return 'make a tensor of it: lora.tensor(…)'
  if (typeof value === 'number' && takes(rule, 'list')) return `write a list: [n], here [${value}]`
  if (fits(TENSOR, value)) return `pass ${name} as ${text}, such as [tensor] or model.parameters()`
  return `pass ${name} as ${text}`
}

function tooMany(given: ArrayLike<unknown>, signature: Signature): OptionError {
  const { parameters } = signature
  const shown = Array.from({ length: given.length }, (_, i) => asCode(given[i], parameters[i]))
  const most = parameters.length
  const hasOptions = parameters.at(-1)?.options !== undefined
  return new OptionError({
    what: `${signature.name}: too many arguments`,
    expected: callText(signature),
    received: callText(signature, shown),
    fix: hasOptions
      ? `what comes after the ${most}. argument is an option: give it by name, in ${parameters.at(-1)!.name}`
      : `leave out what comes ${most === 0 ? 'between the brackets' : `after the ${most}. argument`}`,
  })
}
