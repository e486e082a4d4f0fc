// Which named adapters act: a matter of the call, not of the layers, so that two calls in flight never switch each other's.
import { callContext, withContext } from '../autograd/running-forward.js'

/** What a view gives to the calls of its model. */
export interface AdapterContext {
  /** The names of the adapters that act, in the order in which their updates are added. */
  readonly names: readonly string[]
}

const NONE: readonly string[] = []

/** The names of the adapters of the running call; none outside of a view. */
export function activeAdapters(): readonly string[] {
  return (callContext() as AdapterContext | null)?.names ?? NONE
}

/** Runs a synchronous function with these adapters. What is computed of it later, such as a recomputed block, uses them too. */
export function withAdapters<T>(names: readonly string[], run: () => T): T {
  return withContext({ names } satisfies AdapterContext, run)
}
