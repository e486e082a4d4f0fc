// Generated from src/io/load.ts by `npm run api`. Do not edit.

import type { StateDict } from '../nn/module.js'
import type { Dtype } from '../tensor/tensor.js'
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
  tensors: {
    name: string
    dtype: Dtype
    fileDtype: string
    shape: number[]
  }[]
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
export declare function load<T = StateDict>(path: string, options?: LoadOptions): Promise<T>
/**
 * Reads only the header of a safetensors file: names, dtypes, shapes, metadata.
 * @throws {FileError} when it cannot be read; {@link FormatError} when it is not a safetensors file.
 */
export declare function loadHeader(path: string): Promise<FileHeader>
