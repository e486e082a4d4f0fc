// Memory use of a process.
import { readFileSync } from 'node:fs'

/** The largest resident set of this process since it began, in bytes. It never falls: cases to compare need processes of their own. */
export function peakBytes() {
  return process.resourceUsage().maxRSS * 1024
}

/**
 * Parts of the resident set in bytes: `anonymous` is the process's own memory, `file` are pages of mapped files, which the system can reclaim at
 * any time. Linux only; null elsewhere. `pid` may be another process.
 */
export function residentParts(pid = 'self') {
  if (process.platform !== 'linux') return null
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN) * 1024
  return {
    peak: field('VmHWM'),
    resident: field('VmRSS'),
    anonymous: field('RssAnon'),
    file: field('RssFile') + field('RssShmem'),
    threads: Number(/^Threads:\s+(\d+)/m.exec(text)?.[1]),
  }
}
