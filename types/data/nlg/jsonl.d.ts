// Generated from src/data/nlg/jsonl.ts by `npm run api`. Do not edit.

/** A context and a text about it. */
export interface NlgRow {
  context: string
  completion: string
  /** WebNLG: whether the category of the entry occurs in its training data. */
  cate?: boolean
}
/** Rows of a `.jsonl` file: objects with `context` (or `prompt`) and `completion`. */
export declare function readFormatted(file: string): Promise<NlgRow[]>
/** Writes values as a `.jsonl` file, one per line. The file is replaced only when it is complete. */
export declare function writeJsonl(file: string, values: readonly unknown[]): Promise<void>
