// From rows to what a run trains and evaluates on, and the report of it.
import { Subset, randomSplit } from '../data/loader/index.js'
import type { Dataset } from '../data/loader/index.js'
import { readRows, splitFiles } from '../data/rows/index.js'
import type { PlacedRow, RowSource, RowsOptions } from '../data/rows/index.js'
import { checkSource, placeOf } from '../data/rows/rows.js'
import { stat } from 'node:fs/promises'
import { FormatError } from '../errors.js'
import type { OptionError } from '../errors.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { lengthsOf, withText } from './data-report.js'
import type { DataReport } from './data-report.js'
import { ExampleStore } from './tasks/example-store.js'
import type { StoredExample } from './tasks/example-store.js'
import type { TrainTask } from './tasks/task.js'

/** The rows of a run. */
export interface TrainerData extends RowsOptions {
  /** Rows to train on: anything that {@link readRows} reads. A folder is split by the names of its files. @expected a path, rows, or an iterable of rows */
  train: RowSource
  /** Rows to evaluate on, or the share of the rows to train on that is held out for it, drawn with the seed. @default those of the folder, or none @expected a share between 0 and 1, a path, or rows */
  validation?: RowSource | number
}

/** Rows of a run, encoded. */
export interface PreparedData {
  task: TrainTask
  train: Dataset<StoredExample>
  /** Tokens of each row to train on. */
  lengths: readonly number[]
  /** What they train in all: tokens, or rows. */
  trained: number
  validation: Dataset<StoredExample> | null
  report: DataReport
  /** Where a row to train on is from. */
  place: (index: number) => string
  close: () => void
}

/** What data is prepared with. */
export interface PrepareSettings {
  seed: number
  maxLength: number
  /** Ids are below it. */
  vocabulary: number
  signal: AbortSignal | undefined
  /** The task for rows like the first one. */
  taskOf: (first: PlacedRow['row'], place: string) => TrainTask
}

const OWNER = 'Trainer'
const SHOWN = 3

/** The data of a run, however it is given. @throws {OptionError} {FormatError} */
export function checkData(given: RowSource | TrainerData): TrainerData {
  if (!isTrainerData(given)) {
    checkSource(OWNER, 'data', given)
    return { train: given }
  }
  checkOptions(`${OWNER}.data`, given, schemas.TrainerData)
  const { train, validation } = given
  checkSource(`${OWNER}.data`, 'train', train)
  if (validation !== undefined && typeof validation !== 'number') checkSource(`${OWNER}.data`, 'validation', validation)
  return given
}

/** Reads and encodes all rows. */
export async function prepareData(data: TrainerData, settings: PrepareSettings): Promise<PreparedData> {
  const { train: source, validation: held, ...options } = await withFolder(data)
  const rows = { ...options, signal: settings.signal }
  const stores = { train: new ExampleStore(), validation: new ExampleStore() }
  const close = () => Object.values(stores).forEach((store) => store.close())
  try {
    const encoder = new Encoder(settings)
    await encoder.fill(stores.train, readRows(source, rows).placed())
    const counts = encoder.counts()
    if (held !== undefined && typeof held !== 'number')
      await encoder.fill(stores.validation, readRows(held, rows).placed())
    const task = encoder.task!
    task.finish()
    const parts = partsOf(stores, held, settings.seed)
    const report = await reportOf(task, parts, { counts, settings, place: (i) => stores.train.place(i) })
    return { task, ...parts, report, place: (index) => stores.train.place(index), close }
  } catch (error) {
    close()
    throw error
  }
}

/** Encodes rows, and counts what is lost. */
class Encoder {
  task: TrainTask | null = null
  private truncated = { rows: 0, tokens: 0 }
  private leftOut = { rows: 0, first: null as string | null }

  constructor(private readonly settings: PrepareSettings) {}

