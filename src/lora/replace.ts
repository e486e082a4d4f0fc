import type { Module } from '../nn/module.js'

/** Replaces modules wherever the model holds them: in fields, arrays and maps. */
export function replaceModules(root: Module, replacements: ReadonlyMap<Module, Module>): void {
  for (const parent of [...root.modules()]) {
    const fields = parent as unknown as Record<string, unknown>
    for (const [key, value] of Object.entries(fields)) {
      const next = replaced(value, replacements)
      if (next !== value) fields[key] = next
    }
  }
}

// Arrays and maps are changed in place, since several fields may share them. Those without a replaced module are not written to: they may be
// frozen.
function replaced(value: unknown, replacements: ReadonlyMap<Module, Module>): unknown {
  if (Array.isArray(value)) replaceItems(value.entries(), replacements, (i, next) => (value[i] = next))
  else if (value instanceof Map) replaceItems([...value], replacements, (key, next) => value.set(key, next))
  else return replacements.get(value as Module) ?? value
  return value
}

function replaceItems<K>(
  items: Iterable<[K, unknown]>,
  replacements: ReadonlyMap<Module, Module>,
  put: (key: K, next: unknown) => unknown,
): void {
  for (const [key, item] of items) {
    const next = replaced(item, replacements)
    if (next !== item) put(key, next)
  }
}
