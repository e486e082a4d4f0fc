// The error for a state dict that does not match the model.
import { KeyError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Module, StateDict } from './module.js'

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
