// Generated from src/io/gguf/header.ts by `npm run api`. Do not edit.

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
  tensors: {
    name: string
    dtype: Dtype | null
    fileDtype: string
    shape: number[]
  }[]
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
export declare function loadGgufHeader(path: string): Promise<GgufHeader>
export {}
