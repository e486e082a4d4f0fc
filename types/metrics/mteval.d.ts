// Generated from src/metrics/mteval.ts by `npm run api`. Do not edit.

/**
 * Tokens of mteval-v13a.pl, the tokenizer of WMT, e2e-metrics, multi-bleu-detok and sacrebleu's `13a`.
 * @example tokenize13a('It costs £20-25, "cheap".')   // ['It', 'costs', '£20', '-', '25', ',', '"', 'cheap', '"', '.']
 */
export declare function tokenize13a(text: string): string[]
/** Tokens of mteval-v14.pl with `--international-tokenization`, sacrebleu's `intl`: by Unicode punctuation and symbols. */
export declare function tokenizeInternational(text: string): string[]
