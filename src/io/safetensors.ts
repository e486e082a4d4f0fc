import { call, callAsync } from '../native/call.js'
import { native } from '../native/load.js'
import { fromId } from '../tensor.js'
import type { Dtype } from '../tensor.js'
import { checkTensors } from '../nn/state-dict.js'
import type { StateDict } from '../nn/module.js'

/** Options of {@link load}. */
export interface LoadOptions {
  /**
   * Use the file where it lies, as frozen base weights: no copy, shared between models of one process. The file must not be rewritten
   * meanwhile. @default false
   */
  mapped?: boolean
}

/** What a file says besides its tensors. */
export interface FileHeader {
  tensors: { name: string; dtype: Dtype; fileDtype: string; shape: number[] }[]
  metadata: Record<string, string>
}

/**
 * Reads a safetensors file: names to tensors, in the order of the file. Integers narrower than i64 are widened.
 * @throws {FileError} when it cannot be read; {@link FormatError} when it is not what the format allows.
 */
export async function load(path: string, options: LoadOptions = {}): Promise<StateDict> {
  const file = await callAsync(() => native.openWeights(path, options.mapped ?? false))
  const { tensors } = JSON.parse(file.header()) as FileHeader
  const dict: StateDict = Object.create(null) as StateDict
  tensors.forEach(({ name }, i) => {
    dict[name] = fromId(call(() => file.tensor(i)))
  })
  return dict
}

/** Reads only the header of a safetensors file: names, dtypes, shapes, metadata. */
export async function loadHeader(path: string): Promise<FileHeader> {
  const file = await callAsync(() => native.openWeights(path, true))
  return JSON.parse(file.header()) as FileHeader
}

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
