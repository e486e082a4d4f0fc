// A view of a model in which each row of a batch has its own adapter.
import { deleted, withRowAdapters } from '../lora/active.js'
import type { Module } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import { Tensor } from '../tensor/tensor.js'

/** The option that names an adapter for each row. */
export interface RowOptions {
  /** The name of an adapter for each row of the batch; `'__base__'`, or `'base'`, for the model without one. */
  adapterNames: readonly string[]
}

/** A function whose last argument, its options, may name an adapter for each row. */
export type WithRows<F> = F extends {
  (input: infer I1, options: infer O1): infer R1
  (input: infer I2, options?: infer O2): infer R2
}
  ? F & { (input: I1, options: O1 & RowOptions): R1; (input: I2, options: O2 & RowOptions): R2 }
  : F

/**
 * A view with these adapters. It tells generation how to go on with some of its rows.
 * @param names null for the base alone
 * @param has whether an adapter is still in the model
 */
export function rowView<M extends Module>(
  model: M,
  names: readonly (string | null)[],
  has: (name: string) => boolean,
): M {
  const own: Record<string, unknown> = {
    forward: (...args: unknown[]) => {
      const gone = names.find((name) => name !== null && !has(name))
      if (gone !== undefined && gone !== null) throw deleted(gone)
      checkRows(args[0], names.length)
      return withRowAdapters(names, () => model.forward(...args), has)
    },
    rowCount: names.length,
    ofRows: (rows: readonly number[]) => rowView(model, rows.map((row) => names[row]!), has), // prettier-ignore
    rowKey: (row: number) => names[row] ?? '',
  }
  return new Proxy(model, {
    get: (target, key, receiver) =>
      typeof key === 'string' && Object.hasOwn(own, key) ? own[key] : Reflect.get(target, key, receiver),
  })
}

/** The arguments of a call without the names, and the names; null where there are none. */
export function takeNames(args: readonly unknown[]): { names: unknown; rest: unknown[] } | null {
  const last = args.at(-1)
  if (args.length < 2 || typeof last !== 'object' || last === null || last instanceof Tensor) return null
  if (!('adapterNames' in last) || last.adapterNames === undefined) return null
  const { adapterNames: names, ...options } = last
  return { names, rest: [...args.slice(0, -1), options] }
}

/** @throws {OptionError} when the input has another number of rows than there are names. */
function checkRows(input: unknown, names: number): void {
  const rows = input instanceof Tensor ? input.shape[0] : Array.isArray(input) ? input.length : names
  if (rows !== names)
    throw bad('PeftModel', 'adapterNames', `${rows} names, one for each row of the input`, `${names} names`)
}
