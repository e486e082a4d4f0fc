// Prints the differences as they are found, and a table of the classes at the end.
import { row } from '../lib/report.mjs'

const GROUPS = ['outputs', 'loss', 'gradients', 'LoRA loss', 'LoRA outputs', 'LoRA gradients', 'training', 'scores']
const COLUMNS = ['class', 'models', 'numbers', ...GROUPS, 'rows', 'near ties', 'differ']
const MOST_LINES = 6

export class Report {
  /** Models that differ. */
  differing = 0
  #isQuiet
  #classes = new Map()
  #traits = new Map()

  constructor({ isQuiet = false } = {}) {
    this.#isQuiet = isQuiet
  }

  add(kind, seed, about, compare, { generated, ties }) {
    const total = this.#totalOf(kind)
    total.models += 1
    total.numbers += compare.numbers
    total.generated += generated
    total.ties += ties
    for (const [group, share] of compare.worst) total.worst.set(group, Math.max(share, total.worst.get(group) ?? 0))
    for (const trait of about.traits) this.#traits.set(trait, (this.#traits.get(trait) ?? 0) + 1)
    if (compare.differences.length === 0) return
    total.differ += 1
    this.differing += 1
    if (!this.#isQuiet) this.#printDifferences(kind, seed, about, compare.differences)
  }

  /** The reference itself could not make a model. */
  fail(kind, seed, text) {
    const total = this.#totalOf(kind)
    total.models += 1
    total.differ += 1
    this.differing += 1
    console.log(`\nFAILED  ${kind.name}  --repeat ${kind.name}:${seed}\n  ${text}`)
  }

  #totalOf({ name }) {
    if (!this.#classes.has(name))
      this.#classes.set(name, { models: 0, numbers: 0, worst: new Map(), generated: 0, ties: 0, differ: 0 })
    return this.#classes.get(name)
  }

  #printDifferences(kind, seed, about, differences) {
    console.log(`\nDIFFERS  ${kind.name}  --repeat ${kind.name}:${seed}\n  ${about.says}`)
    if (about.broken) console.log(`  changed on purpose: ${about.broken}`)
    for (const { what, text } of differences.slice(0, MOST_LINES))
      console.log(`  ${what}: ${text.replaceAll('\n', '\n    ')}`)
    if (differences.length > MOST_LINES) console.log(`  and ${differences.length - MOST_LINES} more`)
  }

  /** The worst error of each group as a share of what is allowed, and counts. */
  print() {
    const names = [...this.#classes.keys()].sort()
    const rows = names.map((name) => cells(name, this.#classes.get(name)))
    const widths = COLUMNS.map((title, i) => Math.max(title.length, ...rows.map((one) => String(one[i]).length)))
    console.log(`\nThe worst error of each group of results, as a share of what is allowed:\n\n${row(COLUMNS, widths)}`)
    for (const one of rows) console.log(row(one, widths))
    const traits = [...this.#traits].sort(([a], [b]) => (a < b ? -1 : 1))
    console.log(`\n${traits.map(([trait, count]) => `${trait} ${count}`).join(', ')}`)
    const sum = (field) => names.reduce((total, name) => total + this.#classes.get(name)[field], 0)
    console.log(
      `${sum('numbers')} numbers and ${sum('generated')} generated rows compared, ${sum('ties')} rows decided by rounding`,
    )
    console.log(`${sum('models') - this.differing} models agree, ${this.differing} differ`)
  }
}

function cells(name, { models, numbers, worst, generated, ties, differ }) {
  const shares = GROUPS.map((group) => (worst.has(group) ? worst.get(group).toFixed(2) : '-'))
  return [name, models, numbers, ...shares, generated, ties, differ]
}
