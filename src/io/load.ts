import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { FormatError } from '../errors.js'
import { WeightsFile } from '../native/files.js'
import { fromId } from '../native/tensor.js'
import type { StateDict } from '../nn/module.js'
import type { Dtype, Tensor } from '../tensor/tensor.js'
import { NOTE_KEY, setNote } from '../tensor/dict-note.js'
import { buildObject } from './object.js'
import { OBJECT_KEY, restoreObject } from './saved-object.js'

/** Options of {@link load}. */
export interface LoadOptions {
  /**
   * Map the file into memory, as frozen base weights: without a copy, shared between the models of a process. The file must not be changed
   * meanwhile: when it is cut short or rewritten in place, what reads it is `ERR_LORA_FILE`. Renaming a new file over it is fine. @default false
   */
  mapped?: boolean
}

/** The header of a safetensors file. */
export interface FileHeader {
  tensors: { name: string; dtype: Dtype; fileDtype: string; shape: number[] }[]
  metadata: Record<string, string>
}

/**
 * Reads a weight file. Its format is detected from its content, not from its name:
 *
 * - safetensors: names to tensors, in the order of the file, or the object that {@link save} wrote;
 * - a file of `torch.save` (`.pt`, `.pth`, `.bin`; the zip format and the one before torch 1.6): the saved object as plain values;
 * - GGUF: names to tensors, as llama.cpp names them; blocks stay blocks (`q4_k`). {@link loadGgufHeader} reads the metadata;
 * - an index of shards (`model.safetensors.index.json`, `pytorch_model.bin.index.json`): names to tensors, from all its shards.
 *
 * Integers narrower than i64 are widened, except u8. In an object of `torch.save`, dicts with strings as keys are objects without a
 * prototype, other dicts are `Map`s, lists and tuples are arrays, `None` is null, integers beyond 2^53 are bigints, dtypes and
 * devices are strings. Tensors that share a storage in the file become separate, contiguous tensors. The result is a state
 * dict where the file holds one; for anything else name the type: `load<TorchObject>(path)`. `loadStateDict` finds the state dict
 * in a checkpoint by itself.
 *
 * A file of `torch.save` is a pickle, which is a program. Here it is interpreted and never executed: it can make plain values and tensors;
 * anything else is an error. Limits: 150,000 keys and values in 30,000 lists and dicts, 500 levels, 12,000 tensors; all tensors
 * together take at most 8 times the size of the file plus 16 MiB.
 *
 * @example
 * model.loadStateDict(await lora.load('pretrained.pt'), { strict: false })
 * model.loadStateDict(await lora.load('adapter.safetensors'), { strict: false })
 * const checkpoint = await lora.load<lora.TorchObject>('run.pt') // { model_state_dict: { … }, step: 1000, … }
 * @throws {FileError} when it cannot be read.
 * @throws {FormatError} when it does not follow its format, is damaged, or needs a class or function of Python, which the error names.
 * @throws {UnsupportedError} for complex, quantised and sparse tensors, float8, TorchScript, compressed archives and tar files.
 */
export async function load<T = StateDict>(path: string, options: LoadOptions = {}): Promise<T> {
  checkOptions('load', options, schemas.LoadOptions)
  const { mapped = false } = options
  const file = await WeightsFile.open(path, mapped)
  const made: Tensor[] = []
  try {
    const tensor = (number: number): Tensor => {
      const next = fromId(file.tensor(number))
      made.push(next)
      return next
    }
    const object = buildObject(file.object(), tensor)
    const metadata = metadataOf(file.header())
    const json = metadata[OBJECT_KEY]
    if (json !== undefined) return restoreObject(path, json, object as StateDict) as T
    const note = metadata[NOTE_KEY]
    return (note === undefined ? object : setNote(object as StateDict, note)) as T
  } catch (error) {
    for (const each of made) each.dispose()
    throw error
  } finally {
    file.close()
  }
}

/**
 * Reads a state dict tensor by tensor: each call of a name's function makes its tensor anew, and `use` decides how long it lives. For files whose tensors would take
 * far more memory together than what is made of them.
 */
export async function loadOneByOne<T>(
  path: string,
  mapped: boolean,
  use: (dict: Readonly<Record<string, () => Tensor>>) => Promise<T>,
): Promise<T> {
  const file = await WeightsFile.open(path, mapped)
  try {
    const object: unknown = buildObject(file.object(), (number) => (() => fromId(file.tensor(number))) as never)
    const isDict = typeof object === 'object' && object !== null && !Array.isArray(object) && !(object instanceof Map)
    if (isDict && Object.values(object).every((value) => typeof value === 'function')) return await use({ ...object })
    throw new FormatError({
      what: `${path} holds more than the weights`,
      expected: 'a state dict: names and tensors',
      received: 'other values, too',
      fix: 'save the state dict alone',
    })
  } finally {
    file.close()
  }
}

/** What we write into the header of a safetensors file. Most files hold none of it, and headers may be long: then they are not parsed. */
function metadataOf(header: string | null): Readonly<Record<string, string | undefined>> {
  if (header === null || ![OBJECT_KEY, NOTE_KEY].some((key) => header.includes(`"${key}"`))) return {}
  return (JSON.parse(header) as FileHeader).metadata
}

/**
 * Reads only the header of a safetensors file: names, dtypes, shapes, metadata.
 * @throws {FileError} when it cannot be read; {@link FormatError} when it is not a safetensors file.
 */
export async function loadHeader(path: string): Promise<FileHeader> {
  const file = await WeightsFile.open(path, true)
  const header = file.header()
  file.close()
  if (header !== null) return JSON.parse(header) as FileHeader
  throw new FormatError({
    what: `loadHeader: ${path} has no safetensors header`,
    expected: 'a safetensors file',
    received: 'a file of torch.save or GGUF, or an index of shards',
    fix: 'read it with load(), and the header of a GGUF file with loadGgufHeader()',
  })
}
