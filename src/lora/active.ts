// Which named adapters act: a matter of the call, not of the layers, so that two calls in flight never switch each other's.
import { KeyError } from '../errors.js'
import { callContext, withContext } from '../autograd/running-forward.js'

/** An adapter for each row of a batch. */
export interface RowAdapters {
  /** The name for each row; null for the base alone. */
  readonly names: readonly (string | null)[]
  /** How many of the present tokens each row has, one after the other; null where a tensor has a place for each row first. */
  readonly counts: readonly number[] | null
}

/** What a view gives to the calls of its model. */
export interface AdapterContext {
  /** The names of the adapters that act, in the order in which their updates are added. */
  readonly names: readonly string[]
  /** An adapter for each row instead; `names` is then empty. */
  readonly rows?: RowAdapters
  /** Whether an adapter of the view is still in the model. */
  readonly has?: (name: string) => boolean
}

const NONE: readonly string[] = []

const context = () => callContext() as AdapterContext | null

/**
 * The names of the adapters of the running call; none outside of a view, and none where each row has its own: see {@link rowAdapters}.
 * @throws {KeyError} for one that was deleted since the call began
 */
export function activeAdapters(): readonly string[] {
  const { names = NONE, has } = context() ?? {}
  checkPresent(names, has)
  return names
}

/** The adapters of the rows of the running call; null for a call without. */
export function rowAdapters(): RowAdapters | null {
  const { rows, has } = context() ?? {}
  if (rows === undefined) return null
  checkPresent(
    rows.names.filter((name) => name !== null),
    has,
  )
  return rows
}

/** Runs a synchronous function with these adapters. What is computed of it later, such as a recomputed block, uses them too. */
export function withAdapters<T>(names: readonly string[], run: () => T, has?: AdapterContext['has']): T {
  return withContext({ names, ...(has && { has }) } satisfies AdapterContext, run)
}

/** Runs a synchronous function with an adapter for each row of its batch. Where all rows have the same one, it is that of the call. */
export function withRowAdapters<T>(names: readonly (string | null)[], run: () => T, has?: AdapterContext['has']): T {
  const [first = null] = names
  if (names.every((name) => name === first)) return withAdapters(first === null ? NONE : [first], run, has)
  return withContext({ names: NONE, rows: { names, counts: null }, ...(has && { has }) } satisfies AdapterContext, run)
}

/**
 * Runs a part of a call in which tensors hold so many tokens of each row, one after the other.
 * @param layout has the counts, which are read only where each row has its own adapter; null: a place for each row comes first
 */
export function withTokenCounts<T>(layout: { readonly counts: readonly number[] } | null, run: () => T): T {
  const now = context()
  if (now?.rows === undefined) return run()
  return withContext({ ...now, rows: { ...now.rows, counts: layout?.counts ?? null } }, run)
}

/**
 * Runs a part of a call in which tensors hold a choice of the present tokens.
 * @param positions where they are among all B·T of the present tensors, ascending
 */
export function withChosenTokens<T>([B, T]: readonly [number, number], positions: Iterable<number>, run: () => T): T {
  const rows = context()?.rows
  if (rows === undefined) return run()
  const before = rows.counts ?? Array.from({ length: B }, () => T)
  const counts = before.map(() => 0)
  let [row, end] = [0, before[0] ?? 0]
  for (const position of positions) {
    while (position >= end) end += before[++row]!
    counts[row]! += 1
  }
  return withTokenCounts({ counts }, run)
}

function checkPresent(names: readonly string[], has: AdapterContext['has']): void {
  const gone = has && names.find((name) => !has(name))
  if (gone !== undefined) throw deleted(gone)
}

/** The error of a view whose adapter is no longer there. */
export function deleted(name: string): KeyError {
  return new KeyError({
    what: `this view computes with the adapter ${JSON.stringify(name)}, which was taken out of the model`,
    expected: 'an adapter that is in the model',
    received: name,
    fix: 'make a new view with withAdapter, of an adapter that is there, or of __base__; delete an adapter when its last request is done',
  })
}
