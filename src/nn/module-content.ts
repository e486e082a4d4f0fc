// The modules and tensors in a module's fields, and the traversal of all modules below it.
import { OptionError } from '../errors.js'
import { Tensor } from '../tensor/tensor.js'
import { isModule } from './is-module.js'
import type { Module } from './module.js'

/** A module with its path. */
export type NamedModule = [path: string, module: Module]

/**
 * Adds a module and those below it to `found`, with their paths, skipping modules that `isWanted` rejects. One list is used because nested generators
 * would pass each module of a deep model through all levels above it: for a model of 30 blocks that blocks the event loop for milliseconds.
 */
export function collectModules(
  module: Module,
  path: string,
  found: NamedModule[],
  isWanted: (module: Module, above: readonly Module[]) => boolean,
  above: Module[] = [],
): void {
  if (!isWanted(module, above)) return
  found.push([path, module])
  above.push(module)
  for (const [name, item] of contentOf(module)) {
    if (isModule(item)) collectModules(item, join(path, name), found, isWanted, above)
  }
  above.pop()
}

/** The modules and tensors in the fields of a module, with their names. */
export function contentOf(module: Module): [name: string, item: Module | Tensor][] {
  checkForward(module)
  const found: [name: string, item: Module | Tensor][] = []
  for (const key of Object.keys(module)) addListed(key, (module as unknown as Record<string, unknown>)[key], found)
  return found
}

/** A field itself, or the items of an array or map under `field.index`. */
function addListed(key: string, value: unknown, found: [name: string, item: Module | Tensor][]): void {
  if (typeof value !== 'object' || value === null) return
  if (isModule(value) || value instanceof Tensor) found.push([key, value])
  else if (Array.isArray(value)) for (let i = 0; i < value.length; i++) addListed(join(key, String(i)), value[i], found)
  else if (value instanceof Map) for (const [name, item] of value) addListed(join(key, String(name)), item, found)
}

/** Joins a path and a name with a dot. */
export function join(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`
}

function checkForward(module: Module): void {
  if (Object.hasOwn(module, 'forward')) {
    throw new OptionError({
      what: `${module.constructor.name}: forward is a field`,
      expected: 'a method: forward(x) { … }',
      received: 'an arrow function or assigned function',
      fix: 'make it a method: a field cannot be wrapped, so its tensors would never be released',
    })
  }
}
