// Generated from src/metrics/correlation.ts by `npm run api`. Do not edit.

import type { Values } from './classification.js'
/**
 * Pearson's correlation, -1 to 1; NaN when one list is constant, or when a value is NaN.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths or fewer than two rows.
 * @see scipy.stats.pearsonr
 */
export declare function pearson(predictions: Values, labels: Values): number
/**
 * Spearman's rank correlation, -1 to 1: Pearson's of the ranks, where equal values share their mean rank. NaN when one list is constant, or
 * when a value is NaN.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths or fewer than two rows.
 * @see scipy.stats.spearmanr
 */
export declare function spearman(predictions: Values, labels: Values): number
