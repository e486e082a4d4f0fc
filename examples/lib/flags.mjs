// Command lines of the paper's examples.
import { parseArgs } from 'node:util'
import { Problem } from './problem.mjs'

/** A flag without a default that must be given. */
export const NEEDED = Symbol('needed')

/**
 * Reads a command line.
 * @param {string} usage first line of the help
 * @param {Record<string, [value: unknown, about: string]>} spec name → default and words. A number takes numbers, a boolean is a switch, an array takes
 * the flag several times, anything else text; {@link NEEDED} is text without a default.
 * @returns the values, or undefined after --help
 */
export function readFlags(usage, spec, args = process.argv.slice(2)) {
  const options = Object.fromEntries(
    Object.entries(spec).map(([name, [value]]) => [
      name,
      { type: typeof value === 'boolean' ? 'boolean' : 'string', multiple: Array.isArray(value) },
    ]),
  )
  let given
  try {
    given = parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    throw new Problem(`${error.message.split('. ')[0]}\n\n${help(usage, spec)}`)
  }
  if (given.help) return void console.log(help(usage, spec))
  const values = {}
  for (const [name, [fallback]] of Object.entries(spec)) values[name] = valueOf(name, fallback, given[name])
  const missing = Object.keys(spec).filter((name) => values[name] === NEEDED)
  if (missing.length > 0) throw new Problem(`--${missing[0]} is missing\n\n${help(usage, spec)}`)
  return values
}

function valueOf(name, fallback, given) {
  if (given === undefined) return fallback
  if (Array.isArray(given)) return given.map((one) => numberOf(name, one))
  return typeof fallback === 'number' ? numberOf(name, given) : given
}

function numberOf(name, text) {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new Problem(`--${name} is not usable`, { expected: 'a number', received: text, fix: `--${name} 4` })
}

function help(usage, spec) {
  const width = Math.max(...Object.keys(spec).map((name) => name.length)) + 4
  const lines = Object.entries(spec).map(([name, [value, about]]) => {
    const usual = value === NEEDED || value === undefined || value === false ? '' : `  (${String(value) || 'none'})`
    return `  --${name.padEnd(width - 2)}${about}${usual}`
  })
  return `${usage}\n\n${lines.join('\n')}`
}
