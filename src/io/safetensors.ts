import { callAsync } from '../native/call.js'
import { native } from '../native/load.js'
import { checkTensors } from '../nn/state-dict.js'
import type { StateDict } from '../nn/module.js'

/**
 * Writes tensors to a safetensors file that Python's readers take. The values are those of this moment in the queue; the file appears whole or
 * not at all, and what was there before is lost only then.
 * @throws {FileError} when it cannot be written.
 */
export async function save(
  dict: StateDict,
  path: string,
  options: { metadata?: Record<string, string> } = {},
): Promise<void> {
  checkTensors('save', dict)
  const entries = Object.entries(dict)
  const names = entries.map(([name]) => name)
  const ids = Float64Array.from(entries, ([, tensor]) => tensor.id)
  const metadata = Object.entries({ format: 'pt', ...options.metadata }).flat()
  await callAsync(() => native.saveWeights(path, names, ids, metadata))
}
