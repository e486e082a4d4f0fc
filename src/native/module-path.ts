// The module path in errors of the engine. Paths are interned as numbers, since one is set at each forward of each module.
import { native } from './load.js'

/** The number of a module path. */
export function internPath(path: string): number {
  return native.internPath(path)
}

/** Sets the module path by its number; returns the previous one. */
export function setPath(path: number): number {
  return native.setPath(path)
}
