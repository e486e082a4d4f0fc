// Checks of the values in a file of a data set.
import type { FormatError } from '../../errors.js'
import { badContent } from '../../io/text-file.js'
import type { Place } from '../../io/text-file.js'

/** A value that must be an object. */
export function objectAt(place: Place, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw wrongAt(place, 'an object', value)
}

/** A value that must be a list with entries. */
export function listAt(place: Place, value: unknown): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw wrongAt(place, 'a list with at least one entry', value)
}

/** A value that must be a text, and more than space. */
export function textAt(place: Place, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw wrongAt(place, 'a text', value)
}

/** The error for a value that is not what it must be. */
export function wrongAt(place: Place, expected: string, value: unknown): FormatError {
  return badContent(place, {
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
