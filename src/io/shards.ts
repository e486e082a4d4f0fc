// Weights in one safetensors file, or in several with an index, as transformers writes them. A folder never looks whole while it is half written.
import { rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FileError, OptionError } from '../errors.js'
import type { StateDict } from '../nn/module.js'
import { show } from '../runtime/options.js'
import { bytesOfNumbers } from '../tensor/dtype.js'
import type { Tensor } from '../tensor/tensor.js'
import { save } from './safetensors.js'
import { writeText } from './write-text.js'

/** A size: bytes, or a text with a unit, `'5GB'` (10⁹) or `'5GiB'` (2³⁰). */
export type FileSize = number | string

/** What transformers cuts at. */
const DEFAULT_SIZE = '50GB'

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
  TI: 2 ** 40,
}

/** The bytes of a size. @throws {OptionError} for anything else. */
export function sizeInBytes(owner: string, name: string, size: FileSize = DEFAULT_SIZE): number {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGT]I?)?B)?\s*$/i.exec(String(size)) ?? []
  const bytes = Math.floor(Number(number) * (UNITS[unit.toUpperCase()] ?? NaN))
  if (bytes >= 1) return bytes
  throw new OptionError({
    what: `${owner}: ${name} is no size of a file`,
    expected: "bytes as a number, or a text such as '5GB' or '500MiB'",
    received: show(size),
    fix: `write ${name}: '5GB'`,
  })
}

/** How weights are written. */
export interface ShardOptions {
  /** The most bytes of one file; a larger tensor has a file of its own. */
  maxBytes: number
  metadata?: Record<string, string>
}

/**
 * Writes weights to `path`, a name that ends in `.safetensors`, or where they are larger to `NAME-00001-of-00003.safetensors` and so on, with
 * `NAME.safetensors.index.json` written last. Files of an earlier save under this name are removed, so that nobody reads a mixture of both.
 * @returns the names of the files
 */
export async function saveShards(path: string, dict: StateDict, options: ShardOptions): Promise<string[]> {
  const { maxBytes, metadata } = options
  const [dir, stem] = [dirname(path), basename(path, '.safetensors')]
  const saveOptions = metadata === undefined ? {} : { metadata }
  const shards = shardsOf(dict, maxBytes)
  if (shards.length === 1) {
    await save(dict, path, saveOptions)
    await removeShards(dir, stem, [])
    return [basename(path)]
  }
  const count = String(shards.length).padStart(5, '0')
  const names = shards.map((_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${count}.safetensors`)
  remove(join(dir, `${stem}.safetensors.index.json`))
  // All at once, so that the values are those of the moment of the call.
  const saved = await Promise.allSettled(shards.map((shard, i) => save(shard, join(dir, names[i]!), saveOptions)))
  const failed = saved.find((each) => each.status === 'rejected')
  if (failed !== undefined) {
    for (const name of names) remove(join(dir, name))
    throw failed.reason
  }
  const map = Object.fromEntries(shards.flatMap((shard, i) => Object.keys(shard).map((key) => [key, names[i]!])))
  const index = { metadata: { total_size: bytesOf(Object.values(dict)) }, weight_map: map }
  await writeText(join(dir, `${stem}.safetensors.index.json`), `${JSON.stringify(index, null, 2)}\n`)
  remove(path)
  await removeShards(dir, stem, names)
  return names
}

/** The tensors in the order of the dict, cut where a file would become too large. */
function shardsOf(dict: StateDict, maxBytes: number): StateDict[] {
  const shards: StateDict[] = [{}]
  let size = 0
  for (const [name, tensor] of Object.entries(dict)) {
    const bytes = bytesOf([tensor])
    if (size > 0 && size + bytes > maxBytes) {
      shards.push({})
      size = 0
    }
    shards.at(-1)![name] = tensor
    size += bytes
  }
  return shards
}

const bytesOf = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, { numel, dtype }) => sum + bytesOfNumbers(dtype, numel), 0)

/** Removes the shards of an earlier save, and its index where there is none now. */
async function removeShards(dir: string, stem: string, kept: readonly string[]): Promise<void> {
  const isShard = (name: string) => name.startsWith(`${stem}-`) && /-\d{5}-of-\d{5}\.safetensors$/.test(name)
  const stale = (await readdir(dir)).filter((name) => isShard(name) && !kept.includes(name))
  if (kept.length === 0) remove(join(dir, `${stem}.safetensors.index.json`))
  for (const name of stale) remove(join(dir, name))
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch (cause) {
    throw new FileError({
      what: `${path}, of an earlier save, cannot be removed`,
      expected: 'a folder that can be written to',
      received: (cause as Error).message,
      fix: 'close the programs that use it, or write into an empty folder',
      cause,
    })
  }
}
