// Tensors by name, as in state dicts and weight files.
import { OptionError } from '../errors.js'
import { foreign, isForeign } from '../native/record.js'
import { Tensor } from './tensor.js'

/** @throws {OptionError} when a dict is not a record of tensors. */
export function checkTensors(owner: string, dict: unknown): asserts dict is Record<string, Tensor> {
  const record = typeof dict === 'object' && dict !== null && !(dict instanceof Tensor)
  const wrong = record && Object.entries(dict).find(([, value]) => !(value instanceof Tensor))
  if (record && !wrong) return
  if (wrong && isForeign(wrong[1])) throw foreign(wrong[1])
  throw new OptionError({
    what: wrong ? `${owner}: ${wrong[0]} is not a tensor` : `${owner}: there are no tensors`,
    expected: 'a record of names and tensors',
    received: wrong ? typeof wrong[1] : String(dict),
    fix: 'pass the result of stateDict() or await load(); of a larger checkpoint, the entry that holds the state dict',
  })
}
