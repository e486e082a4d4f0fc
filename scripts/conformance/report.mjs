// The output of a run: a table per group and the failures, or one JSON object.

/** `{group: {passed, failed, unsupported, worst}}` in the order of the cases, and the ids that failed. */
export function summarise(results) {
  const groups = {}
  for (const { entry, state, worst } of results) {
    const group = (groups[entry.group] ??= { passed: 0, failed: 0, unsupported: 0, worst: 0, what: '' })
    group[state] += 1
    if (worst.share > group.worst) Object.assign(group, { worst: worst.share, what: `${entry.id} ${worst.what}` })
  }
  return { groups, failed: results.filter(({ state }) => state === 'failed').map(({ entry }) => entry.id) }
}

/** The one line of `--json`. An infinite error is written as the fixtures write it. */
export function asJson({ groups, failed }) {
  const plain = Object.entries(groups).map(([name, { passed, failed: count, unsupported, worst }]) => [
    name,
    { passed, failed: count, unsupported, worst: Number.isFinite(worst) ? worst : 'Infinity' },
  ])
  return JSON.stringify({ groups: Object.fromEntries(plain), failed })
}

/** The table: counts, and the worst error as a share of the allowed one. */
export function asTable({ groups }) {
  const rows = [['group', 'passed', 'failed', 'unsupported', 'worst / allowed', '']]
  for (const [name, group] of Object.entries(groups)) {
    const worst = group.passed + group.failed === 0 ? '-' : formatShare(group.worst)
    rows.push([name, group.passed, group.failed, group.unsupported, worst, group.what].map(String))
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const align = (cell, column) =>
    column === 0 || column === 5 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n')
}

const SHOWN_FAILURES = 12

/** Each failed case with what differs: tensor, index, got, want, allowed. */
export function failureLines(results) {
  return results
    .filter(({ state }) => state === 'failed')
    .flatMap(({ entry, failures }) => {
      const shown = failures.slice(0, SHOWN_FAILURES).map(({ text }) => `    ${text}`)
      const more = failures.length - shown.length
      return [`FAILED ${entry.id}`, ...shown, ...(more > 0 ? [`    and ${more} more`] : [])]
    })
}

/** How many cases were not run, and why. */
export function unsupportedLines(results) {
  const reasons = new Map()
  for (const { state, reason } of results)
    if (state === 'unsupported') reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  return [...reasons].map(([reason, count]) => `unsupported: ${count} × ${reason}`)
}

const formatShare = (share) => (share === 0 ? '0' : share.toPrecision(3))
