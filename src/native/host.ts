// Large data between JavaScript and the engine. It is copied in pieces, between which the event loop runs: memory that is touched for the first
// time costs a hundred milliseconds for 100 MB.
import { MemoryError } from '../errors.js'
import type { NativeBytes } from './binding.js'
import { call, callAsync } from './call.js'
import { native } from './load.js'
import { selectStreamToRecord } from './current-stream.js'

/** From here on data crosses in pieces. */
export const LARGE_BYTES = 1 << 19
/** Bytes of one piece: some tenths of a millisecond. */
const PIECE = 1 << 17
/** The longest that the event loop stands still for copying. */
const TURN_MS = 1

/** The bytes of a tensor by its id, at this place of the queue. */
export async function readLarge(id: number): Promise<Uint8Array> {
  const bytes = await callAsync(() => native.readLarge(id))
  const whole = allocate(bytes.size())
  await inPieces(whole.length, (from, to) => bytes.copyTo(from, whole.subarray(from, to)))
  return whole
}

/** The bytes of several small tensors by their ids, at this place of the queue. */
export function readSmall(ids: Float64Array): Promise<Uint8Array[]> {
  return callAsync(() => native.read(ids))
}

/** V8 has a RangeError for memory that the system refuses, and it names no size. */
function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new MemoryError({
      what: 'there is no room for numbers on their way to JavaScript',
      expected: 'an array of them that fits into memory',
      received: `${length} bytes`,
      fix: 'read a part of the tensor, e.g. narrow(), or let go of other arrays first',
      cause,
    })
  }
}

/** Bytes that are given in pieces, `piece(from, to)` at a time; to be put then. */
export async function gatherBytes(
  length: number,
  piece: (from: number, to: number) => Uint8Array,
): Promise<NativeBytes> {
  const bytes = call(() => native.NativeBytes.withRoom(length))
  await inPieces(length, (from, to) => bytes.append(piece(from, to)))
  return bytes
}

/** Makes a tensor of gathered bytes; its id. */
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
