// How proofs report: a line for each check, a count at the end, exit code 1 when one fails.

/**
 * Begins a list of checks. `check(text, fine, wanted)` prints one at once; `check.end()` prints `N of M hold` and sets the exit code to 1 when one failed.
 * A check of a time (`{ timed: true }`) depends on the machine and on its load. The long form of a proof judges it; the short form, which is
 * part of CI, prints the measurement and does not count it (`checks({ judgeTimes: false })`).
 *
 * const check = checks({ judgeTimes: !short })
 * check(`p99 ${p99.toFixed(1)} ms`, p99 < 25, 'below 25 ms', { timed: true })
 * check.end()
 */
export function checks({ judgeTimes = true } = {}) {
  let [held, all] = [0, 0]
  const check = (text, fine, wanted, { timed = false } = {}) => {
    const line = `${text}${wanted === undefined ? '' : `  (${wanted})`}`
    if (timed && !judgeTimes) {
      console.log(`time    ${line}, not judged here`)
      return true
    }
    // Only `true` passes: a comparison with NaN, or undefined, means that nothing was measured.
    const ok = fine === true
    all += 1
    if (ok) held += 1
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${line}`)
    return ok
  }
  check.end = () => {
    console.log(`${held} of ${all} hold`)
    // A proof without any check proves nothing.
    const fine = all > 0 && held === all
    if (!fine) process.exitCode = 1
    return fine
  }
  return check
}

/** A table row: cells padded to the widths, numbers aligned right. */
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
