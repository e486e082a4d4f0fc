// The module path that errors of the engine name. Paths have numbers, since one is set at each forward of each module.
import { native } from './load.js'

/** The number of a module path. */
export function internPath(path: string): number {
  return native.internPath(path)
}

/** Sets the module path by its number; returns the one before. */
export function setPath(path: number): number {
  return native.setPath(path)
}
