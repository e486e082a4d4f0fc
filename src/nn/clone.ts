import { checkOptions } from '../runtime/check-options.js'
import { isPlainObject } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { keep, noGrad } from '../tensor/scope.js'
import { kindOf } from '../native/tensor.js'
import { KIND } from '../tensor/dtype.js'
import { Tensor } from '../tensor/tensor.js'
import { markAsState } from '../tensor/lasting.js'
import { Module, parameter } from './module.js'

/** Options of {@link cloneModule}. */
export interface CloneOptions {
  /** Share the frozen parameters with the original, e.g. for many adapters on one base; they must then not be modified. @default false */
  shareFrozen?: boolean
}

/**
 * An independent copy of a model, with copies of its parameters and buffers. Values, `requiresGrad`, tied weights, mode and merged state are kept.
 *
 * Modules, tensors, arrays, maps, sets and plain objects in fields are copied, each once, however often it is referenced; functions and objects of
 * other classes are shared. Gradients are not copied.
 * @example
 * const second = lora.cloneModule(model, { shareFrozen: true })   // another adapter, the same base
 */
export function cloneModule<M extends Module>(model: M, options: CloneOptions = {}): M {
  checkOptions('cloneModule', options, schemas.CloneOptions)
  const shareFrozen = options.shareFrozen ?? false
  const copies = new Map<unknown, unknown>()
  const copy = noGrad(() => copied(model, { copies, shareFrozen })) as M
  // A module may have copied state that it must not share, such as the merged weight of a LoRA layer.
  for (const made of copies.values()) {
    if (made instanceof Module && 'afterClone' in made) (made as Module & { afterClone(): void }).afterClone()
  }
  return copy
}

interface Cloning {
  /** Copies by their originals. */
  copies: Map<unknown, unknown>
  shareFrozen: boolean
}

function copied(value: unknown, cloning: Cloning): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = cloning.copies.get(value)
  if (known !== undefined) return known
  const copy = emptyCopy(value, cloning)
  cloning.copies.set(value, copy)
  if (copy !== value && !(value instanceof Tensor)) fill(copy, value, cloning)
  return copy
}

/** An empty object of the same kind for the contents of a value; the value itself when it is shared. */
function emptyCopy(value: object, { shareFrozen }: Cloning): object {
  if (value instanceof Tensor) {
    if (value.isDisposed || (shareFrozen && value.isParameter && !value.requiresGrad)) return value
    const copy = keep(value.detach().clone())
    if (value.isParameter) return parameter(copy, value.requiresGrad)
    // A buffer stays one.
    if (kindOf(value.id) === KIND.base) markAsState(copy)
    return copy
  }
  const prototype = Object.getPrototypeOf(value) as object | null
  if (Array.isArray(value)) return []
  if (prototype === Map.prototype) return new Map()
  if (prototype === Set.prototype) return new Set()
  return value instanceof Module || isPlainObject(value) ? (Object.create(prototype) as object) : value
}

function fill(copy: object, value: object, cloning: Cloning): void {
  if (copy instanceof Map)
    for (const [key, item] of value as Map<unknown, unknown>) copy.set(copied(key, cloning), copied(item, cloning))
  if (copy instanceof Set) for (const item of value as Set<unknown>) copy.add(copied(item, cloning))
  for (const key of Reflect.ownKeys(value)) {
    const field = Object.getOwnPropertyDescriptor(value, key)!
    if (Array.isArray(value) && key === 'length') continue
    if ('value' in field) field.value = copied(field.value, cloning)
    // Nearly all fields are as an assignment makes them, which is several times faster.
    if ('value' in field && field.writable && field.enumerable && field.configurable && !(key in copy)) {
      ;(copy as Record<PropertyKey, unknown>)[key] = field.value
    } else Object.defineProperty(copy, key, field)
  }
  if (Object.isFrozen(value)) Object.freeze(copy)
}
