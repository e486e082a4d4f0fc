// Generated from src/data/tables/glue-tasks.ts by `npm run api`. Do not edit.

/** Names of the tasks. */
export type GlueTask = 'cola' | 'sst2' | 'mrpc' | 'qqp' | 'stsb' | 'mnli' | 'qnli' | 'rte' | 'wnli'
/** How one split is written in the tab-separated files of the download. */
export interface GlueColumns {
  /** Columns of a file without a header. */
  header?: readonly string[]
  texts: readonly string[]
  label: string
}
/** A task. */
export interface GlueTaskInfo {
  /** Folder in the download. */
  folder: string
  /** Columns of the texts in files of the hub. */
  texts: readonly [string] | readonly [string, string]
  /** Names of the classes in their order; null for a regression. */
  labels: readonly string[] | null
  /** Labels of the tab-separated files, in the order of `labels`; null when they are the same. */
  written: readonly string[] | null
  train: GlueColumns
  test: Pick<GlueColumns, 'texts'>
  /** Sets to evaluate on: their names in results, and those of the files. */
  validation: Record<string, readonly string[]>
  /** Sets to predict, as `validation`. */
  tests: Record<string, readonly string[]>
}
/** All tasks by name. */
export declare const GLUE_TASKS: Readonly<Record<GlueTask, GlueTaskInfo>>
