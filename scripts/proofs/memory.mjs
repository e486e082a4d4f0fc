// Proves that training in plain code runs in constant memory.
//
//   npm run proof:memory [-- --short] [--only small,tiny]
//   node scripts/proofs/memory.mjs --case tiny      one case, in this process
//
// GPT-2 small's shape for 200 steps and a tiny model for 10,000, in a loop without dispose(), using or scope(), node without --expose-gc: the peak
// resident set at the end is at most 1.15 times that after 5 % of the run. After settle() (the proof settles twice to count; the loop never does)
// memory() shows the same live tensors and bytes both times, and the allocator of the executor has counted the same. The other cases are loops
// without care for memory in one way or another. Each case runs in a process of its own, so that peaks are separate. --short is the form for CI.
// It judges no times. Exit code 1 on failure.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { checks, mb, row } from './lib/report.mjs'
import { CASES } from './memory/cases.mjs'

const { values } = parseArgs({
  options: {
    case: { type: 'string' },
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
})

const WIDTHS = [40, 6, 9, 9, 6, 7, 9]
const HEAD = ['case', 'steps', 'early MB', 'end MB', 'ratio', 'tensors', 'steps/s']

if (values.case !== undefined) await runCase(values.case)
else await runAll(chosen())

function chosen() {
  const names = values.only?.split(',') ?? Object.keys(CASES)
  const unknown = names.filter((name) => !(name in CASES))
  if (unknown.length === 0) return names
  console.error(`no such case: ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}`)
  process.exit(2)
}

async function runCase(name) {
  const [, run] = CASES[name] ?? []
  if (run === undefined) throw new Error(`no such case: ${name}`)
  const { result, checks: list } = await run(values.short)
  const { steps, first, last, rate } = result
  const summary = { steps, early: first.peak, end: last.peak, values: last.values, rate }
  if (process.send) process.send({ summary, list })
  else printChecks([[name, list]])
}

async function runAll(names) {
  const results = []
  console.log(row(HEAD, WIDTHS))
  for (const name of names) {
    const [title] = CASES[name]
    const { summary, list } = await inProcess(name)
    results.push([title, list])
    if (!summary) continue
    const { steps, early, end, values: live, rate } = summary
    const cells = [title, steps, mb(early), mb(end), (end / early).toFixed(3), live, rate.toFixed(1)]
    console.log(row(cells, WIDTHS))
  }
  printChecks(results)
}

/** One case in a child process; if it crashes, that is a failed check. */
function inProcess(name) {
  const args = [process.argv[1], '--case', name, ...(values.short ? ['--short'] : [])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new Promise((resolve) => {
    let message
    child.on('message', (sent) => (message = sent))
    child.on('exit', (code, signal) => {
      if (code === 0 && message) resolve(message)
      else resolve({ list: [[`the process ended with ${signal ?? code}`, false, 'a result']] })
    })
  })
}

function printChecks(results) {
  const check = checks({ judgeTimes: !values.short })
  for (const [title, list] of results) {
    console.log(`\n${title}`)
    for (const each of list) check(...each)
  }
  check.end()
}
