// Generated from src/metrics/ptb.ts by `npm run api`. Do not edit.

/** How METEOR, ROUGE-L and CIDEr split texts. */
export type PtbChoice = 'ptb' | 'none'
/**
 * Tokens of the Penn Treebank in lower case without punctuation, as METEOR, ROUGE-L and CIDEr use them. It follows the
 * lexer of Stanford CoreNLP 3.4.1 (`-preserveLines -lowerCase`) for common English text: contractions, abbreviations, numbers,
 * hyphens, slashes, quotes, currencies, dashes. Markup, smileys and telephone numbers may be tokenized differently.
 * @example tokenizePtb(`It isn't "cheap": £20-25.`)   // ['it', 'is', "n't", 'cheap', '#', '20-25']
 */
export declare function tokenizePtb(text: string): string[]
