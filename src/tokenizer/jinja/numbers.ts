// Arithmetic as in Python: integers without bounds, floats beside them, and remainders with the sign of the divisor.
import { checkBits } from './limits.js'
import { Float, integer, TemplateError, typeOf } from './values.js'
import type { Value } from './values.js'

type Integer = number | bigint

/** The operators of arithmetic. */
export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**'

/** The number of a value: truth values are 0 and 1. Undefined for other values. */
export function numeric(value: Value): Integer | Float | undefined {
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Float ? value : undefined
}

/** An integer that counts or indexes something. */
export function asIndex(value: Value): number {
  const number = numeric(value)
  if (typeof number === 'number') return number
  if (typeof number === 'bigint') return number < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
  throw new TemplateError(`'${typeOf(value)}' object cannot be interpreted as an integer`)
}

/** A number as JavaScript has it. */
export function asFloat(number: Integer | Float): number {
  return Number(number instanceof Float ? number.n : number)
}

/** A result of arithmetic on two numbers. */
export function arithmetic(op: Operator, a: Integer | Float, b: Integer | Float): Value {
  if (a instanceof Float || b instanceof Float || op === '/') return new Float(onFloats(op, asFloat(a), asFloat(b)))
  if (op === '**' && b < 0) return new Float(onFloats(op, Number(a), Number(b)))
  if (typeof a === 'number' && typeof b === 'number') {
    const result = onNumbers(op, a, b)
    if (Number.isSafeInteger(result)) return result + 0
  }
  return integer(onIntegers(op, BigInt(a), BigInt(b)))
}

function onNumbers(op: Operator, a: number, b: number): number {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  if (op === '**') return a ** b
  checkDivisor(b, 'integer division or modulo by zero')
  const rest = a % b
  const modulo = rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
  return op === '%' ? modulo : (a - modulo) / b
}

function onIntegers(op: Operator, a: bigint, b: bigint): bigint {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') checkBits(bitsOf(a) + bitsOf(b))
  if (op === '*') return a * b
  if (op === '**') checkBits(bitsOf(a) * Number(b))
  if (op === '**') return a ** b
  checkDivisor(b, 'integer division or modulo by zero')
  const modulo = ((a % b) + b) % b
  return op === '%' ? modulo : (a - modulo) / b
}

/** At most how many bits an integer has beyond its sign; none for 0, 1 and −1, whose powers are as small. */
const bitsOf = (n: bigint): number => (n >= -1n && n <= 1n ? 0 : 4 * n.toString(16).length)

function onFloats(op: Operator, a: number, b: number): number {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  if (op === '**') return power(a, b)
  checkDivisor(b, op === '/' ? 'division by zero' : 'float floor division by zero')
  if (op === '/') return a / b
  let modulo = a % b
  let quotient = (a - modulo) / b
  if (modulo === 0) modulo = b < 0 ? -0 : 0
  else if (modulo < 0 !== b < 0) {
    modulo += b
    quotient -= 1
  }
  if (op === '%') return modulo
  const floor = Math.floor(quotient)
  return quotient - floor > 0.5 ? floor + 1 : floor
}

function power(a: number, b: number): number {
  if (a === 0 && b < 0) throw new TemplateError('0.0 cannot be raised to a negative power')
  const result = a ** b
  if (Number.isNaN(result) && !Number.isNaN(a) && !Number.isNaN(b))
    throw new TemplateError('a fractional power of a negative number is complex')
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b))
    throw new TemplateError('Numerical result out of range')
  return result
}

function checkDivisor(b: Integer, message: string): void {
  // eslint-disable-next-line eqeqeq -- 0 and 0n
  if (b == 0) throw new TemplateError(message)
}

/** A float rounded to decimal digits; what lies half way goes to the even digit, as in Python. */
export function roundTo(n: number, digits: number): string {
  checkBits(4 * Math.abs(digits))
  const [numerator, denominator] = fraction(Math.abs(n))
  const scale = 10n ** BigInt(Math.abs(digits))
  const [a, b] = digits < 0 ? [numerator, denominator * scale] : [numerator * scale, denominator]
  let whole = a / b
  const twice = 2n * (a % b)
  if (twice > b || (twice === b && whole % 2n === 1n)) whole += 1n
  const sign = n < 0 || Object.is(n, -0) ? '-' : ''
  if (digits <= 0) return sign + String(digits < 0 ? whole * scale : whole)
  const text = String(whole).padStart(digits + 1, '0')
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** The exact fraction of a finite float that is not negative. */
function fraction(n: number): [numerator: bigint, denominator: bigint] {
  let denominator = 1n
  let scaled = n
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    denominator *= 2n
  }
  return [BigInt(scaled), denominator]
}
