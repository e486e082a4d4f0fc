// Cells of rows as tasks read them, and the errors for those that do not fit.
import type { Row } from '../../data/rows/index.js'
import { FormatError, LoraError } from '../../errors.js'

/** Lists in cells of csv files are JSON. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** The error for a cell. */
export function wrongCell(column: string, expected: string, received: unknown): FormatError {
  const text = JSON.stringify(received) ?? 'nothing'
  return new FormatError({
    what: `column '${column}'`,
    expected,
    received: text.slice(0, 80),
    fix: 'correct the row, or map other columns with columns',
  })
}

/** The error for a first row from which no task can be told. `example` maps columns. */
export function noForm(row: Row, place: string, who: string, expected: string, example: string): FormatError {
  return new FormatError({
    what: `${place}: these columns are none that ${who} is trained on`,
    expected,
    received: Object.keys(row).join(', ') || 'a row without columns',
    fix: `name them: columns: ${example}`,
  })
}

/** An error of a row, with the place of the row. */
export function atPlace(place: string, error: unknown): unknown {
  if (!(error instanceof LoraError)) return error
  const [what] = error.message.split('\n')
  const { expected, received, hint: fix } = error
  return new FormatError({ what: `${place}: ${what}`, expected, received, fix, cause: error })
}
