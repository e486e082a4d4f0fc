// Generated from src/data/rows/index.ts by `npm run api`. Do not edit.

export { readRows } from './rows.js'
export type { RowSource, Rows, RowsOptions } from './rows.js'
export type { PlacedRow, Row, RowsFormat, TextUnit } from './files.js'
export { splitFiles } from './splits.js'
export type { SplitFiles } from './splits.js'
