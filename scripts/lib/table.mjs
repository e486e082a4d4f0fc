// Tables for a terminal.

/** Rows of texts, each column as wide as its widest cell. */
export function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) => row.map((text, i) => text.padEnd(widths[i])).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}
