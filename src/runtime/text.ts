// White space as Python defines it: the reference implementations are written in Python, and its definition differs from JavaScript's.

// `str.split()` and `\s` of Python's `re`: U+001C to U+001F and U+0085 count, U+FEFF does not.
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const SPACES = new RegExp(`[${SPACE}]+`, 'g')
const TRAILING = new RegExp(`[${SPACE}]+$`)
const AROUND = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g')

/** The words separated by white space, as `text.split()` in Python: none is empty. */
export function splitWords(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '')
}

/** Each run of white space as one space, none at the ends. */
export function squeeze(text: string): string {
  return splitWords(text).join(' ')
}

/** `text.strip()` in Python. */
export function strip(text: string): string {
  return text.replace(AROUND, '')
}

/** `text.rstrip()` in Python. */
export function stripEnd(text: string): string {
  return text.replace(TRAILING, '')
}

/** The text without any white space. */
export function withoutSpace(text: string): string {
  return text.replace(SPACES, '')
}
