// The error that each wrong use must give, and the check of it.
import { readFileSync } from 'node:fs'
import * as lora from 'loralib'

/** Class of each code as docs/errors.md has it. */
const documented = new Map(
  [
    ...readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8').matchAll(/`(ERR_\w+)` \| `(\w+)`/g),
  ].map(([, code, name]) => [code, name]),
)

/** Errors at the call: `[name, run, fields]` of each. */
export function sync(code, rows) {
  return make(code, 'sync', rows)
}

/** Errors that the next await rejects with. */
export function rejects(code, rows) {
  return make(code, 'rejects', rows)
}

/** Errors of the caller's own function, which must be passed on unchanged: `[name, run]`; `run` is given the error to throw. */
export function passes(when, rows) {
  return rows.map(([name, run]) => {
    const own = new Error(`of the caller: ${name}`)
    return { name, when, own, run: (world) => run(world, own) }
  })
}

function make(code, when, rows) {
  const made = documented.get(code)
  if (made === undefined) throw new Error(`docs/errors.md does not know ${code}`)
  return rows.map(([name, run, fields = {}]) => ({ name, run, code, class: made, when, fields }))
}

/** Runs a wrong use; returns what it threw, and when. */
export async function caught(run) {
  let result
  try {
    result = run()
  } catch (error) {
    return { error, when: 'sync' }
  }
  try {
    await result
  } catch (error) {
    return { error, when: 'rejects' }
  }
  return { error: undefined, when: 'never' }
}

/** What is wrong with an error, or null. */
export function judge(wanted, { error, when }) {
  if (when === 'never') return 'nothing was thrown'
  if (wanted.own) return error === wanted.own ? late(wanted, when) : `another error than the caller's: ${show(error)}`
  if (!(error instanceof lora.LoraError)) return `no error of loralib: ${show(error)}`
  return judgeData(
    wanted,
    { ...asData(error), isClass: error instanceof Object.entries(lora).find(([name]) => name === wanted.class)[1] },
    when,
  )
}

/** An error as data, so that a child process can send it. */
export function asData(error) {
  const { name, code, message, op, path, expected, received, hint, stack } = error
  return { name, code, message, what: message.split('\n')[0], op, path, expected, received, fix: hint, stack }
}

/** The same for an error that crossed as data. */
export function judgeData(wanted, error, when) {
  if (error.code !== wanted.code) return `${error.code}, not ${wanted.code}: ${error.message}`
  if (error.name !== wanted.class || error.isClass === false) return `${error.name}, not ${wanted.class}`
  if (!error.stack.startsWith(`${error.name} [${error.code}]: `))
    return `the stack begins with ${error.stack.split('\n')[0]}`
  for (const field of ['what', 'expected', 'received', 'fix'])
    if (!error[field]) return `${field} is empty: ${error.message}`
  for (const field of ['op', 'path']) {
    const want = wanted.fields[field] === undefined ? '' : wanted.fields[field]
    if (want === null) continue
    if (error[field] !== want) return `${field} is '${error[field]}', not '${want}': ${error.message}`
  }
  for (const field of ['what', 'expected', 'received', 'fix']) {
    const want = wanted.fields[field]
    if (want && !want.test(error[field])) return `${field} is not like ${want}: ${error.message}`
  }
  return late(wanted, when)
}

function late(wanted, when) {
  return when === wanted.when
    ? null
    : `it came ${when === 'sync' ? 'at the call' : 'with the await'}, not ${wanted.when}`
}

function show(error) {
  return error instanceof Error ? error.stack : String(error)
}
