// Texts by code points, as Python counts them.

/** What Python takes for white space; JavaScript's `\s` differs in U+001C to U+001F, U+0085 and U+FEFF. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const LEFT = new RegExp(`^[${SPACE}]+`)
const RIGHT = new RegExp(`[${SPACE}]+$`)
const HAS_PAIRS = /[\ud800-\udbff]/

/** The characters of a text. */
export function characters(text: string): string[] {
  return Array.from(text)
}

/** The number of characters. */
export function lengthOf(text: string): number {
  return HAS_PAIRS.test(text) ? characters(text).length : text.length
}

/** The characters from one place to another, both already within the text. */
export function cut(text: string, start: number, end: number): string {
  return HAS_PAIRS.test(text) ? characters(text).slice(start, end).join('') : text.slice(start, end)
}

/** Removes white space, or the characters given, from the left, the right or both. */
export function strip(text: string, side: 'left' | 'right' | 'both', chars?: string): string {
  if (chars === undefined) {
    const rest = side === 'right' ? text : text.replace(LEFT, '')
    return side === 'left' ? rest : trimEnd(rest)
  }
  const drop = new Set(characters(chars))
  const all = characters(text)
  let [start, end] = [0, all.length]
  if (side !== 'right') while (start < end && drop.has(all[start]!)) start++
  if (side !== 'left') while (end > start && drop.has(all[end - 1]!)) end--
  return all.slice(start, end).join('')
}

// From the end: a pattern that ends with $ is tried at every run of spaces, which takes quadratic time.
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && RIGHT.test(text[end - 1]!)) end--
  return text.slice(0, end)
}

/** U+001C to U+001E separate files, groups and records. */
const SEPARATORS = '\\x1c-\\x1e'
const LINE_END = new RegExp(`\\r\\n|[\\n\\r\\v\\f${SEPARATORS}\\x85\\u2028\\u2029]`, 'g')

/** The lines of a text, with their ends on demand. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = []
  let start = 0
  for (const match of text.matchAll(LINE_END)) {
    const end = match.index + match[0].length
    lines.push(text.slice(start, keepEnds ? end : match.index))
    start = end
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}

/** The first character in capitals, the others in small letters. */
export function capitalize(text: string): string {
  const [first = '', ...rest] = characters(text)
  return titleCase(first) + rest.join('').toLowerCase()
}

/** Words with a capital first: letters after anything that is no letter. */
export function title(text: string): string {
  let previous = false
  return characters(text)
    .map((each) => {
      const written = previous ? each.toLowerCase() : titleCase(each)
      previous = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u.test(each)
      return written
    })
    .join('')
}

/** One character as the first of a word: of two letters that it becomes (`ß`), the first is a capital. */
export function titleCase(character: string): string {
  const [first = '', ...rest] = characters(character.toUpperCase())
  return first + rest.join('').toLowerCase()
}

/** -1, 0 or 1: the order of two texts by code points. */
export function compareTexts(a: string, b: string): number {
  if (!HAS_PAIRS.test(a) && !HAS_PAIRS.test(b)) return a < b ? -1 : a > b ? 1 : 0
  const [x, y] = [characters(a), characters(b)]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(x.length - y.length)
}
