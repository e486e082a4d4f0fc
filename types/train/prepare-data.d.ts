// Generated from src/train/prepare-data.ts by `npm run api`. Do not edit.

import type { RowSource, RowsOptions } from '../data/rows/index.js'
/** The rows of a run. */
export interface TrainerData extends RowsOptions {
  /** Rows to train on: anything that {@link readRows} reads. A folder is split by the names of its files. @expected a path, rows, or an iterable of rows */
  train: RowSource
  /** Rows to evaluate on, or the share of the rows to train on that is held out for it, drawn with the seed. @default those of the folder, or none @expected a share between 0 and 1, a path, or rows */
  validation?: RowSource | number
}
