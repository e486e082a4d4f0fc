// The table that `npm run bench` prints, and the parts that the docs quote.
import { decides } from './pairing.mjs'
import { QUOTED } from './quoted.mjs'
import { targets } from './targets.mjs'

const HEAD = [
  'case',
  'check',
  'time: torch / node',
  'least … largest',
  'memory: node / torch',
  'GFLOP/s',
  'of roofline',
  'aim',
]

const digits = (value, n = 2) => (value === null || value === undefined ? '' : value.toFixed(n))
const times = (value) => (value >= 10 ? digits(value, 1) : digits(value))

/** Cells of a summary: one line for the case, or one for each row of a case with several. */
export function lines(summary) {
  const wanted = targets[summary.case]
  const aimOf = (row) => {
    if (!wanted || !decides(summary.case, row)) return ''
    return `≥ ${wanted.rows?.[row] ?? wanted.time}${wanted.memory ? `, ≤ ${wanted.memory}` : ''}`
  }
  if (!summary.rows) return [cells(summary.case, summary, aimOf())]
  return summary.rows.map((row) => cells(`${summary.case}: ${row.row}`, row, aimOf(row.row)))
}

function cells(name, row, aim) {
  const share = row.roofline_share === null ? '' : `${Math.round(100 * row.roofline_share)} %`
  const spread = row.time_ratio === null ? '' : `${times(row.time_ratio_min)} … ${times(row.time_ratio_max)}`
  return [name, row.check, times(row.time_ratio), spread, digits(row.memory_ratio), digits(row.gflops, 1), share, aim]
}

/** Columns of equal width; numbers aligned right. */
export function aligned(summaries) {
  const rows = [HEAD, ...summaries.flatMap(lines)]
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  const isText = (i) => i < 2 || i === HEAD.length - 1
  const line = (row) =>
    row
      .map((cell, i) => (isText(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd()
  return [line(rows[0]), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.slice(1).map(line)].join('\n')
}

/** The same as a Markdown table. */
export function markdown(summaries) {
  const rows = summaries.flatMap(lines)
  const line = (row) => `| ${row.join(' | ')} |`
  return [
    line(HEAD),
    line(HEAD.map((_, i) => (i < 2 || i === HEAD.length - 1 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}

/** Rows of README.md: what was measured in words, how many times as fast as PyTorch we are, and our share of its memory. Rounded to our loss. */
export function quoted(summaries) {
  const rows = QUOTED.map(({ case: name, row, words }) => {
    const summary = summaries.find((one) => one.case === name)
    const found = row === undefined ? summary : summary?.rows?.find((one) => one.row === row)
    if (!found?.time_ratio || !found.memory_ratio)
      throw new Error(`bench/results has no ${name}${row ? `: ${row}` : ''} against PyTorch`)
    const [speed, memory] = [found.time_ratio, found.memory_ratio].map((ratio) => Number(ratio.toFixed(2)))
    const faster = speed >= 10 ? Math.floor(speed) : (Math.floor(10 * speed) / 10).toFixed(1)
    return `| ${words} | ${faster} times PyTorch's | ${Math.ceil(100 * memory)} % of PyTorch's |`
  })
  return [
    '| the same work on both sides, results compared first | speed | memory |',
    '| --- | ---: | ---: |',
    ...rows,
  ].join('\n')
}
