// Hashes of numbers.
import { createHash } from 'node:crypto'

/** The sha256 of a tensor's numbers. */
export async function hash(tensor) {
  const data = await tensor.data()
  return digest(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
}

/** The sha256 of numbers as f32. */
export function hashNumbers(numbers) {
  return digest(Buffer.from(Float32Array.from(numbers).buffer))
}

/** The sha256 of several hashes. */
export function hashAll(hashes) {
  return digest(JSON.stringify(hashes))
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
