// How proofs tell what holds: a line for each check, a count at the end, exit code 1 when one fails.

/** The exit code of a proof in which nothing failed but times: another program on the machine can do that. */
export const ONLY_TIMES_FAILED = 3

/**
 * Begins a list of checks. `check(text, fine, wanted)` prints one at once; `check.end()` prints `N of M hold` and sets the exit code: 1, or
 * ONLY_TIMES_FAILED when every check that failed was one of a time (`{ timed: true }`).
 *
 * const check = checks()
 * check(`p99 ${p99.toFixed(1)} ms`, p99 < 25, 'below 25 ms', { timed: true })
 * check.end()
 */
export function checks() {
  let [held, late, all] = [0, 0, 0]
  const check = (text, fine, wanted, { timed = false } = {}) => {
    // Only a true is one: NaN compared, or undefined, is a proof that looked at nothing.
    const ok = fine === true
    all += 1
    if (ok) held += 1
    else if (timed) late += 1
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${text}${wanted === undefined ? '' : `  (${wanted})`}`)
    return ok
  }
  check.end = () => {
    console.log(`${held} of ${all} hold`)
    // A proof that checked nothing has proved nothing.
    const fine = all > 0 && held === all
    if (!fine) process.exitCode = all > 0 && held + late === all ? ONLY_TIMES_FAILED : 1
    return fine
  }
  return check
}

/** A table row: cells padded to the widths, numbers to the right. */
export function row(cells, widths) {
  return cells
    .map((cell, i) =>
      /^[\d.-]/.test(String(cell)) ? String(cell).padStart(widths[i]) : String(cell).padEnd(widths[i]),
    )
    .join('  ')
    .trimEnd()
}

/** Bytes as megabytes with one digit. */
export function mb(bytes) {
  return (bytes / 1e6).toFixed(1)
}

/** The value below which a share of the list lies: `quantile(delays, 0.99)`. NaN for an empty list. */
export function quantile(list, share) {
  const sorted = Float64Array.from(list).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
}

/** The mean; NaN for an empty list. */
export function mean(list) {
  return list.reduce((a, b) => a + b, 0) / list.length
}
