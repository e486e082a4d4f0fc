// Module depends on the traversal of fields and on the forward wrapper, and both must recognize modules. This file breaks the import cycle.
import type { Module } from './module.js'

let moduleClass: abstract new () => Module

/** module.ts registers its class here, so that the files it imports need not import it. */
export function registerModuleClass(registered: typeof moduleClass): void {
  moduleClass = registered
}

/** `value instanceof Module`. */
export function isModule(value: unknown): value is Module {
  return value instanceof moduleClass
}
