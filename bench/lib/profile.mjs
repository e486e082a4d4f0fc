// Reads a timeline of LORALIB_TRACE: the share of each operation in the time of the last steps.

/**
 * Time by operation between the ends of two steps.
 * @param {object[] | { traceEvents: object[] }} trace
 * @param {number} steps number of complete steps, counted from the end
 * @returns per step `{ wallMs, covered, products, rows }`: the share of the wall time in which an operation ran, that of matrix products, and
 * `{ name, ms, share, calls, gflops }` of each; null when the trace has too few steps
 */
export function profileOf(trace, steps = 1) {
  const events = trace.traceEvents ?? trace
  const ends = events.filter(({ cat }) => cat === 'step').map(({ ts }) => ts)
  if (ends.length <= steps) return null
  const [from, to] = [ends.at(-1 - steps), ends.at(-1)]
  const spans = events.filter(({ ph, ts, cat }) => ph === 'X' && cat !== 'step' && ts >= from && ts < to)
  const wallMs = (to - from) / 1e3 / steps
  const totals = new Map()
  for (const { name, args } of spans) {
    const key = keyOf(name, args)
    const row = totals.get(key) ?? { name: key, ms: 0, calls: 0, flop: 0 }
    row.ms += args.ms / steps
    row.calls += 1 / steps
    row.flop += ((args.gflops_per_s ?? 0) * args.ms) / 1e3 / steps
    totals.set(key, row)
  }
  const rows = [...totals.values()].map(({ flop, ...row }) => ({
    ...row,
    share: row.ms / wallMs,
    gflops: flop > 0 ? (flop / row.ms) * 1e3 : null,
  }))
  rows.sort((a, b) => b.ms - a.ms)
  const shareOf = (list) => list.reduce((sum, { share }) => sum + share, 0)
  return { wallMs, covered: shareOf(rows), products: shareOf(rows.filter(({ gflops }) => gflops !== null)), rows }
}

/** Products of different shapes are listed separately. */
function keyOf(name, { gradient_of: rule, inputs, gflops_per_s: rate } = {}) {
  const of = rule ? `${name} (gradient of ${rule})` : name
  return rate === undefined ? of : `${of} ${inputs.slice(0, 2).join(' · ')}`
}
