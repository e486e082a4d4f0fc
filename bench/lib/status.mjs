import { readFileSync } from 'node:fs'

/** `VmHWM` (peak) or `VmRSS` (now) of this process, in MiB. */
export function statusMb(field) {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024
}
