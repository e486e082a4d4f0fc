// Comparisons among our own rows of a case: the cost of the low-rank path over the plain layer, and the gain of a second thread.
import { median } from './median.mjs'

/** Rows to compare: [what, numerator row, denominator row], each a pattern in which # matches the same text in both. */
const COMPARISONS = [
  ['unmerged / plain', 'lora.Linear # forward', 'frozen nn.Linear # forward'],
  ['unmerged / plain', 'lora.Linear # forward+backward', 'frozen nn.Linear # forward+backward'],
  ['merged / plain', 'merged lora.Linear # forward', 'frozen nn.Linear # forward'],
  ['unmerged / merged', '#, unmerged', '#, merged'],
]

/**
 * Ratios between our rows: `{ what, of, ratio, least, largest }`.
 * @param {{ node: object[] }[]} pairs
 */
export function ownRatios(pairs) {
  return COMPARISONS.flatMap(([what, above, below]) => {
    const [start, end] = above.split('#')
    const rows = (pairs[0]?.node ?? [])
      .map(({ row }) => row)
      .filter((row) => row?.startsWith(start) && row.endsWith(end))
    return rows.flatMap((row) => {
      const common = row.slice(start.length, row.length - end.length)
      const ratios = pairs.map(({ node }) => timeOf(node, row) / timeOf(node, below.replace('#', common)))
      return ratios.every(Number.isFinite) ? [summaryOf(what, row, ratios)] : []
    })
  })
}

const timeOf = (lines, row) => lines.find((line) => line.row === row)?.step_ms ?? NaN

/** Median, least and largest of ratios. */
export function summaryOf(what, of, ratios) {
  const [ratio, least, largest] = [median(ratios), Math.min(...ratios), Math.max(...ratios)]
  return { what, of, ratio: round(ratio), least: round(least), largest: round(largest) }
}

const round = (value) => Number(value.toFixed(3))
