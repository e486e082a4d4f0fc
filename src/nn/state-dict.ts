// The error for a state dict that does not match the model.
import { KeyError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Module, StateDict } from './module.js'

/** A check of what a dict says of itself, by a layer above this one. @throws when the dict is not for the module. */
export type DictCheck = (module: Module, dict: StateDict) => void

let check: DictCheck = () => undefined

/** Sets the check that every `loadStateDict` makes first. */
export function registerDictCheck(next: DictCheck): void {
  check = next
}

/** Makes the registered check. */
export function checkDict(module: Module, dict: StateDict): void {
  check(module, dict)
}

/** The error that lists all keys that are missing, unexpected or of another shape. */
export function badKeys(
  module: Module,
  own: Map<string, Tensor>,
  dict: StateDict,
  missing: string[],
  unexpected: string[],
  misshapen: [string, Tensor][],
): KeyError {
  const show = (label: string, keys: string[]): string[] =>
    keys.length ? [`${keys.length} ${label}: ${keys.slice(0, 20).join(', ')}${keys.length > 20 ? ', …' : ''}`] : []
  const shapes = misshapen.map(
    ([key, tensor]) => `${key} (${tensor.shape.join(', ')}) for (${own.get(key)!.shape.join(', ')})`,
  )
  const parts = [...show('missing', missing), ...show('unexpected', unexpected), ...show('of another shape', shapes)]
  return new KeyError({
    what: `${module.constructor.name}: the state dict does not match the model`,
    expected: `${own.size} keys with the model's shapes`,
    received: `${Object.keys(dict).length} keys; ${parts.join('; ')}`,
    fix: misshapen.length
      ? 'build the model with the sizes of the checkpoint'
      : 'pass { strict: false } to load the keys that match, e.g. an adapter',
  })
}

/** The name of a factor of an adapter, such as `h.0.attn.c_attn.lora_A`. */
const FACTOR = /(^|\.)lora_[A-Z]\w*(\.|$)/

/** Refuses a dict that would change nothing, and one whose adapter has no place in the model: `strict: false` allows some keys to be left over, not these. */
export function refuseUnused(module: Module, own: ReadonlyMap<string, Tensor>, dict: StateDict): void {
  const keys = Object.keys(dict)
  const unused = keys.filter((key) => !own.has(key))
  const factors = unused.filter((key) => FACTOR.test(key))
  const hasAdapter = [...own.keys()].some((key) => FACTOR.test(key))
  const isNoneUsed = keys.length > 0 && unused.length === keys.length
  if (!isNoneUsed && (factors.length === 0 || hasAdapter)) return
  const isAdapter = factors.length > 0 && !hasAdapter
  throw new KeyError({
    what: isNoneUsed
      ? `${module.constructor.name}: no key of the state dict is in the model`
      : `${module.constructor.name}: the state dict holds an adapter and the model has none`,
    expected: isAdapter ? 'a model with adapters, as the dict has them' : `keys such as ${first([...own.keys()])}`,
    received: `${unused.length} of ${keys.length} keys that the model lacks: ${first(isAdapter ? factors : unused)}`,
    fix: isAdapter
      ? 'call injectLora with the settings of the adapter, then load'
      : 'load into the model that the dict was saved from, or rename its keys; loading nothing is never meant',
  })
}

const first = (keys: readonly string[]): string => `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', …' : ''}`
