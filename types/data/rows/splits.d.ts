// Generated from src/data/rows/splits.ts by `npm run api`. Do not edit.

/** The files of a folder by what they are for, each list by name. */
export interface SplitFiles {
  train: string[]
  validation: string[]
  test: string[]
}
/**
 * The files of a folder that hold rows, by their names: `train.jsonl`, `valid.csv`, `test-00000-of-00002.parquet`. Where none is named `train`, those that
 * are not for validation or test are to train on.
 * @throws {FileError} when there is no such folder, or no file of a known format in it.
 */
export declare function splitFiles(folder: string): Promise<SplitFiles>
