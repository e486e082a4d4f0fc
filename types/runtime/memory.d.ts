// Generated from src/runtime/memory.ts by `npm run api`. Do not edit.

import type { CudaReport } from '../native/cuda.js'
/** Live tensors of one kind. */
export interface KindCount {
  /** Storages; views share one. */
  tensors: number
  bytes: number
}
/** What the engine holds for this thread, and the buffers of the process. */
export interface MemoryReport {
  /** Frozen weights and buffers of modules; mapped ones count as if they were in memory. */
  base: KindCount
  /** Trainable parameters. */
  adapter: KindCount
  gradient: KindCount
  optimizer: KindCount
  /** Everything else: inputs, intermediate results, tensors saved for backward. */
  activation: KindCount
  /** All kinds together. */
  total: KindCount
  /** Tensors of this thread; each view counts as one. */
  values: number
  /** Nodes of the tape. */
  tapeNodes: number
  /** Tensors that the executor holds, of all threads. With one thread, after {@link settle}, this equals `values`. */
  liveValues: number
  /**
   * Bytes of tensor data in buffers of the CPU or the device, counted by the allocator of the executor. With one thread, on the CPU, after {@link settle},
   * `numberBytes + mappedBytes` equals `total.bytes`, unless an operation failed: its result has no data.
   */
  numberBytes: number
  /** Bytes of weights in mapped files. */
  mappedBytes: number
  /** Bytes of buffers in use: `numberBytes`, plus what rounding sizes up for reuse adds. */
  liveBytes: number
  /** The largest value of `liveBytes` so far. */
  peakBytes: number
  /** Bytes that the pool keeps for reuse; returned to the system when idle. */
  poolBytes: number
  /**
   * How often the process has waited for what a device found out about ids, labels and weights of draws: for many operations at once, before something is read or
   * changed. 0 with the CPU's kernels, which look at once.
   */
  readBacks: number
}
/** Counts live tensors and bytes by kind. Exact after {@link settle}. */
export declare function memory(): MemoryReport
/** Device, kernel path and threads in use. */
export interface Backend {
  device: string
  /** `avx512`, `avx2`, `neon`, `scalar`, or `candle` when every operation runs through its candle twin. */
  isa: string
  /** Whether this path multiplies pairs of bf16 (AVX512-BF16), which {@link setFloat32MatmulPrecision} `'medium'` needs. */
  bf16Products: boolean
  /** Whether those products use the tiles of AMX, which sum in another order: their last bits are others than without it. */
  amx: boolean
  threads: number
  /**
   * The most that the tensors of the process may take: `LORALIB_MEMORY_LIMIT`, else 80 % of {@link Backend.memoryAvailableBytes | what was available}. More is
   * `ERR_LORA_MEMORY`, before the system runs out of memory and ends a process.
   */
  memoryLimitBytes: number
  /** What says so: `'default'`, or the name of the variable. */
  memoryLimitSource: 'default' | 'LORALIB_MEMORY_LIMIT'
  /**
   * What was available when the engine started: what other programs leave of physical memory and of the container's limits (cgroup v1, v2), or `ulimit -v`, `-d`
   * if that is less.
   */
  memoryAvailableBytes: number
  version: string
  /** Whether this build has CUDA. */
  cuda: boolean
  /** With `explain`: driver, libraries and addon of CUDA, where they were looked for, and why they can't be used. */
  cudaReport?: CudaReport
}
/** What {@link backend} takes. */
export interface BackendOptions {
  /**
   * Look, in another process, whether this machine could use CUDA, and add {@link Backend.cudaReport} with the reasons that it can't.
   * @default false
   */
  explain?: boolean
}
/** Reports what the engine runs on. Starts the engine. */
export declare function backend(options?: BackendOptions): Backend
