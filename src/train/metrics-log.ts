// A file of metrics, a JSON object in each line. Its length is part of a checkpoint: a resumed run cuts off what came after, so that the file ends as that of a run
// that was never stopped.
import { appendFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { FileError } from '../errors.js'
import { makeFolderNow } from '../io/write-text.js'

export class MetricsLog {
  private bytes = 0
  private isOpen = false

  constructor(readonly path: string) {}

  write(entry: object): void {
    const line = `${JSON.stringify(entry)}\n`
    try {
      if (!this.isOpen) this.open()
      appendFileSync(this.path, line)
    } catch (cause) {
      const fix = 'check the folder, its owner and mode, and the free disk space'
      throw new FileError({ what: `${this.path} cannot be written`, expected: 'a file', received: (cause as Error).message, fix, cause }) // prettier-ignore
    }
    this.bytes += Buffer.byteLength(line)
  }

  stateDict(): { bytes: number } {
    return { bytes: this.bytes }
  }

  loadStateDict({ bytes }: { bytes: number }): void {
    this.bytes = bytes
  }

  /** Cuts the file to what belongs to this run. It is empty when the run starts from the beginning. */
  open(): void {
    this.isOpen = true
    makeFolderNow(dirname(this.path))
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
    if (this.bytes === 0) writeFileSync(this.path, '')
    else if (size > this.bytes) truncateSync(this.path, this.bytes)
  }
}
