// What the rows of a run look like, before its first step.
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
  lengths: { min: number; mean: number; median: number; p95: number; max: number }
  maxLength: number
  /** Rows that were cut at `maxLength`, and the tokens that were lost. */
  truncated: { rows: number; tokens: number }
  /** Rows that hold nothing to train on, and the first of them. */
  leftOut: { rows: number; first: string | null }
  /** How often each label occurs in the first rows; null without classes. */
  labels: Record<string, number> | null
  examples: ReportedExample[]
}

/** The parts of a report that are facts of the rows. */
export function lengthsOf(lengths: readonly number[]): DataReport['lengths'] {
  const sorted = Float64Array.from(lengths).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  const mean = sorted.reduce((sum, n) => sum + n, 0) / sorted.length
  return { min: sorted[0]!, mean, median: at(0.5), p95: at(0.95), max: sorted.at(-1)! }
}

/** A report whose `toString()` is {@link reportText}. */
export function withText(report: DataReport): DataReport {
  return Object.defineProperty({ ...report }, 'toString', { value: () => reportText(report), enumerable: false })
}

function reportText(report: DataReport): string {
  const { lengths, truncated, leftOut, labels } = report
  const unit = report.trainOn === null ? 'rows' : 'tokens'
  const share = ((100 * report.trained) / (unit === 'tokens' ? report.tokens : report.rows)).toFixed(1)
  const lines = [
    `task        ${report.task}: ${report.form}${report.trainOn === null ? '' : `; trained: ${report.trainOn}`}`,
    `rows        ${report.rows} to train on, ${report.validationRows} to validate`,
    `tokens      ${report.tokens}; ${report.trained} ${unit} trained (${share} %)`,
    `lengths     min ${lengths.min}, mean ${lengths.mean.toFixed(1)}, median ${lengths.median}, p95 ${lengths.p95}, max ${lengths.max}`,
    `truncated   ${truncated.rows} rows at ${report.maxLength} tokens, ${truncated.tokens} tokens lost`,
  ]
  if (leftOut.rows > 0) lines.push(`left out    ${leftOut.rows} rows with nothing to train on, first ${leftOut.first}`)
  if (labels !== null) {
    const counts = Object.entries(labels).map(([name, count]) => `${name} ${count}`)
    lines.push(`labels      ${counts.join(', ')}`)
  }
  for (const { place, tokens, text } of report.examples) lines.push(`— ${place}, ${tokens} tokens`, text)
  return lines.join('\n')
}
