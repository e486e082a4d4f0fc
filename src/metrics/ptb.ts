// PTB tokens as coco-caption and e2e-metrics get them from Stanford's PTBTokenizer: lower case, without punctuation.
import { splitWords } from '../runtime/text.js'
import { PUNCTUATION, SENTENCE_STARTS, SYMBOL, tokenPatterns, WRITTEN } from './ptb-rules.js'

/** How METEOR, ROUGE-L and CIDEr split texts. */
export type PtbChoice = 'ptb' | 'none'
export const PTB_CHOICES: readonly PtbChoice[] = ['ptb', 'none']

/** The text after a piece, on which its full stop depends. */
type Before = 'number' | 'sentence' | 'other'

/**
 * Tokens of the Penn Treebank in lower case without punctuation, as METEOR, ROUGE-L and CIDEr use them. It follows the
 * lexer of Stanford CoreNLP 3.4.1 (`-preserveLines -lowerCase`) for common English text: contractions, abbreviations, numbers,
 * hyphens, slashes, quotes, currencies, dashes. Markup, smileys and telephone numbers may be tokenized differently.
 * @example tokenizePtb(`It isn't "cheap": £20-25.`)   // ['it', 'is', "n't", 'cheap', '#', '20-25']
 */
export function tokenizePtb(text: string): string[] {
  return ptbSplitter()(text)
}

/** A function that splits texts; that of `ptb` caches the tokens of each piece between white space. */
export function splitterOf(choice: PtbChoice): (text: string) => string[] {
  return choice === 'none' ? splitWords : ptbSplitter()
}

function ptbSplitter(): (text: string) => string[] {
  const known = new Map<string, string[]>()
  return (text) => {
    const pieces = splitWords(text)
    return pieces.flatMap((piece, i) => {
      const before = beforeWhat(piece, pieces[i + 1])
      const key = `${piece} ${before}`
      const found = known.get(key)
      if (found !== undefined) return found
      const tokens = lex(piece, before)
      known.set(key, tokens)
      return tokens
    })
  }
}

function beforeWhat(piece: string, next: string | undefined): Before {
  // At the end of a text the lexer would read into the next line of its file.
  if (next === undefined || !piece.endsWith('.')) return 'other'
  if (/^\p{Nd}/u.test(next)) return 'number'
  return SENTENCE_STARTS.has(next) ? 'sentence' : 'other'
}

function lex(piece: string, before: Before): string[] {
  const tokens: string[] = []
  for (let at = 0; at < piece.length;) {
    const token = longest(piece, at, before)
    // Characters that begin no token and are not symbols are dropped, as in the lexer.
    const symbol = String.fromCodePoint(piece.codePointAt(at)!)
    at += token?.length ?? symbol.length
    if (token === undefined ? SYMBOL.test(symbol) : !PUNCTUATION.test(token)) tokens.push(written(token ?? symbol))
  }
  return tokens
}

function longest(piece: string, at: number, before: Before): string | undefined {
  const rest = piece.slice(at)
  // No. 5 keeps its full stop; so does an initial, unless a sentence begins after it.
  if (before === 'number' && /^(?:ca|figs?|prop|nos?|art|bldg|pp|op)\.$/i.test(rest)) return rest
  if (before === 'sentence' && /^[a-zA-Z]\.$/.test(rest)) return rest.slice(0, 1)
  let best: string | undefined
  let length = 0
  for (const pattern of tokenPatterns()) {
    pattern.lastIndex = at
    const match = pattern.exec(piece)
    if (match !== null && match[0].length > length) [best, length] = [match[1]!, match[0].length]
  }
  return best
}

function written(token: string): string {
  const found = WRITTEN.get(token)
  if (found !== undefined) return found
  const plain = token
    .toLowerCase()
    .replaceAll('\u00ad', '')
    .replace(/[’´\u0092]/g, "'")
  // A piece that still has brackets is a smiley.
  return plain.replace(/[()]/g, (bracket) => WRITTEN.get(bracket)!)
}
