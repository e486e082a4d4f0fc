// Which blocks of the library's JavaScript have run: V8's precise coverage of dist/, without anything to install and at the speed of ordinary code.
import { Session } from 'node:inspector/promises'

/** Counts blocks, those of functions included, that no input before had run. */
export class Coverage {
  #session = new Session()
  /** Every block that has run, as `script:start:end`. */
  #seen = new Set()

  static async start() {
    const coverage = new Coverage()
    coverage.#session.connect()
    await coverage.#session.post('Profiler.enable')
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    await coverage.take()
    return coverage
  }

  get size() {
    return this.#seen.size
  }

  /** The blocks that have run since the last call. */
  async take() {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    const blocks = new Set()
    for (const { url, scriptId, functions } of result) {
      if (!url.includes('/dist/') && !url.includes('/node_modules/')) continue
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges)
          if (count > 0) blocks.add(`${scriptId}:${startOffset}:${endOffset}`)
    }
    return blocks
  }

  /** Those of some blocks that had never run before; from now on they have. */
  add(blocks) {
    const fresh = [...blocks].filter((block) => !this.#seen.has(block))
    for (const block of fresh) this.#seen.add(block)
    return new Set(fresh)
  }
}
