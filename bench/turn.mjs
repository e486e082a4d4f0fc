// node bench/turn.mjs CASE [--threads N] [--reps 5] [--warmup 2] [--small]: one case in this process; a JSON line for each row, as
// torch_baseline.py. --small takes small shapes, for bench/smoke.mjs.
import { parseArgs } from 'node:util'
import { fail } from '../scripts/lib/run.mjs'
import { smallBase } from './lib/bases.mjs'

const number = (value) => ({ type: 'string', default: String(value) })
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: number(2), reps: number(5), warmup: number(2), small: { type: 'boolean', default: false } },
})
const { small } = values
const [threads, reps, warmup] = ['threads', 'reps', 'warmup'].map((key) => Number(values[key]))
// Set before the package is imported, since the engine reads it when it starts.
process.env.LORALIB_THREADS = String(threads)

const { cases } = await import('./cases/index.mjs')
const { measureWith } = await import('./lib/measure.mjs')
const name = positionals[0]
const chosen = cases[name]
if (positionals.length !== 1 || !chosen) fail(`one case, of ${Object.keys(cases).join(', ')}`)

await chosen.run({
  ...{ name, threads, reps, warmup },
  measure: measureWith({ name, threads, reps, warmup, ...(small && { sampleMs: 0 }) }),
  /** The folder of a base. */
  folder: (base) => (small ? smallBase(base) : base).folder,
  /** A size that differs between the case and its small version. */
  size: (full, reduced) => (small ? reduced : full),
})
