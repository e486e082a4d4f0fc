// The nine tasks of GLUE (Wang et al. 2018): the columns of texts and labels in the files, and the names of the labels.

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

const BINARY = ['0', '1']
const pair = { texts: ['sentence1', 'sentence2'], label: 'label' } as const

function task(
  name: string,
  info: Omit<GlueTaskInfo, 'test' | 'validation' | 'tests'> & Partial<GlueTaskInfo>,
): GlueTaskInfo {
  const sets = { validation: { [name]: ['dev', 'validation'] }, tests: { [name]: ['test'] } }
  return { test: { texts: info.train.texts }, ...sets, ...info }
}

/** All tasks by name. */
export const GLUE_TASKS: Readonly<Record<GlueTask, GlueTaskInfo>> = {
  cola: task('cola', {
    folder: 'CoLA',
    texts: ['sentence'],
    labels: ['unacceptable', 'acceptable'],
    written: BINARY,
    train: { header: ['source', 'label', 'mark', 'sentence'], texts: ['sentence'], label: 'label' },
  }),
  sst2: task('sst2', {
    folder: 'SST-2',
    texts: ['sentence'],
    labels: ['negative', 'positive'],
    written: BINARY,
    train: { texts: ['sentence'], label: 'label' },
  }),
  mrpc: task('mrpc', {
    folder: 'MRPC',
    texts: ['sentence1', 'sentence2'],
    labels: ['not_equivalent', 'equivalent'],
    written: BINARY,
    train: { texts: ['#1 String', '#2 String'], label: 'Quality' },
  }),
  qqp: task('qqp', {
    folder: 'QQP',
    texts: ['question1', 'question2'],
    labels: ['not_duplicate', 'duplicate'],
    written: BINARY,
    train: { texts: ['question1', 'question2'], label: 'is_duplicate' },
  }),
  stsb: task('stsb', {
    folder: 'STS-B',
    texts: ['sentence1', 'sentence2'],
    labels: null,
    written: null,
    train: { texts: ['sentence1', 'sentence2'], label: 'score' },
  }),
  mnli: task('mnli', {
    folder: 'MNLI',
    texts: ['premise', 'hypothesis'],
    labels: ['entailment', 'neutral', 'contradiction'],
    written: null,
    train: { texts: ['sentence1', 'sentence2'], label: 'gold_label' },
    validation: { mnli: ['dev_matched', 'validation_matched'], 'mnli-mm': ['dev_mismatched', 'validation_mismatched'] },
    tests: { mnli: ['test_matched'], 'mnli-mm': ['test_mismatched'] },
  }),
  qnli: task('qnli', {
    folder: 'QNLI',
    texts: ['question', 'sentence'],
    labels: ['entailment', 'not_entailment'],
    written: null,
    train: { texts: ['question', 'sentence'], label: 'label' },
  }),
  rte: task('rte', {
    folder: 'RTE',
    texts: pair.texts,
    labels: ['entailment', 'not_entailment'],
    written: null,
    train: pair,
  }),
  wnli: task('wnli', {
    folder: 'WNLI',
    texts: pair.texts,
    labels: ['not_entailment', 'entailment'],
    written: BINARY,
    train: pair,
  }),
}
