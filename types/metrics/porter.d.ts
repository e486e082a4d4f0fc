// Generated from src/metrics/porter.ts by `npm run api`. Do not edit.

/**
 * The stem of an English word by Porter's algorithm as in nltk (`PorterStemmer()`, its extensions on). Works in lower case.
 * @example porterStem('restaurants')   // 'restaur'
 * @see Porter 1980; nltk.stem.porter.
 */
export declare function porterStem(word: string): string
