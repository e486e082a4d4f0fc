// The files of GLUE as they are downloaded: the tab-separated files of the benchmark's archives, or those of the hub.
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { checkChoice } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { GLUE_TASKS } from './glue-tasks.js'
import type { GlueTask, GlueTaskInfo } from './glue-tasks.js'
import { LabelMap } from './labels.js'
import { readTable } from './read-table.js'
import { Table } from './table.js'
import { examplesOf } from './text-task.js'
import type { SampleLimits, TextExample, TextTask } from './text-task.js'

/** Options of {@link readGlue}. */
export interface GlueOptions extends SampleLimits {
  /** Read the test sets, too. @default true */
  test?: boolean
  /** Stops reading. @default none */
  signal?: AbortSignal | undefined
}

const OWNER = 'data.readGlue'

/**
 * Reads a task of GLUE from a folder: the task's, or the one above it. It may contain the tab-separated files of the benchmark's download (`CoLA/train.tsv`,
 * `MNLI/dev_matched.tsv`, …; MRPC also as `msr_paraphrase_train.txt`), or files as the hub has them: `train-00000-of-00001.parquet`, `train.parquet`,
 * `train.jsonl`, `train.json`, `train.csv`, `validation…`. Test sets may be missing; their labels are unknown.
 *
 * Rows of the download that are truncated or shifted, and rows of MNLI without a consensus label, are skipped with one warning for each file, as the original
 * loader does.
 * @throws {FileError} naming the files looked for. @throws {FormatError} with file, row and column for a label outside of the task's set.
 */
export async function readGlue(task: GlueTask, dir: string, options: GlueOptions = {}): Promise<TextTask> {
  checkOptions(OWNER, options, schemas.GlueOptions)
  const info = GLUE_TASKS[checkChoice(OWNER, 'task', task, Object.keys(GLUE_TASKS) as GlueTask[])]
  const folder = await folderOf(task, info, dir)
  const read = async (names: readonly string[], most: number | undefined, kind: Kind) =>
    capped(await readSplit(info, folder, names, kind, options.signal), most)
  const sets = async (wanted: Record<string, readonly string[]>, most: number | undefined, kind: Kind) => {
    const found: Record<string, TextExample[]> = {}
    for (const [name, names] of Object.entries(wanted)) {
      const examples = await read(names, most, kind)
      if (examples !== null) found[name] = examples
    }
    return found
  }
  return {
    labels: info.labels,
    train: (await read(['train', 'msr_paraphrase_train'], options.maxTrainSamples, 'train'))!,
    validation: await sets(info.validation, options.maxValidationSamples, 'validation'),
    test: options.test === false ? {} : await sets(info.tests, options.maxTestSamples, 'test'),
  }
}

type Kind = 'train' | 'validation' | 'test'

async function readSplit(
  info: GlueTaskInfo,
  folder: string,
  names: readonly string[],
  kind: Kind,
  signal: AbortSignal | undefined,
): Promise<TextExample[] | null> {
  const files = await filesOf(folder, kind === 'test' ? [...names, 'msr_paraphrase_test'] : names)
  if (files.length === 0) {
    if (kind === 'test') return null
    throw noFiles(folder, names)
  }
  const parts: TextExample[] = []
  for (const path of files) {
    const isDownload = /\.(tsv|txt)$/.test(path)
    parts.push(...(isDownload ? await fromDownload(info, path, kind, signal) : await fromHub(info, path, kind, signal)))
  }
  return parts
}

/** A tab-separated file of the download; `"` is an ordinary character in it. */
async function fromDownload(
  info: GlueTaskInfo,
  path: string,
  kind: Kind,
  signal: AbortSignal | undefined,
): Promise<TextExample[]> {
  const { header, label } = info.train
  const texts = kind === 'test' ? info.test.texts : info.train.texts
  const odd: number[] = []
  const onMalformed = (line: number) => odd.push(line)
  const columns = header !== undefined && kind !== 'test' ? { columns: header } : {}
  const table = await readTable(path, { format: 'tsv', onMalformed, signal, ...columns })
  const labelled = table.has(label) || kind !== 'test' // the file with the answers of MRPC's test set has them
  const needed = labelled ? [...texts, label] : texts
  const cells = needed.map((name) => table.column(name))
  const noAgreement = labelled ? table.column(label).map((cell) => cell === '-') : null
  const sound = table.filter((row) => {
    const fits = cells.every((column) => column[row] !== null) && !noAgreement?.[row]
    if (!fits) odd.push(Number(/line (\d+)/.exec(table.place(row))?.[1]))
    return fits
  })
  if (odd.length > 0) warnOfOdd(path, odd)
  const map = new LabelMap(info.written ?? info.labels)
  return examplesOf(sound, texts, labelled ? { column: label, map, optional: kind === 'test' } : null)
}

/** A file with the columns of the hub: labels by number, -1 in test sets. */
async function fromHub(
  info: GlueTaskInfo,
  path: string,
  kind: Kind,
  signal: AbortSignal | undefined,
): Promise<TextExample[]> {
  const table = numbered(await readTable(path, { signal }), 'label')
  const map = new LabelMap(info.labels)
  const labels =
    table.has('label') || kind !== 'test' ? { column: 'label', map, optional: kind === 'test', isPlain: true } : null
  return examplesOf(table, info.texts, labels)
}

/** Cells of a csv file are texts; whole numbers among the labels become numbers. */
function numbered(table: Table, name: string): Table {
  if (!table.has(name)) return table
  const cells = new Map(table.columns.map((column) => [column, table.column(column)]))
  cells.set(
    name,
    table.column(name).map((cell) => (/^-?\d+$/.test(String(cell)) ? Number(cell) : cell)),
  )
  return new Table(table.path, cells, { floating: table.floating })
}

/** The files of a split: one, or several that are parts of it. */
async function filesOf(folder: string, names: readonly string[]): Promise<string[]> {
  const all = await readdir(folder)
  const endings = ['tsv', 'txt', 'parquet', 'jsonl', 'json', 'csv']
  for (const name of names) {
    const one = endings.map((ending) => `${name}.${ending}`).find((file) => all.includes(file))
    if (one !== undefined) return [join(folder, one)]
    const parts = all.filter((file) => file.startsWith(`${name}-`) && /-\d{5}-of-\d{5}.*\.parquet$/.test(file)).sort()
    if (parts.length > 0) return parts.map((file) => join(folder, file))
  }
  return []
}

async function folderOf(task: GlueTask, info: GlueTaskInfo, dir: string): Promise<string> {
  for (const name of [info.folder, task, 'data', '']) {
    const folder = join(dir, name)
    const isThere = await access(folder).then(
      () => true,
      () => false,
    )
    if (isThere && (await filesOf(folder, ['train', 'msr_paraphrase_train'])).length > 0) return folder
  }
  throw noFiles(dir, [`${info.folder}/train`, 'train'])
}

function capped(examples: TextExample[] | null, most: number | undefined): TextExample[] | null {
  return most === undefined ? examples : (examples?.slice(0, most) ?? null)
}

function noFiles(folder: string, names: readonly string[]): FileError {
  return new FileError({
    what: `${folder}: there are no files of this task`,
    expected: `${names.join(' or ')}, ending in .tsv, .parquet, .jsonl, .json or .csv`,
    received: 'none of them',
    fix: 'pass the folder with the files, or the one above it',
  })
}

function warnOfOdd(path: string, lines: readonly number[]): void {
  const text = `${path}: ${lines.length} rows are cut, shifted or without an agreed label and are left out; the first is in line ${Math.min(...lines)}`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_ROWS_LEFT_OUT' })
}
