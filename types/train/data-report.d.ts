// Generated from src/train/data-report.ts by `npm run api`. Do not edit.

import type { TaskName, TrainOn } from './tasks/task.js'
/** An example as it is trained. */
export interface ReportedExample {
  /** File and line, or the number of the row. */
  place: string
  tokens: number
  /** The text as the model reads it, its trained part between ⟦ and ⟧. */
  text: string
}
/** What the rows look like. Its `toString()` is a text of some lines. */
export interface DataReport {
  task: TaskName
  /** The columns that were found. */
  form: string
  /** Which tokens are trained; null where rows have labels. */
  trainOn: TrainOn | null
  /** Rows to train on. */
  rows: number
  validationRows: number
  tokens: number
  /** Tokens, or rows, with a label. */
  trained: number
  /** Tokens in a row. */
  lengths: {
    min: number
    mean: number
    median: number
    p95: number
    max: number
  }
  maxLength: number
  /** Rows that were cut at `maxLength`, and the tokens that were lost. */
  truncated: {
    rows: number
    tokens: number
  }
  /** Rows that hold nothing to train on, and the first of them. */
  leftOut: {
    rows: number
    first: string | null
  }
  /** How often each label occurs in the first rows; null without classes. */
  labels: Record<string, number> | null
  examples: ReportedExample[]
}
