import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { OptionError } from '../errors.js'
import { saveWeights } from '../native/files.js'
import { bad } from '../runtime/options.js'
import { noteOf, NOTE_KEY } from '../tensor/dict-note.js'
import { OBJECT_KEY, flattenObject } from './saved-object.js'

/** Options of {@link save}. */
export interface SaveFileOptions {
  /** Strings for the header of the file. @default only `format: 'pt'`, and for an adapter `lora`, which says what it is */
  metadata?: Record<string, string>
  /**
   * Wait until the file is on the disk (fsync). Without it `save` ends when the system has taken the bytes, as in PyTorch: a crash of this process
   * still loses nothing, but if the whole system stops within the next half minute (power, kernel), the file may be empty, truncated or full of
   * zeros, and the previous file is lost. Set it to false for files that can be made again. @default true
   */
  sync?: boolean
}

/**
 * Writes tensors to a safetensors file, which Python can read. The values are those of this point in the queue. The file is written under another
 * name and then renamed, so the path holds the previous file or the whole new one.
 *
 * Beside a state dict it takes what people give to `torch.save`: an object of tensors, numbers, texts, booleans, null, lists, maps and plain objects, at any depth;
 * {@link load} gives the same back. Each tensor lies in the file under the path that leads to it (`model.head.weight`, `optimizer.state.0.exp_avg`), where
 * every reader of safetensors finds it. The object around them is JSON in the metadata, under `loralib.object`: `{"version": 1, "object": …}`, with
 * `{"$tensor": NAME}` for a tensor, `{"$number": "Infinity"}` (`-Infinity`, `NaN`, `-0`), `{"$bigint": "7"}`, `{"$map": [[KEY, VALUE], …]}`, and a second `$`
 * before keys that begin with one. A file can hold nothing but values: reading one runs no code.
 *
 * Tensors of a mapped file are written from the mapping; the others are copied first, and the copies are held until they are written.
 *
 * @example
 * await lora.save(lora.loraStateDict(model), 'adapter.safetensors')
 * await lora.save({ model: model.stateDict(), optimizer: optimizer.stateDict(), epoch }, 'checkpoint.safetensors')
 * @throws {OptionError} for what cannot be saved, naming where it is: functions, `undefined`, objects of other classes.
 * @throws {FileError} when it cannot be written.
 * @throws {OptionError} for a path that ends like a file of another format, such as `.pt`.
 */
export async function save(
  object: Readonly<Record<string, unknown>>,
  path: string,
  options: SaveFileOptions = {},
): Promise<void> {
  checkOptions('save', options, schemas.SaveFileOptions)
  checkName(path)
  const { sync = true } = options
  if (options.metadata !== undefined && Object.hasOwn(options.metadata, OBJECT_KEY))
    throw bad('save', 'metadata', `without ${OBJECT_KEY}, which save writes itself`, options.metadata)
  const { tensors, metadata: own } = flattenObject('save', object)
  const entries = Object.entries(tensors)
  const names = entries.map(([name]) => name)
  const ids = Float64Array.from(entries, ([, tensor]) => tensor.id)
  const note = noteOf(object)
  const noted = note === undefined ? {} : { [NOTE_KEY]: note }
  const metadata = Object.entries({ format: 'pt', ...noted, ...options.metadata, ...own }).flat()
  await saveWeights(path, names, ids, metadata, sync)
}

/** Endings of other formats. Whoever reads such a file later, in Python above all, takes it for what its name says. */
const OTHER = /\.(pt|pth|bin|ckpt|pkl|pickle|npz|npy|gguf|h5|onnx|msgpack|json)$/i

function checkName(path: string): void {
  const [, ending] = OTHER.exec(path) ?? []
  if (ending === undefined) return
  throw new OptionError({
    what: 'save: the name is that of another format',
    expected: 'a path that ends in .safetensors: this is what save writes',
    received: path,
    fix: `write ${path.slice(0, -ending.length)}safetensors; Python reads it with safetensors.torch.load_file`,
  })
}
