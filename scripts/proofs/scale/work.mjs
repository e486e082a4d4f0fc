// How much work the engine did, as it counts it, and how often it was called.
import { createRequire } from 'node:module'
import { inRoot } from '../../lib/run.mjs'
import { addonFile } from '../../lib/stamp.mjs'

// The package has loaded it from the same path, so this is the same object.
const native = createRequire(import.meta.url)(inRoot(addonFile()))

/** What is counted, in the order of {@link work}. */
export const COUNTED = ['queue entries', 'tensors listed', 'uses looked at', 'streams looked at', 'calls']

let calls = 0

/** Counts every call of the addon from here on. */
export function countCalls() {
  for (const name of Object.keys(native)) {
    const original = native[name]
    if (typeof original !== 'function' || /^(Native|guardClass)/.test(name)) continue
    native[name] = function (...args) {
      calls += 1
      return original.apply(this, args)
    }
  }
}

/** Random generators that the engine keeps, besides those of streams. */
export function generators() {
  return native.generatorCount()
}

/** What was done so far. */
export function work() {
  const made = calls
  return [...native.workCounts(), made]
}
