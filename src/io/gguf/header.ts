// The header of a GGUF file: typed metadata and what the file says of each tensor.
import { FormatError } from '../../errors.js'
import { WeightsFile } from '../../native/files.js'
import type { Dtype } from '../../tensor/tensor.js'

/** Type of a metadata value; with `[]` for a list of such values. */
export type GgufType =
  | GgufElement
  | 'u8[]'
  | 'i8[]'
  | 'u16[]'
  | 'i16[]'
  | 'u32[]'
  | 'i32[]'
  | 'u64[]'
  | 'i64[]'
  | 'f32[]'
  | 'f64[]'
  | 'bool[]'
  | 'string[]'

type GgufElement = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64' | 'bool' | 'string'

/** A value of the metadata. Integers beyond 2^53 are bigints. */
export type GgufValue = number | bigint | boolean | string | readonly (number | bigint | boolean | string)[]

/** A field of the metadata. */
export interface GgufField {
  type: GgufType
  value: GgufValue
}

/** The header of a GGUF file. */
export interface GgufHeader {
  /** Version of the format. */
  version: number
  /** Multiple of bytes at which tensors begin. */
  alignment: number
  /** Tensors in the order of the file, with row-major shapes. `dtype` is null for types that this library does not read. */
  tensors: { name: string; dtype: Dtype | null; fileDtype: string; shape: number[] }[]
  /** Fields by key: `metadata['general.architecture']?.value`. */
  metadata: Record<string, GgufField>
}

/**
 * Reads only the header of a GGUF file: metadata, and names, types and shapes of the tensors. Their values are read with `load`.
 * @example
 * const { metadata, tensors } = await lora.loadGgufHeader('model.gguf')
 * console.log(metadata['general.architecture']?.value, tensors.length)
 * @throws {FileError} when it cannot be read; {@link FormatError} when it is not a GGUF file, or a damaged one.
 */
export async function loadGgufHeader(path: string): Promise<GgufHeader> {
  const file = await WeightsFile.open(path, true)
  const header = file.gguf()
  file.close()
  if (header !== null) return parseHeader(header)
  throw new FormatError({
    what: `loadGgufHeader: ${path} is no GGUF file`,
    expected: 'a file that begins with GGUF',
    received: 'a weight file of another format',
    fix: 'read it with load()',
  })
}

/** The header of the engine's JSON. */
export function parseHeader(json: string): GgufHeader {
  const header = JSON.parse(json) as GgufHeader
  header.metadata = Object.assign(Object.create(null) as Record<string, GgufField>, header.metadata)
  for (const field of Object.values(header.metadata)) field.value = revived(field)
  return header
}

/** What JSON cannot hold comes as texts: integers beyond 2^53, and numbers that are not finite. */
function revived({ type, value }: GgufField): GgufValue {
  const isText = type.startsWith('string')
  if (isText || type.startsWith('bool')) return value
  const one = (number: number | bigint | boolean | string) => {
    if (typeof number !== 'string') return number
    return type.startsWith('f') ? Number(number) : BigInt(number)
  }
  if (!Array.isArray(value)) return one(value as string)
  // Long lists of plain numbers stay as they are.
  return value.some((number) => typeof number === 'string') ? value.map(one) : (value as number[])
}

/** Fields as the engine takes them. */
export function fieldsText(fields: Readonly<Record<string, GgufField>>): string {
  const plain = (value: number | bigint | boolean | string) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value
  const list = Object.entries(fields).map(([key, { type, value }]) => ({
    key,
    type,
    value: Array.isArray(value) ? value.map(plain) : plain(value as number),
  }))
  return JSON.stringify(list)
}
