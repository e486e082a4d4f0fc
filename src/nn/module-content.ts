// The modules and tensors in a module's fields, and the traversal of all modules below it.
import { isPlainObject } from '../runtime/options.js'
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
  const found: Content = []
  for (const key of Object.keys(module)) {
    addListed(key, (module as unknown as Record<string, unknown>)[key], found, module)
  }
  return found
}

type Content = [name: string, item: Module | Tensor][]

/** A field itself, or the items of an array, a map or a plain object under `field.name`. `above` are the containers around it. */
function addListed(key: string, value: unknown, found: Content, owner: Module, above: readonly object[] = []): void {
  if (!isObject(value)) return
  if (isModule(value) || value instanceof Tensor) return void found.push([key, value])
  if (above.includes(value)) return
  const inside = [...above, value]
  // Names are made for objects alone: a vocabulary has tens of thousands of entries.
  const add = (name: unknown, item: unknown): void => {
    if (isObject(item)) addListed(join(key, String(name)), item, found, owner, inside)
  }
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) add(i, value[i])
  else if (value instanceof Map) for (const [name, item] of value) add(name, item)
  else if (value instanceof Set) refuseModules(key, value, owner)
  else if (isPlainObject(value)) for (const name of Object.keys(value)) add(name, value[name])
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The items of a set have no names, so they cannot be saved. */
function refuseModules(key: string, items: ReadonlySet<unknown>, owner: Module): void {
  for (const item of items) {
    if (!isModule(item) && !(item instanceof Tensor && item.isParameter)) continue
    throw new OptionError({
      what: `${owner.constructor.name}.${key}: a Set holds modules or parameters`,
      expected: 'an array, a Map, a plain object, nn.ModuleList or nn.Sequential, which give each a name',
      received: `a Set of ${items.size}`,
      fix: `write [...modules] in place of new Set(modules)`,
    })
  }
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
