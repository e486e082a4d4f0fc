// Slots of an E2E meaning representation, and how many of their values a text states.
//
//   parseSlots('name : Blue Spice | area : city centre')   → [{ slot: 'name', value: 'Blue Spice' }, …]
//   slotShare(meaning, text)                                → { contained, total, share, missing }
//   shareBySlot(meanings, texts)                            → { share, slots: { name: 0.9, … } }
//
// A value counts when the text says it in the words of the data or in one of the usual other wordings below. It is a
// reader's rule of thumb for a demonstration, not a metric of the E2E challenge.

/**
 * @param {string} meaning `slot : value | slot : value | …`
 * @returns {{ slot: string, value: string }[]} in order
 */
export function parseSlots(meaning) {
  return meaning.split('|').map((part) => {
    const colon = part.indexOf(':')
    if (colon < 0) throw new Error(`slots: no ":" in ${JSON.stringify(part)} of ${JSON.stringify(meaning)}`)
    return { slot: part.slice(0, colon).trim(), value: part.slice(colon + 1).trim() }
  })
}

/**
 * @param {string} meaning
 * @param {string} text
 * @returns {{ contained: number, total: number, share: number, missing: { slot: string, value: string }[] }}
 */
export function slotShare(meaning, text) {
  const slots = parseSlots(meaning)
  const missing = slots.filter(({ slot, value }) => !containsSlot(slot, value, text))
  const contained = slots.length - missing.length
  return { contained, total: slots.length, share: contained / slots.length, missing }
}

/**
 * The share of all values of all meanings that their texts state, and that of each slot; null when the meanings are none.
 * @param {string[]} meanings
 * @param {string[]} texts
 * @returns {{ share: number, slots: Record<string, number> } | null}
 */
export function shareBySlot(meanings, texts) {
  if (!meanings.every(isMeaning)) return null
  const counts = {}
  for (const [i, meaning] of meanings.entries()) {
    for (const { slot, value } of parseSlots(meaning)) {
      const count = (counts[slot] ??= { contained: 0, total: 0 })
      count.total += 1
      if (containsSlot(slot, value, texts[i])) count.contained += 1
    }
  }
  const sum = (name) => Object.values(counts).reduce((n, count) => n + count[name], 0)
  const slots = Object.entries(counts).map(([slot, { contained, total }]) => [slot, contained / total])
  return { share: sum('contained') / sum('total'), slots: Object.fromEntries(slots) }
}

/** Whether a prompt is a list of slots with values. */
export function isMeaning(prompt) {
  return prompt.split('|').every((part) => /^[^:]*\S[^:]*:.*\S/.test(part))
}

/**
 * Whether the text states the value of the slot.
 * @param {string} slot
 * @param {string} value
 * @param {string} text
 */
export function containsSlot(slot, value, text) {
  const plain = plainText(text)
  const wanted = plainText(value)
  switch (slot.toLowerCase().replaceAll(' ', '')) {
    case 'familyfriendly':
      return saysFamilyFriendly(plain) === wanted
    case 'area':
      return wanted === 'riverside'
        ? /\briver\b|\briverside\b/.test(plain)
        : /\bcity cent(re|er)\b|\bcent(re|er) of (the )?(city|town)\b/.test(plain)
    case 'customerrating':
      return saysRating(wanted, plain)
    case 'price':
    case 'pricerange':
      return saysPrice(wanted, plain)
    default:
      return hasWords(plain, wanted)
  }
}

/** Lower case, without accents, without the spaces that the data puts round punctuation. */
function plainText(text) {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\s*([-'’])\s*/g, '$1')
    .replace(/£\s*/g, '£')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Whether the words stand in the text as whole words; a plural counts. */
function hasWords(plain, wanted) {
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<!\\p{L})${escaped}s?(?!\\p{L})`, 'u').test(plain)
}

const FAMILY = /\b(famil(y|ies)|child(ren)?|kids?)\b/g
const REFUSAL = /\b(not?|non|never|adults?|unfriendly|without)\b|n['’]t\b/

/** 'yes', 'no', or undefined when the text does not speak of families or children. */
function saysFamilyFriendly(plain) {
  let said
  for (const match of plain.matchAll(FAMILY)) {
    // A refusal stands in the same sentence, a few words before the family or just behind it.
    const before = plain
      .slice(0, match.index)
      .split(/[.,;!]| and | but /)
      .pop()
      .split(' ')
      .slice(-8)
      .join(' ')
    const behind = plain
      .slice(match.index + match[0].length)
      .split(/[.,;!]/)[0]
      .split(' ')
      .slice(0, 5)
      .join(' ')
    if (REFUSAL.test(before) || /\b(unfriendly|not (welcome|allowed|suitable|permitted))\b/.test(behind)) return 'no'
    said = 'yes'
  }
  return said ?? (/\badults? only\b|\bonly adults?\b/.test(plain) ? 'no' : undefined)
}

const NUMBER_WORDS = { 1: 'one', 3: 'three', 5: 'five' }
const ABOUT_RATING = /\brat(e|ed|es|ing|ings)\b|\breview\w*\b|\bcustomers?\b|\bstars?\b|\brecommend\w*\b/
const ABOUT_PRICE = /\bpric(e|ed|es|ey|ing|y)\b|\bcosts?\b|\brange\b|\bexpensive\b/

function saysRating(wanted, plain) {
  const stars = /^(\d) out of 5$/.exec(wanted)
  if (stars !== null) {
    const number = `(${stars[1]}|${NUMBER_WORDS[stars[1]]})`
    return new RegExp(`\\b${number}([- ]?(out )?of (5|five)|/5|[- ]stars?)\\b`).test(plain)
  }
  const word = {
    high: /\bhigh(ly)?\b|\bexcellent\b|\bwell\b/,
    average: /\baverage\b/,
    low: /\blow(ly)?\b|\bpoor(ly)?\b/,
  }[wanted]
  return word === undefined ? hasWords(plain, wanted) : nearEachOther(plain, word, ABOUT_RATING)
}

function saysPrice(wanted, plain) {
  const pounds = /(less than|more than)? ?£(\d+)(?:-(\d+))?/.exec(wanted)
  if (pounds !== null) {
    const [, bound, from, to] = pounds
    if (to !== undefined) return new RegExp(`\\b${from} ?(-|to|and) ?£?${to}\\b`).test(plain)
    const words = bound === 'less than' ? 'less than|under|below|lower than|up to' : 'more than|over|above|higher than'
    return new RegExp(`\\b(${words}) £?${from}\\b`).test(plain)
  }
  if (wanted === 'cheap') return /\bcheap(er|ly)?\b|\binexpensive\b|\blow[- ](price|cost)|\bbudget\b/.test(plain)
  if (wanted === 'high')
    return /\bexpensive\b|\bpric(e?y)\b/.test(plain) || nearEachOther(plain, /\bhigh(er|ly)?\b/, ABOUT_PRICE)
  if (wanted === 'moderate')
    return nearEachOther(plain, /\bmoderate(ly)?\b|\bmid\b|\bmedium\b|\baverage\b/, ABOUT_PRICE)
  return hasWords(plain, wanted)
}

/** Whether the two stand within five words of each other in one sentence. */
function nearEachOther(plain, a, b) {
  return plain.split(/[.;!]/).some((sentence) => {
    const words = sentence.split(/[ -]/)
    const places = (pattern) => words.flatMap((word, i) => (pattern.test(word) ? [i] : []))
    const other = places(b)
    return places(a).some((i) => other.some((j) => Math.abs(i - j) <= 5))
  })
}
