// Generated from src/data/nlg/decode.ts by `npm run api`. Do not edit.

import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { NlgRow } from './jsonl.js'
/** The text that a model wrote for a row. */
export interface NlgPrediction {
  /** Index of the row. */
  id: number
  text: string
}
/** Options of {@link collectPredictions}. */
export interface CollectOptions {
  /** Which rows count: all, or those whose `cate` is true (seen) or false (unseen). @default 'all' */
  filter?: 'all' | 'seen' | 'unseen'
  /** Puts spaces around everything that is not a letter, digit or underscore. @default false */
  tokenize?: boolean
  /** Writes everything in lower case. @default false */
  lower?: boolean
  /** The name of the entry of each row. @default its context */
  uniqueKeys?: readonly string[]
}
/** Rows that belong together, with the one prediction for them. */
export interface NlgEntry {
  /** The context of the first of them. */
  context: string
  /** The references, in the order of the rows. */
  references: string[]
  prediction: string
}
/** Options of {@link decodeNlg}: the flags of gpt2_decode.py. */
export interface DecodeNlgOptions extends Omit<CollectOptions, 'uniqueKeys'> {
  /** JSON lines `{"id": …, "predict": [ids]}`: `--sample_file`. */
  predictions: string
  /** JSON lines of {@link NlgRow}: `--input_file`. */
  formatted: string
  /** The tokenizer of the ids: `--vocab`. */
  tokenizer: Tokenizer
  /** The file (e2e) or folder (webnlg, dart) for references: `--output_ref_file`. */
  outputReferences: string
  /** The file for predictions: `--output_pred_file`. */
  outputPredictions: string
  /** How references are laid out: `--ref_type`. @default 'e2e' */
  refType?: 'e2e' | 'webnlg' | 'dart'
  /** How many reference files webnlg and dart get: `--ref_num`. @integer @minimum 1 @default 4 */
  refNum?: number
  /** A file with the entry's name for each row, one a line: `--ref_unique_file`. @default rows of the same context are one entry */
  refUniqueFile?: string
  /** Stops with an `AbortedError`. @default none */
  signal?: AbortSignal
}
/** The text before the end token and before the first blank line, without white space around it. */
export declare function cutPrediction(text: string): string
/**
 * Gathers the references of rows with the same context, in the order in which they first appear, with the prediction for one of these
 * rows: the last one, if there are several. Predictions are cut (see {@link cutPrediction}).
 * @throws {OptionError} `ERR_LORA_OPTION` when an option is not usable, a prediction's id is not a row, or an entry has no prediction.
 * @see microsoft/LoRA, examples/NLG/src/gpt2_decode.py
 */
export declare function collectPredictions(
  rows: readonly NlgRow[],
  predictions: readonly NlgPrediction[],
  options?: CollectOptions,
): NlgEntry[]
/** The E2E layout: references one a line, a blank line after each entry. */
export declare function e2eReferences(entries: readonly NlgEntry[]): string
/** The WebNLG and DART layout, a text for each of `count` files: line i is a reference of entry i, its first one where it has fewer. */
export declare function numberedReferences(entries: readonly NlgEntry[], count: number): string[]
/** Predictions, one a line. */
export declare function predictionLines(entries: readonly NlgEntry[]): string
/**
 * Writes references and predictions of a generated data set as text, in the layout that the evaluation of E2E, WebNLG or DART reads. Line
 * breaks inside a text become spaces.
 * @returns how many entries there are
 * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` naming file, row and column when a file is malformed.
 * @throws {OptionError} `ERR_LORA_OPTION` when an option is not usable, or an entry has no prediction.
 */
export declare function decodeNlg(options: DecodeNlgOptions): Promise<{
  entries: number
}>
