// The labels of a classifier's rows: names and numbers of classes as rows have them, and as the model has them.
import { OptionError } from '../../errors.js'
import type { LabelsConfig } from '../../models/shared/labels-config.js'
import { nearest } from '../../runtime/options.js'
import { parsed, wrongCell } from './columns.js'
import type { Example } from './example-store.js'

/** What a row has: one class, several at once, or a number. */
export type LabelKind = 'one label' | 'several labels' | 'number'

/** Reads labels in the order of the rows; which class a name is, is known after the last of them. */
export class Labels {
  readonly kind: LabelKind
  /** Labels as rows have them, by the number that examples hold. */
  private readonly seen = new Map<string, number>()
  private classes: number[] = []

  constructor(
    private readonly config: LabelsConfig,
    first: unknown,
  ) {
    const isList = Array.isArray(parsed(first)) || config.problem_type === 'multi_label_classification'
    const isNumber = config.problem_type === 'regression' || config.num_labels === 1
    this.kind = isList ? 'several labels' : isNumber ? 'number' : 'one label'
  }

  /** Classes of the model. */
  get size(): number {
    return this.config.num_labels
  }

  /** The label of a row: numbers that only this object knows the meaning of, or the number to predict. */
  read(column: string, cell: unknown): number[] {
    const value = parsed(cell)
    if (this.kind === 'number') {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      if (typeof number === 'number' && Number.isFinite(number)) return [number]
      throw wrongCell(column, 'a number: the model has one output', cell)
    }
    const isName = (each: unknown) =>
      typeof each === 'string' ? each !== '' : typeof each === 'boolean' || Number.isInteger(each)
    if (this.kind === 'one label') {
      if (!isName(value)) throw wrongCell(column, 'the name or the number of a class', cell)
      return [this.numberOf(value)]
    }
    if (!Array.isArray(value) || !value.every(isName))
      throw wrongCell(column, 'a list of names or numbers of classes', cell)
    return value.map((each) => this.numberOf(each))
  }

  /** @throws {OptionError} when there are classes that the model has no output for. */
  finish(): void {
    if (this.kind === 'number') return
    const found = [...this.seen.keys()]
    const names = this.namesFor(found)
    this.classes = found.map((name) => names.indexOf(name))
    const unknown = found.find((_, i) => this.classes[i]! < 0)
    if (unknown !== undefined) throw noClass(unknown, names)
    const id2label = Object.fromEntries(names.map((name, i) => [i, name]))
    if (names.every((name) => /^\d+$/.test(name)) || Object.isFrozen(this.config)) return
    Object.assign(this.config, { id2label, label2id: Object.fromEntries(names.map((name, i) => [name, i])) })
  }

  /** What the model is to predict: a class, a number, or 0 and 1 for each class. */
  target(own: readonly number[]): number[] {
    if (this.kind === 'number') return [...own]
    const classes = own.map((number) => this.classes[number]!)
    if (this.kind === 'one label') return classes
    return Array.from({ length: this.size }, (_, k) => (classes.includes(k) ? 1 : 0))
  }

  show(own: readonly number[]): string {
    return this.kind === 'number' ? String(own[0]) : own.map((number) => [...this.seen.keys()][number]).join(', ')
  }

  count(examples: readonly Example[]): Record<string, number> | null {
    if (this.kind === 'number') return null
    const counts = Object.fromEntries([...this.seen.keys()].sort().map((name) => [name, 0]))
    for (const { labels } of examples) for (const number of labels) counts[this.show([number])]! += 1
    return counts
  }

  /** The names of the model's classes in order: its own, numbers, or those of the rows by code point. */
  private namesFor(found: readonly string[]): string[] {
    const { num_labels, id2label } = this.config
    const own = Array.from({ length: num_labels }, (_, i) => id2label[i] ?? `LABEL_${i}`)
    if (own.some((name, i) => name !== `LABEL_${i}`) || found.every((name) => own.includes(name))) {
      if (!found.every((name) => /^\d+$/.test(name))) return own
    }
    if (found.every((name) => /^\d+$/.test(name))) return own.map((_, i) => String(i))
    const names = [...found].sort()
    if (names.length > num_labels) throw tooMany(names, num_labels)
    return [...names, ...own.slice(names.length)]
  }

  private numberOf(value: unknown): number {
    const name = String(value)
    const known = this.seen.get(name)
    if (known !== undefined) return known
    this.seen.set(name, this.seen.size)
    return this.seen.size - 1
  }
}

function noClass(received: string, names: readonly string[]): OptionError {
  const near = nearest(received, names)
  return new OptionError({
    what: 'Trainer: rows have a label that the model has no output for',
    expected: names.length > 20 ? `one of ${names.length} labels` : names.join(', '),
    received,
    fix: near === undefined ? 'load the model with config: { num_labels } of the rows' : `write '${near}'`,
  })
}

function tooMany(names: readonly string[], outputs: number): OptionError {
  return new OptionError({
    what: 'Trainer: rows have more labels than the model has outputs',
    expected: `${outputs} labels`,
    received: `${names.length}: ${names.slice(0, 20).join(', ')}`,
    fix: `load the model with config: { num_labels: ${names.length} }`,
  })
}
