// Porter's stemmer with the changes of nltk, which nltk's METEOR and rouge-score use.

type Rule = readonly [suffix: string, by: string, holds?: (stem: string) => boolean]

const VOWELS = new Set('aeiou')

const IRREGULAR = new Map([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
])

const measured = (stem: string): boolean => measure(stem) > 0
const long = (stem: string): boolean => measure(stem) > 1

const STEP_1A: Rule[] = [
  ['sses', 'ss'],
  ['ies', 'i'],
  ['ss', 'ss'],
  ['s', ''],
]

const STEP_2: Rule[] = (
  [
    ['ational', 'ate'],
    ['tional', 'tion'],
    ['enci', 'ence'],
    ['anci', 'ance'],
    ['izer', 'ize'],
    ['bli', 'ble'],
    ['alli', 'al'],
    ['entli', 'ent'],
    ['eli', 'e'],
    ['ousli', 'ous'],
    ['ization', 'ize'],
    ['ation', 'ate'],
    ['ator', 'ate'],
    ['alism', 'al'],
    ['iveness', 'ive'],
    ['fulness', 'ful'],
    ['ousness', 'ous'],
    ['aliti', 'al'],
    ['iviti', 'ive'],
    ['biliti', 'ble'],
    ['fulli', 'ful'],
  ] as const
).map(([suffix, by]) => [suffix, by, measured])
// The l counts as part of the stem, so that geo, theo and the like are treated as archaeo.
STEP_2.push(['logi', 'log', (stem) => measured(`${stem}l`)])

const STEP_3: Rule[] = (
  [
    ['icate', 'ic'],
    ['ative', ''],
    ['alize', 'al'],
    ['iciti', 'ic'],
    ['ical', 'ic'],
    ['ful', ''],
    ['ness', ''],
  ] as const
).map(([suffix, by]) => [suffix, by, measured])

const STEP_4: Rule[] = [
  ...['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'].map(without),
  ['ion', '', (stem) => long(stem) && /[st]$/.test(stem)],
  ...['ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'].map(without),
]

function without(suffix: string): Rule {
  return [suffix, '', long]
}

/**
 * The stem of an English word by Porter's algorithm as in nltk (`PorterStemmer()`, its extensions on). Works in lower case.
 * @example porterStem('restaurants')   // 'restaur'
 * @see Porter 1980; nltk.stem.porter.
 */
export function porterStem(word: string): string {
  const lower = word.toLowerCase()
  const irregular = IRREGULAR.get(lower)
  if (irregular !== undefined) return irregular
  if (word.length <= 2) return lower
  let stem = plural(lower)
  stem = pastAndGerund(stem)
  stem = replace(stem, [['y', 'i', (rest) => rest.length > 1 && isConsonant(rest, rest.length - 1)]])
  stem = step2(stem)
  stem = replace(stem, STEP_3)
  stem = replace(stem, STEP_4)
  return endings(stem)
}

function plural(word: string): string {
  return word.length === 4 && word.endsWith('ies') ? word.slice(0, -1) : replace(word, STEP_1A)
}

function pastAndGerund(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2)
  if (word.endsWith('eed')) return measured(word.slice(0, -3)) ? word.slice(0, -1) : word
  const suffix = ['ed', 'ing'].find((end) => word.endsWith(end) && hasVowel(word.slice(0, -end.length)))
  if (suffix === undefined) return word
  const stem = word.slice(0, -suffix.length)
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`
  if (endsDouble(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1)
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem
}

function step2(word: string): string {
  // -alli is removed first, and the result goes through this step once more.
  if (word.endsWith('alli') && measured(word.slice(0, -4))) return step2(word.slice(0, -2))
  return replace(word, STEP_2)
}

function endings(word: string): string {
  let stem = word
  if (stem.endsWith('e')) {
    const rest = stem.slice(0, -1)
    if (long(rest) || (measured(rest) && !endsShort(rest))) stem = rest
  }
  return stem.endsWith('ll') && long(stem.slice(0, -1)) ? stem.slice(0, -1) : stem
}

/** Applies the first rule whose suffix fits; when its condition fails, no other is tried. */
function replace(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix))
  if (rule === undefined) return word
  const stem = word.slice(0, word.length - rule[0].length)
  return rule[2] === undefined || rule[2](stem) ? stem + rule[1] : word
}

function isConsonant(word: string, i: number): boolean {
  if (VOWELS.has(word[i]!)) return false
  return word[i] !== 'y' || i === 0 || !isConsonant(word, i - 1)
}

/** How often a vowel is followed by a consonant. */
function measure(stem: string): number {
  let count = 0
  for (let i = 1; i < stem.length; i++) if (isConsonant(stem, i) && !isConsonant(stem, i - 1)) count++
  return count
}

function hasVowel(stem: string): boolean {
  for (let i = 0; i < stem.length; i++) if (!isConsonant(stem, i)) return true
  return false
}

function endsDouble(word: string): boolean {
  const last = word.length - 1
  return last >= 1 && word[last] === word[last - 1] && isConsonant(word, last)
}

/** Consonant, vowel, consonant at the end, the last not w, x or y; or just vowel, consonant. */
function endsShort(word: string): boolean {
  const last = word.length - 1
  if (last === 1) return !isConsonant(word, 0) && isConsonant(word, 1)
  if (last < 2 || /[wxy]$/.test(word)) return false
  return isConsonant(word, last - 2) && !isConsonant(word, last - 1) && isConsonant(word, last)
}
