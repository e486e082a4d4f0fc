// Generated from src/native/cuda.ts by `npm run api`. Do not edit.

/** Where something was looked for and why it cannot be used; `reason` is null when it can. */
interface Finding {
  path: string | null
  reason: string | null
}
/** What {@link probeCuda} found. */
export interface CudaReport {
  usable: boolean
  /** The driver's library, its version of CUDA (13000 is 13.0) and the number of devices. */
  driver: Finding & {
    version: number | null
    devices: number | null
  }
  /** NVIDIA's libraries that the addon needs, in the order in which they are loaded. */
  libraries: (Finding & {
    name: string
  })[]
  /** The test load of the addon. */
  addon: Finding
  /** The folders that were searched for the libraries, and what named each. */
  searched: {
    folder: string
    source: string
  }[]
  /** All reasons, the first one to mend first. */
  reasons: string[]
}
export {}
