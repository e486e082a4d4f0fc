import { forgetDropped } from './backward.js'
import { call } from './native/call.js'
import { collect } from './native/collect.js'
import { waitForQueue } from './native/lazy.js'
import { native } from './native/load.js'

/** Live tensors of one kind. */
export interface KindCount {
  /** Storages; views share one. */
  tensors: number
  bytes: number
}

/** What the engine holds for this thread, and the process's buffers. */
export interface MemoryReport {
  /** Frozen weights; mapped ones count as if they were in memory. */
  base: KindCount
  /** Trainable parameters. */
  adapter: KindCount
  gradient: KindCount
  optimizer: KindCount
  /** Everything else: inputs, intermediate results, what backward saved. */
  activation: KindCount
  /** All kinds together. */
  total: KindCount
  /** Nodes of the tape. */
  tapeNodes: number
  /** Bytes of CPU buffers in use, counted by the allocator of the executor (mapped weights are not among them). */
  liveBytes: number
  /** The largest that `liveBytes` has been. */
  peakBytes: number
  /** Bytes that the pool keeps for reuse; given back when idle. */
  poolBytes: number
}

/** Counts live tensors and bytes by kind. Exact after {@link settle}. */
export function memory(): MemoryReport {
  const n = call(() => native.memory())
  const kind = (i: number): KindCount => ({ tensors: n[2 * i]!, bytes: n[2 * i + 1]! })
  const kinds = [0, 1, 2, 3, 4].map(kind)
  const total = kinds.reduce((sum, k) => ({ tensors: sum.tensors + k.tensors, bytes: sum.bytes + k.bytes }), {
    tensors: 0,
    bytes: 0,
  })
  return {
    base: kinds[0]!,
    adapter: kinds[1]!,
    gradient: kinds[2]!,
    optimizer: kinds[3]!,
    activation: kinds[4]!,
    total,
    tapeNodes: n[10]!,
    liveBytes: n[12]!,
    peakBytes: n[13]!,
    poolBytes: n[14]!,
  }
}

/** Waits for the queue and for handles that nobody can reach any more; then {@link memory} is exact. */
export async function settle(): Promise<void> {
  await waitForQueue()
  await collect(true)
  forgetDropped()
  await waitForQueue()
}

/** What runs: device, kernel path, threads. */
export interface Backend {
  device: string
  /** `avx512`, `avx2`, `neon`, `scalar`, or `candle` when every operation runs through its candle twin. */
  isa: string
  threads: number
  memoryLimitBytes: number
  version: string
  /** Whether this build has CUDA. */
  cuda: boolean
}

/** Says what the engine runs on. Starts it. */
export function backend(): Backend {
  return JSON.parse(call(() => native.backend())) as Backend
}
