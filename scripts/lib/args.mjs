// The arguments of a script. What it does not know ends it: an argument that nobody reads would be ignored in silence.
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { fail, root } from './run.mjs'

/** A flag. */
export const flag = { type: 'boolean', default: false }
/** An option with a value. */
export const text = { type: 'string' }

/**
 * Reads the arguments of this process: `options` as `parseArgs` of Node takes them, and at most `positionals` others. Without any, the script takes
 * none. Returns `{ values, positionals }`, or ends the process with status 1.
 */
export function readArgs({ options = {}, positionals = 0 } = {}) {
  try {
    const read = parseArgs({ options, allowPositionals: true })
    if (read.positionals.length <= positionals) return read
    refuse(`${read.positionals.slice(positionals).join(' ')}: not expected`, options)
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error
    // The hint of Node is about arguments that begin with a hyphen.
    refuse(error.message.split('. ')[0], options)
  }
}

function refuse(what, options) {
  const known = Object.entries(options).map(([name, { type }]) =>
    type === 'boolean' ? `--${name}` : `--${name} VALUE`,
  )
  fail(`${relative(root, process.argv[1])}: ${what}\n  it takes ${known.join(', ') || 'no options'}`)
}

/** The names in a value such as `a,b`; one that is not among `known` ends the process. Null when the option was not given. */
export function readNames(value, what, known) {
  if (value === undefined) return null
  const names = value.split(',')
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length) fail(`no such ${what}: ${unknown.join(', ')}; there are ${known.join(', ')}`)
  return names
}
