// Generated from src/metrics/classification.ts by `npm run api`. Do not edit.

/** Predictions or labels: one number per row. */
export type Values = ArrayLike<number>
/**
 * The share of correct predictions, 0 to 1.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths, are empty, or contain something other than classes.
 */
export declare function accuracy(predictions: Values, labels: Values): number
/**
 * F1 of class 1, `2 tp / (2 tp + fp + fn)`; 0 when neither predictions nor labels contain 1.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}, and for a class other than 0 and 1.
 * @see scikit-learn f1_score
 */
export declare function f1(predictions: Values, labels: Values): number
/**
 * The mean of the F1 of each class that occurs among predictions or labels.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}.
 * @see scikit-learn f1_score(average='macro')
 */
export declare function macroF1(predictions: Values, labels: Values): number
/**
 * Matthews' correlation of predicted and true classes, of which there may be more than two; -1 to 1. 0 when all predictions, or all labels,
 * are the same.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}.
 * @see scikit-learn matthews_corrcoef
 */
export declare function matthewsCorrelation(predictions: Values, labels: Values): number