  async fill(store: ExampleStore, rows: AsyncIterable<PlacedRow>): Promise<void> {
    let seen = 0
    let pauseAt = performance.now() + 8
    for await (const placed of rows) {
      seen++
      const place = placeOf(placed)
      this.task ??= this.settings.taskOf(placed.row, place)
      const { example, cut } = await this.task.encode(placed.row, place)
      const unknown = example.inputIds.find((id) => !(id >= 0 && id < this.settings.vocabulary))
      if (unknown !== undefined) throw noSuchToken(place, unknown, this.settings.vocabulary)
      if (cut > 0) {
        this.truncated.rows++
        this.truncated.tokens += cut
      }
      const weight = this.task.weigh(example)
      if (weight > 0) store.add(example, placed, weight)
      else if (this.leftOut.rows++ === 0) this.leftOut.first = place
      if (performance.now() < pauseAt) continue
      await new Promise((resolve) => setImmediate(resolve))
      pauseAt = performance.now() + 8
    }
    if (store.length === 0) throw nothing(seen, this.leftOut.first)
  }

  counts() {
    return { truncated: { ...this.truncated }, leftOut: { ...this.leftOut } }
  }
}

type Parts = Pick<PreparedData, 'train' | 'lengths' | 'trained' | 'validation'>

const sum = (list: readonly number[]) => list.reduce((total, n) => total + n, 0)

function partsOf(
  { train, validation }: { train: ExampleStore; validation: ExampleStore },
  held: RowSource | number | undefined,
  seed: number,
): Parts {
  if (typeof held !== 'number') {
    const { lengths, weights } = train
    return { train, lengths, trained: sum(weights), validation: validation.length > 0 ? validation : null }
  }
  if (!(held > 0 && held < 1)) throw bad(OWNER, 'validation', 'a share between 0 and 1, or rows', held)
  const count = Math.max(1, Math.round(held * train.length))
  if (count >= train.length) throw bad(OWNER, 'validation', `a share that leaves rows to train on`, held)
  const [kept, out] = randomSplit(train, [train.length - count, count], { seed }) as [Subset<StoredExample>, Subset<StoredExample>] // prettier-ignore
  // In the order of the rows: shuffling is the loader's.
  const inOrder = ({ indices }: Subset<StoredExample>) =>
    new Subset(
      train,
      [...indices].sort((a, b) => a - b),
    )
  const own = inOrder(kept)
  const ofOwn = (list: readonly number[]) => own.indices.map((i) => list[i]!)
  return { train: own, lengths: ofOwn(train.lengths), trained: sum(ofOwn(train.weights)), validation: inOrder(out) }
}

async function reportOf(
  task: TrainTask,
  { train, lengths, trained, validation }: Parts,
  context: { counts: ReturnType<Encoder['counts']>; settings: PrepareSettings; place: (index: number) => string },
): Promise<DataReport> {
  const some: StoredExample[] = []
  for (let i = 0; i < Math.min(train.length, MOST_LABELS); i++) some.push(await train.get(i))
  return withText({
    ...{ task: task.name, form: task.form, trainOn: task.trainOn, rows: train.length, trained },
    ...{ validationRows: validation?.length ?? 0, tokens: sum(lengths) },
    ...{ lengths: lengthsOf(lengths), maxLength: context.settings.maxLength, ...context.counts },
    labels: task.labelsOf(some),
    examples: some.slice(0, SHOWN).map((example) => ({
      place: context.place(example.index),
      tokens: example.inputIds.length,
      text: task.show(example),
    })),
  })
}

/** Rows whose labels are counted. */
const MOST_LABELS = 10_000

function isTrainerData(given: unknown): given is TrainerData {
  return typeof given === 'object' && given !== null && 'train' in given && !(Symbol.asyncIterator in given)
}

/** With the files of a folder, whose names say what they are for. */
async function withFolder(data: TrainerData): Promise<TrainerData> {
  if (typeof data.train !== 'string' || data.validation !== undefined) return data
  const found = await stat(data.train).catch(() => null)
  if (found?.isDirectory() !== true) return data
  const { train, validation } = await splitFiles(data.train)
  return validation.length > 0 ? { ...data, train, validation } : { ...data, train }
}

function nothing(seen: number, first: string | null): OptionError | FormatError {
  return new FormatError({
    what: 'there is nothing to train on',
    expected: 'rows with something to train on',
    received: seen === 0 ? 'no rows' : `${seen} rows without, the first ${first}`,
    fix: seen === 0 ? 'check the path' : 'raise maxLength, or pass trainOn',
  })
}

function noSuchToken(place: string, received: number, vocabulary: number): FormatError {
  return new FormatError({
    what: `${place}: a token that the model does not know`,
    expected: `ids from 0 to ${vocabulary - 1}`,
    received: String(received),
    fix: 'encode the rows with the tokenizer of this model',
  })
}
