// Generated from src/data/tables/glue.ts by `npm run api`. Do not edit.

import type { GlueTask } from './glue-tasks.js'
import type { SampleLimits, TextTask } from './text-task.js'
/** Options of {@link readGlue}. */
export interface GlueOptions extends SampleLimits {
  /** Read the test sets, too. @default true */
  test?: boolean
  /** Stops reading. @default none */
  signal?: AbortSignal | undefined
}
/**
 * Reads a task of GLUE from a folder: the task's, or the one above it. It may contain the tab-separated files of the benchmark's download (`CoLA/train.tsv`,
 * `MNLI/dev_matched.tsv`, …; MRPC also as `msr_paraphrase_train.txt`), or files as the hub has them: `train-00000-of-00001.parquet`, `train.parquet`,
 * `train.jsonl`, `train.json`, `train.csv`, `validation…`. Test sets may be missing; their labels are unknown.
 *
 * Rows of the download that are truncated or shifted, and rows of MNLI without a consensus label, are skipped with one warning for each file, as the original
 * loader does.
 * @throws {FileError} naming the files looked for. @throws {FormatError} with file, row and column for a label outside of the task's set.
 */
export declare function readGlue(task: GlueTask, dir: string, options?: GlueOptions): Promise<TextTask>
