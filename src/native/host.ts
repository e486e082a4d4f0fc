// Large data between JavaScript and the engine. It is copied in pieces, between which the event loop runs: writing to newly allocated memory takes
// a hundred milliseconds for 100 MB.
import { MemoryError } from '../errors.js'
import type { NativeBytes } from './binding.js'
import { call, callAsync } from './call.js'
import { native } from './load.js'
import { selectStreamToRecord } from './current-stream.js'

/** Data of this size or more is copied in pieces. */
export const LARGE_BYTES = 1 << 19
/** Bytes of one piece, which takes some tenths of a millisecond. */
const PIECE = 1 << 17
/** The longest that copying blocks the event loop. */
const TURN_MS = 1

/** The bytes of a tensor by its id, as of this point in the queue. */
export async function readLarge(id: number): Promise<Uint8Array> {
  const bytes = await callAsync(() => native.readLarge(id))
  const whole = allocate(bytes.size())
  await inPieces(whole.length, (from, to) => bytes.copyTo(from, whole.subarray(from, to)))
  return whole
}

/** The bytes of several small tensors by their ids, as of this point in the queue. */
export function readSmall(ids: Float64Array): Promise<Uint8Array[]> {
  return callAsync(() => native.read(ids))
}

/** A new array. When memory is short V8 throws a RangeError that does not name the size, hence an error of our own. */
function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new MemoryError({
      what: 'there is not enough memory to copy the numbers to JavaScript',
      expected: 'an array that fits into memory',
      received: `${length} bytes`,
      fix: 'read a part of the tensor, e.g. narrow(), or drop other arrays first',
      cause,
    })
  }
}

/** Gathers bytes in pieces, `piece(from, to)` at a time, for {@link putGathered}. */
export async function gatherBytes(
  length: number,
  piece: (from: number, to: number) => Uint8Array,
): Promise<NativeBytes> {
  const bytes = call(() => native.NativeBytes.withRoom(length))
  await inPieces(length, (from, to) => bytes.append(piece(from, to)))
  return bytes
}

/** Makes a tensor of gathered bytes; returns its id. */
export function putGathered(bytes: NativeBytes, dtype: number, shape: readonly number[], kind: number): number {
  selectStreamToRecord()
  return call(() => bytes.put(dtype, Float64Array.from(shape), kind))
}

async function inPieces(length: number, copy: (from: number, to: number) => void): Promise<void> {
  let start = performance.now()
  for (let from = 0; from < length; from += PIECE) {
    if (performance.now() - start > TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve))
      start = performance.now()
    }
    call(() => copy(from, Math.min(length, from + PIECE)))
  }
}
