// How long each call of the addon blocks the JavaScript thread. The package is not changed: the functions of its binding are wrapped from outside.
import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'
import { inRoot } from '../../lib/run.mjs'
import { addonFile } from '../../lib/stamp.mjs'
import { watchCollections } from '../lib/collections.mjs'

// The package has loaded it from the same path, so this is the same object.
const native = createRequire(import.meta.url)(inRoot(addonFile()))

let current = null

/** Wraps every function of the binding, and every method and factory of its classes, once. */
export function wrapBinding() {
  for (const name of Object.keys(native)) {
    if (typeof native[name] !== 'function') continue
    if (native[name].prototype === undefined || !name.startsWith('Native')) native[name] = timed(native[name], name)
    else native[name] = timedClass(native[name], name)
  }
}

// A class of the addon has static functions that cannot be replaced, so it is replaced by a plain object with the same names.
function timedClass(original, name) {
  const methods = original.prototype
  for (const key of Object.getOwnPropertyNames(methods)) {
    if (key !== 'constructor') methods[key] = timed(methods[key], `${name}.${key}`)
  }
  const statics = Object.getOwnPropertyNames(original).filter((key) => typeof original[key] === 'function')
  return Object.fromEntries(statics.map((key) => [key, timed(original[key].bind(original), `${name}.${key}`)]))
}

function timed(original, name) {
  return function (...args) {
    if (current === null) return original.apply(this, args)
    const start = performance.now()
    try {
      return original.apply(this, args)
    } finally {
      note(name, start, performance.now() - start)
    }
  }
}

// Only the longest ones are kept: a garbage collection that V8 ran inside of a call is known a little later, and is then subtracted.
const LONG_MS = 0.5

function note(name, start, ms) {
  let kind = current.kinds.get(name)
  if (kind === undefined) current.kinds.set(name, (kind = { calls: 0, total: 0, worst: 0 }))
  kind.calls += 1
  kind.total += ms
  if (ms > LONG_MS) current.long.push({ name, start, ms })
  else if (ms > kind.worst) kind.worst = ms
}

/**
 * Begins to count. `stop()` returns `kinds`, by name `{ calls, total, worst }` in ms, and `longest`, the calls above 0.5 ms, longest first;
 * collections of V8 inside of a call are not counted as part of it. `collections` are V8's pauses.
 */
export async function watchCalls() {
  current = { kinds: new Map(), long: [] }
  const watched = current
  const collections = await watchCollections()
  return async () => {
    current = null
    const pauses = await collections()
    const longest = watched.long.map((call) => ({ ...call, ms: call.ms - inside(call, pauses) }))
    for (const { name, ms } of longest) {
      const kind = watched.kinds.get(name)
      kind.worst = Math.max(kind.worst, ms)
    }
    longest.sort((a, b) => b.ms - a.ms)
    return { kinds: watched.kinds, longest, pauses }
  }
}

function inside({ start, ms }, pauses) {
  const overlap = (pause) => Math.min(start + ms, pause.start + pause.ms) - Math.max(start, pause.start)
  return pauses.reduce((sum, pause) => sum + Math.max(0, overlap(pause)), 0)
}

/** The table of kinds, the slowest first. */
export function printKinds(kinds, most = 12) {
  const rows = [...kinds].sort(([, a], [, b]) => b.worst - a.worst).slice(0, most)
  for (const [name, { calls, total, worst }] of rows) {
    const mean = ((1000 * total) / calls).toFixed(1)
    console.log(
      `        ${name.padEnd(28)} longest ${worst.toFixed(2).padStart(7)} ms, mean ${mean.padStart(7)} µs, ${calls} calls`,
    )
  }
}
