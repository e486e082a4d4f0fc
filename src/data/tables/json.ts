// json and jsonl files: an object for each row.
import { setImmediate } from 'node:timers/promises'
import { FormatError } from '../../errors.js'
import { show } from '../../runtime/options.js'
import { throwIfAborted } from '../../runtime/pace.js'
import type { Cell } from './table.js'
import { checkCells, Table } from './table.js'

/** Rows between two turns of the event loop. */
const ROWS_AT_ONCE = 2000

/** Collects rows for a table: columns in the order of their first appearance. */
class Rows {
  readonly #columns = new Map<string, Cell[]>()
  readonly lines: number[] = []

  constructor(
    readonly path: string,
    private readonly characters: number,
  ) {}

  get length(): number {
    return this.lines.length
  }

  /** @throws {FormatError} for a row that is not an object of plain values. */
  add(text: string, line: number): void {
    const where = `${this.path}, row ${this.length + 1} (line ${line})`
    const value = rowFrom(text, where)
    for (const [name, cell] of Object.entries(value)) {
      if (typeof cell === 'object' && cell !== null) throw nested(where, name, cell)
      this.#cellsOf(name).push(cell as Cell)
    }
    this.lines.push(line)
    checkCells(this.path, this.#columns.size * this.length, this.characters)
    for (const cells of this.#columns.values()) if (cells.length < this.length) cells.push(null)
  }

  table(): Table {
    return new Table(this.path, this.#columns, { lines: this.lines })
  }

  #cellsOf(name: string): Cell[] {
    let cells = this.#columns.get(name)
    if (cells === undefined) this.#columns.set(name, (cells = new Array<Cell>(this.length).fill(null)))
    return cells
  }
}

/** An object in each line. */
export async function readJsonLines(
  path: string,
  text: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Table> {
  const rows = new Rows(path, text.length)
  let [start, line] = [0, 1]
  while (start < text.length && rows.length < most) {
    const end = text.indexOf('\n', start)
    const part = text.slice(start, end < 0 ? text.length : end).trim()
    if (part !== '') rows.add(part, line)
    if (end < 0) break
    ;[start, line] = [end + 1, line + 1]
    await pause(line, signal)
  }
  return rows.table()
}

/** An array of objects, or an object in each line. */
export async function readJson(
  path: string,
  text: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Table> {
  const open = text.search(/\S/)
  if (text[open] !== '[') return readJsonLines(path, text, most, signal)
  const rows = new Rows(path, text.length)
  for (const { start, end, line } of elements(path, text, open)) {
    if (rows.length >= most) break
    rows.add(text.slice(start, end), line)
    await pause(rows.length, signal)
  }
  return rows.table()
}

/** The elements of an array, found by their brackets: parsing them one by one keeps the event loop free and gives the line of an error. */
export function* elements(
  path: string,
  text: string,
  open: number,
): Generator<{ start: number; end: number; line: number }> {
  const count = (from: number, to: number) => text.slice(from, to).split('\n').length - 1
  let [depth, start, line, counted] = [0, -1, 1, 0]
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]|[^\s[\]{},"]+/gs
  token.lastIndex = open + 1
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [sign] = match
    const closes = depth === 0 && (sign === ',' || sign === ']')
    if (closes) {
      if (start >= 0) yield { start, end: match.index, line }
      start = -1
      if (sign === ']') return
      continue
    }
    if (start < 0) {
      line += count(counted, match.index)
      ;[start, counted] = [match.index, match.index]
    }
    if (sign === '[' || sign === '{') depth++
    if (sign === ']' || sign === '}') depth--
  }
  throw new FormatError({
    what: `${path}: the array has no end`,
    expected: 'a JSON array of objects',
    received: `the end of the file inside the element that begins on line ${line}`,
    fix: 'check that the file was downloaded or written to its end',
  })
}

async function pause(count: number, signal: AbortSignal | undefined): Promise<void> {
  if (count % ROWS_AT_ONCE !== 0) return
  await setImmediate()
  throwIfAborted(signal)
}

/** A row from its text. @throws {FormatError} for anything but an object. */
export function rowFrom(text: string, where: string): Record<string, unknown> {
  const value = parse(text, where)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noObject(where, value)
  return value as Record<string, unknown>
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FormatError({
      what: `${where}: not JSON`,
      expected: 'an object such as {"sentence": "…", "label": 1}',
      received: `${(cause as Error).message}, in ${text.slice(0, 60)}`,
      fix: 'correct the row',
      cause,
    })
  }
}

function noObject(where: string, value: unknown): FormatError {
  return new FormatError({
    what: `${where}: not an object`,
    expected: 'an object with a value for each column',
    received: show(value).slice(0, 60),
    fix: 'write each row as an object such as {"sentence": "…", "label": 1}',
  })
}

function nested(where: string, name: string, cell: unknown): FormatError {
  return new FormatError({
    what: `${where}, column '${name}': not a plain value`,
    expected: 'a text, a number, true, false or null',
    received: JSON.stringify(cell).slice(0, 60),
    fix: 'flatten the objects',
  })
}
