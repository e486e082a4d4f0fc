// What is checked before tensors are copied by name, and the errors that list all that is wrong at once.
import { KeyError, OptionError } from '../errors.js'
import { foreign, isForeign } from '../native/record.js'
import { Tensor } from '../tensor/tensor.js'
import type { Module, StateDict } from './module.js'

/** @throws {OptionError} when a dict is no record of tensors. */
export function checkTensors(owner: string, dict: unknown): asserts dict is StateDict {
  const record = typeof dict === 'object' && dict !== null && !(dict instanceof Tensor)
  const wrong = record && Object.entries(dict).find(([, value]) => !(value instanceof Tensor))
  if (record && !wrong) return
  if (wrong && isForeign(wrong[1])) throw foreign()
  throw new OptionError({
    what: wrong ? `${owner}: ${wrong[0]} is no tensor` : `${owner}: there are no tensors`,
    expected: 'a record of names and tensors',
    received: wrong ? typeof wrong[1] : String(dict),
    fix: 'pass what stateDict() or await load() gave; of a larger checkpoint, pass the entry that holds the state dict',
  })
}

/** The error that lists every missing, unexpected and misshapen key. */
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
    what: `${module.constructor.name}: the state dict does not fit`,
    expected: `${own.size} keys with the model's shapes`,
    received: `${Object.keys(dict).length} keys; ${parts.join('; ')}`,
    fix: misshapen.length
      ? 'build the model with the sizes of the checkpoint'
      : 'pass { strict: false } to load what fits, e.g. an adapter',
  })
}
