// The class Module is built on the walk over its fields and on the wrapper of its forward; both need to know a module when they see one.
import type { Module } from './module.js'

let moduleClass: abstract new () => Module

/** module.ts gives its class here, so that what lies below it need not import it. */
export function registerModuleClass(registered: typeof moduleClass): void {
  moduleClass = registered
}

/** `value instanceof Module`. */
export function isModule(value: unknown): value is Module {
  return value instanceof moduleClass
}
