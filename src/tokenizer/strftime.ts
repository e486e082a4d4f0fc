// Dates in templates, formatted as by Python in the C locale.
import { OptionError } from '../errors.js'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
]

const two = (value: number) => String(value).padStart(2, '0')
const hour12 = (date: Date) => date.getHours() % 12 || 12

const CODES: Record<string, (date: Date) => string> = {
  a: (date) => DAYS[date.getDay()]!.slice(0, 3),
  A: (date) => DAYS[date.getDay()]!,
  b: (date) => MONTHS[date.getMonth()]!.slice(0, 3),
  B: (date) => MONTHS[date.getMonth()]!,
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, ' '),
  m: (date) => two(date.getMonth() + 1),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  H: (date) => two(date.getHours()),
  I: (date) => two(hour12(date)),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  F: (date) => strftime(date, '%Y-%m-%d'),
  T: (date) => strftime(date, '%H:%M:%S'),
  '%': () => '%',
}

/**
 * Formats a date as Python's `strftime`, in local time. `%-d` and similar codes omit leading zeros.
 * @throws {OptionError} for an unknown format code.
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)(.?)/gs, (whole, bare: string, code: string) => {
    const write = CODES[code]
    if (write === undefined) throw unknown(whole)
    return bare === '' ? write(date) : write(date).replace(/^[0 ]+(?=.)/, '')
  })
}

function dayOfYear(date: Date): number {
  const midnight = (year: number, month: number, day: number) => Date.UTC(year, month, day)
  const start = midnight(date.getFullYear(), 0, 1)
  return (midnight(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000 + 1
}

function unknown(code: string): OptionError {
  return new OptionError({
    what: `strftime_now: the format code ${code} is not known`,
    expected: `one of ${Object.keys(CODES)
      .map((code) => `%${code}`)
      .join(' ')}`,
    received: code,
    fix: 'pass the date yourself, with variables',
  })
}
