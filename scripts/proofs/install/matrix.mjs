// Results in rows and columns, printed at the end.

/** Characters of an error that are shown: a bundle may be one line. */
const MOST = 2000

export class Matrix {
  rows = new Map()
  columns = []
  notes = []
  isFine = true

  /** Notes a result: null is good, a text is what went wrong. Returns whether it is good. */
  add(row, column, failed) {
    this.#set(row, column, failed === null ? 'ok' : 'FAILED')
    console.log(
      `${failed === null ? 'ok    ' : 'FAILED'}  ${row}: ${column}${failed === null ? '' : `\n${failed.slice(0, MOST).replace(/^/gm, '        ')}`}`,
    )
    if (failed !== null) this.isFine = false
    return failed === null
  }

  /** What can't run here, and why. */
  skip(row, why, column = 'install') {
    this.#set(row, column, '-')
    const note = `${row}, ${column}: ${why}`
    if (!this.notes.includes(note)) this.notes.push(note)
  }

  #set(row, column, value) {
    if (!this.rows.has(row)) this.rows.set(row, {})
    if (!this.columns.includes(column)) this.columns.push(column)
    this.rows.get(row)[column] = value
  }

  print() {
    const columns = this.columns
    const first = Math.max(...[...this.rows.keys()].map((name) => name.length))
    const line = (name, cells) =>
      [name.padEnd(first), ...cells.map((cell, i) => cell.padEnd(columns[i].length))].join('  ').trimEnd()
    console.log(`\n${line('', columns)}`)
    for (const [name, cells] of this.rows)
      console.log(
        line(
          name,
          columns.map((column) => cells[column] ?? ''),
        ),
      )
    for (const note of this.notes) console.log(`-  ${note}`)
    const all = [...this.rows.values()].flatMap((cells) => Object.values(cells))
    const count = (value) => all.filter((each) => each === value).length
    console.log(`${count('ok')} ok, ${count('FAILED')} failed, ${count('-')} not run`)
  }
}
