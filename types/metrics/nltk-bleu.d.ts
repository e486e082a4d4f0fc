// Generated from src/metrics/nltk-bleu.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
/**
 * `corpus_bleu` of nltk with `SmoothingFunction().method3`, a fraction from 0 to 1: words are separated by white space, and the k-th order
 * without a hit counts 1/2^k of one. An output that is too short for an order adds one candidate to it, as in nltk.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number.
 * @see nltk.translate.bleu_score; Chen and Cherry 2014, smoothing 3.
 */
export declare function nltkBleu(
  hypotheses: readonly string[],
  references: References,
  options?: CorpusOptions,
): Promise<number>
