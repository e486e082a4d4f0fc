// Safetensors files byte by byte, for types and damages that lora.save does not write.
import { readFileSync, writeFileSync } from 'node:fs'

export interface RawTensor {
  dtype: string
  shape: number[]
  bytes: Buffer
}

export function readRaw(path: string): Record<string, RawTensor> {
  const file = readFileSync(path)
  const end = 8 + Number(file.readBigUInt64LE())
  const { __metadata__: _, ...header } = JSON.parse(file.subarray(8, end).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => [name, { dtype, shape, bytes: file.subarray(end + from, end + to) }],
    ),
  )
}

export function writeRaw(path: string, tensors: Record<string, RawTensor>): void {
  let at = 0
  const header = Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => [
    name,
    { dtype, shape, data_offsets: [at, (at += bytes.length)] },
  ])
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(path, Buffer.concat([length, json, ...Object.values(tensors).map(({ bytes }) => bytes)]))
}
