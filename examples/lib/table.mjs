// Aligned tables, files sizes and counts for the terminal.
import { statSync } from 'node:fs'

/** Rows of cells under a head; words go to the left, numbers to the right. */
export function table(head, rows) {
  const lines = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  const numeric = head.map((_, i) => rows.every((row) => /^[-+]?[\d—]/.test(String(row[i]))))
  const line = (cells) => cells.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
  return lines.map((cells) => line(cells).join('   ').trimEnd()).join('\n')
}

export const count = (n) => n.toLocaleString('en')
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`

/** How large a file is, such as `12.3 kB`. */
export function fileSize(path) {
  const bytes = statSync(path).size
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
