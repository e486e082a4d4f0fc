// Generated from src/data/nlg/format.ts by `npm run api`. Do not edit.

import type { NlgRow } from './jsonl.js'
/** The data sets that the example converts. */
export type NlgFormat = 'e2e' | 'webnlg' | 'dart'
/** The categories in the training data of WebNLG 2017; entries of others are unseen. */
export declare const WEBNLG_SEEN: readonly string[]
/**
 * Rows of the E2E data: lines `meaning representation||text`. White space at both ends of a line is removed; blank lines are skipped.
 * @param file its name in errors.
 * @throws {FormatError} naming file, row and column of a line that does not hold one `||` between two texts, and of a file without any.
 * @see microsoft/LoRA `format_converting_e2e.py`
 */
export declare function formatE2e(text: string, file?: string): NlgRow[]
/**
 * Rows of a WebNLG file (2017, JSON): the triples of an entry (`modifiedtripleset`) as `subject : property : object`, joined by ` | `, with each of its
 * texts whose comment is `good`. `cate` says whether the category is among `seen`.
 * @param data the result of `JSON.parse`, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of a malformed value.
 * @see microsoft/LoRA `format_converting_webnlg.py`
 */
export declare function formatWebnlg(data: unknown, file?: string, seen?: readonly string[]): NlgRow[]
/**
 * Rows of a DART file (JSON): triples as in {@link formatWebnlg}, with relations in lower case, and a row for each annotation.
 * @param data the result of `JSON.parse`, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of a malformed value.
 * @see microsoft/LoRA `format_converting_dart.py`
 */
export declare function formatDart(data: unknown, file?: string): NlgRow[]
/**
 * Reads a file of one of the data sets, as its authors distribute it, or a `.jsonl` file of rows that were converted before.
 * @throws {FileError} {@link FormatError} naming file, row and column.
 */
export declare function readNlgRows(file: string, format: NlgFormat): Promise<NlgRow[]>
