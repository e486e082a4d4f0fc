// Checks of the values in a file of a data set.
import type { FormatError } from '../../errors.js'
import { badContent } from '../../io/text-file.js'
import type { Position } from '../../io/text-file.js'

/** A value that must be an object. */
export function objectAt(position: Position, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw wrongAt(position, 'an object', value)
}

/** A value that must be a list with entries. */
export function listAt(position: Position, value: unknown): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw wrongAt(position, 'a list with at least one entry', value)
}

/** A value that must be a string with more than white space. */
export function textAt(position: Position, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw wrongAt(position, 'a text', value)
}

/** The error for a value that is not what it must be. */
export function wrongAt(position: Position, expected: string, value: unknown): FormatError {
  return badContent(position, {
    what: value === undefined ? 'it is missing' : 'it is not usable',
    expected,
    received: value === undefined ? 'nothing' : shorten(JSON.stringify(value)),
    fix: 'check that the file belongs to this data set and version',
  })
}

/** A text for an error, cut where it is long. */
export function shorten(text: string, most = 80): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
