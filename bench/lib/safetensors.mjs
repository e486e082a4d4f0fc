// Writes the hash-made weights of a model as a safetensors file, without the package, so that the file it maps was not written by itself.
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { count, fillParameter } from './noise.mjs'

const CHUNK = 1 << 20
const BYTES = { F32: 4, BF16: 2 }

/** Writes `[name, shape]` pairs, in order. `dtype` is F32 or BF16, rounded to nearest even. */
export async function writeWeights(path, entries, { dtype = 'F32', zeroB = true } = {}) {
  const header = headerOf(entries, dtype)
  await mkdir(dirname(path), { recursive: true })
  const file = await open(`${path}.partial`, 'w')
  try {
    const out = new Pieces(file)
    await out.write(header)
    for (const [name, shape] of entries) await writeParameter(out, name, shape, dtype, zeroB)
    await out.end()
  } finally {
    await file.close()
  }
  await rename(`${path}.partial`, path)
}

function headerOf(entries, dtype) {
  let end = 0
  const parts = entries.map(([name, shape]) => {
    const start = end
    end += count(shape) * BYTES[dtype]
    return [name, { dtype, shape, data_offsets: [start, end] }]
  })
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(parts) })
  // Tensor data begins at a multiple of 64 bytes, so that it can be used in the mapping.
  const text = json.padEnd(Math.ceil((json.length + 8) / 64) * 64 - 8)
  const header = Buffer.alloc(8 + text.length)
  header.writeBigUInt64LE(BigInt(text.length))
  header.write(text, 8, 'latin1')
  return header
}

async function writeParameter(out, name, shape, dtype, zeroB) {
  const total = count(shape)
  const numbers = new Float32Array(Math.min(CHUNK, total))
  for (let start = 0; start < total; start += CHUNK) {
    const part = fillParameter(numbers.subarray(0, Math.min(CHUNK, total - start)), name, shape, start, { zeroB })
    await out.write(dtype === 'BF16' ? toBf16(part) : new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
  }
}

/** Writes pieces of 10 MiB, as a download with huggingface_hub does (`save` uses 2 MiB): the system can map such a file with huge pages. */
class Pieces {
  piece = Buffer.alloc(10 << 20)
  used = 0

  constructor(file) {
    this.file = file
  }

  async write(bytes) {
    for (let start = 0; start < bytes.length;) {
      const part = bytes.subarray(start, start + this.piece.length - this.used)
      this.piece.set(part, this.used)
      this.used += part.length
      start += part.length
      if (this.used === this.piece.length) await this.end()
    }
  }

  async end() {
    await this.file.write(this.piece, 0, this.used)
    this.used = 0
  }
}

/** The upper halves of f32 numbers, rounded to nearest even. Finite numbers only. */
export function toBf16(numbers) {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  const halves = new Uint16Array(bits.length)
  for (let i = 0; i < bits.length; i++) halves[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) >>> 16
  return new Uint8Array(halves.buffer)
}
