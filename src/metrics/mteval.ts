// Tokens of mteval-v13a and mteval-v14, used by BLEU and NIST.
import { splitWords } from '../runtime/text.js'

const ENTITIES: [RegExp, string][] = [
  [/&quot;/g, '"'],
  [/&amp;/g, '&'],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
]

// ASCII punctuation except ' , - and . becomes a token; so do a full stop and a comma unless a digit is next to them on that side,
// and a dash after a digit. Later rules see the results of earlier ones.
const WESTERN: [RegExp, string][] = [
  [/([{-~[-` -&(-+:-@/])/g, ' $1 '],
  [/([^0-9])([.,])/g, '$1 $2 '],
  [/([.,])([^0-9])/g, ' $1 $2'],
  [/([0-9])(-)/g, '$1 $2 '],
]

const apply = (text: string, rules: readonly [RegExp, string][]): string =>
  rules.reduce((line, [pattern, by]) => line.replace(pattern, by), text)

/**
 * Tokens of mteval-v13a.pl, the tokenizer of WMT, e2e-metrics, multi-bleu-detok and sacrebleu's `13a`.
 * @example tokenize13a('It costs £20-25, "cheap".')   // ['It', 'costs', '£20', '-', '25', ',', '"', 'cheap', '"', '.']
 */
export function tokenize13a(text: string): string[] {
  const joined = text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ')
  return splitWords(apply(` ${apply(joined, ENTITIES)} `, WESTERN))
}

/** Tokens of mteval-v14.pl with `--international-tokenization`, sacrebleu's `intl`: by Unicode punctuation and symbols. */
export function tokenizeInternational(text: string): string[] {
  // Here, and not once for all calls: `import` would wait for the classes of Unicode.
  const rules: [RegExp, string][] = [
    [/(\P{N})(\p{P})/gu, '$1 $2 '],
    [/(\p{P})(\P{N})/gu, ' $1 $2'],
    [/(\p{S})/gu, ' $1 '],
  ]
  return splitWords(apply(text, rules))
}
