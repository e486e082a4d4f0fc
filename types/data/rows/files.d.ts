// Generated from src/data/rows/files.ts by `npm run api`. Do not edit.

/** A row: values by the names of their columns. */
export type Row = Readonly<Record<string, unknown>>
/** A row, and where it is from. */
export interface PlacedRow {
  row: Row
  /** The file; null for rows from memory. */
  file: string | null
  /** Its line in the file, its number in a parquet file and among rows from memory; from 1. */
  line: number
}
/** File formats of {@link readRows}. */
export type RowsFormat = 'jsonl' | 'json' | 'csv' | 'tsv' | 'parquet' | 'text'
/** What a row of a text file is, as in the `text` loader of Hugging Face datasets. */
export type TextUnit = 'line' | 'paragraph' | 'document'
