// Runs named groups of checks one after the other and sums them up: a table, then one line `N passed, N failed`.
import { duration } from './run.mjs'

/**
 * The result of a group's `run`: `{passed, failed}` if it counts tests, `{ok}` if it is one check, or `{skipped: why}`.
 * `note` is shown in the table. Nothing is skipped without its reason.
 */
function normalise(result) {
  if (result.skipped) return { passed: 0, failed: 0, ...result }
  if ('ok' in result) return { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1, note: result.note }
  // A program with a bad exit status has failed, also when it named no failed test.
  return { ...result, failed: Math.max(result.failed, result.crashed ? 1 : 0) }
}

async function runOne(group) {
  console.log(`\n── ${group.name}${group.about ? `: ${group.about}` : ''}`)
  const start = performance.now()
  let result
  try {
    result = normalise(await group.run())
  } catch (error) {
    console.error(error)
    result = { passed: 0, failed: 1, note: String(error.message ?? error) }
  }
  if (result.skipped) console.log(`   skipped: ${result.skipped}`)
  return { name: group.name, ...result, ms: performance.now() - start }
}

const verdict = (row) => (row.skipped ? 'skip' : row.failed ? 'FAIL' : 'pass')

function table(rows) {
  const lines = rows.map((row) => [
    verdict(row),
    row.name,
    row.skipped ? '' : `${row.passed} passed, ${row.failed} failed`,
    row.skipped ? '' : duration(row.ms),
    row.skipped ?? row.note ?? '',
  ])
  const width = (i) => Math.max(...lines.map((cells) => cells[i].length))
  return lines
    .map((cells) =>
      cells
        .map((cell, i) => (i === 4 ? cell : cell.padEnd(width(i))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Runs the groups, prints table and sum, and returns whether all passed. The sum is the last line. */
export async function runGroups(groups) {
  const rows = []
  for (const group of groups) rows.push(await runOne(group))
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
  console.log(`\n${table(rows)}\n`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  return sum('failed') === 0
}
