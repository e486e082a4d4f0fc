// Proves that files of torch.save cannot do harm: hostile and odd ones, written byte by byte, each loaded in a child process of its own.
//
//   node scripts/proofs/pickle.mjs [--only TEXT] [--verbose]
//
// Each file must be refused with the code that its case states, in an error that names the file, or be read as the case states; in less than 2 s, with
// a peak of memory less than 64 MB above that of a child that loads a good file of four numbers, and without any file appearing where it ran.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Loader } from '../lib/loader.mjs'
import { archiveCases } from './pickle/archives.mjs'
import { bombCases, nearCases } from './pickle/bombs.mjs'
import { codeCases } from './pickle/code.mjs'
import { opcodeCases } from './pickle/opcodes.mjs'
import { protocolCases } from './pickle/protocols.mjs'
import { tensorCases } from './pickle/tensors.mjs'
import { dictOf, pickle, tensor, zipFile } from './pickle/write.mjs'

const LIMIT_MS = 2000
const MB = 2 ** 20
const LIMIT_BYTES = 64 * MB
const AT_ONCE = 2
const inMB = (bytes) => (bytes / MB).toFixed(1)
const firstLine = ({ message = '' }) => message.split('\n')[0].slice(0, 160)

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    // The whole proof takes less than a minute: its short form runs all of it and judges no times.
    short: { type: 'boolean', default: false },
  },
})
const cases = [
  ...opcodeCases,
  ...codeCases,
  ...tensorCases,
  ...archiveCases,
  ...protocolCases,
  ...bombCases,
  ...nearCases,
].filter(({ group, name }) => `${group}: ${name}`.includes(values.only))
const folder = mkdtempSync(join(tmpdir(), 'loralib-pickle-'))
const started = performance.now()
try {
  process.exitCode = await prove()
} finally {
  rmSync(folder, { recursive: true })
}

async function prove() {
  const trivial = await trivialPeak()
  const rows = new Map()
  const failures = []
  const waiting = cases.map((each, i) => ({ ...each, path: join(folder, `case-${i}.pt`) }))
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await loadAlone(next.path, next.file)
      const grown = outcome.peakBytes - trivial
      const wrong = judge(next, outcome, grown)
      const row = rows.get(next.group) ?? { files: 0, passed: 0, refused: 0, read: 0, ms: 0, grown: -Infinity }
      row.files += 1
      row.passed += wrong === null ? 1 : 0
      row.refused += outcome.state === 'refused' ? 1 : 0
      row.read += outcome.state === 'loaded' ? 1 : 0
      row.ms = Math.max(row.ms, outcome.ms ?? Infinity)
      row.grown = Math.max(row.grown, grown)
      rows.set(next.group, row)
      if (values.verbose)
        console.log(
          `${next.group}: ${next.name}: ${outcome.state} ${firstLine(outcome)} ${Math.round(outcome.ms)} ms ${inMB(grown)} MB`,
        )
      if (wrong !== null) failures.push(`FAILED ${next.group}: ${next.name}: ${wrong}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  report(rows, trivial, failures)
  return failures.length === 0 && cases.length > 0 ? 0 : 1
}

/** Peak memory of a child that loads four numbers: the median of three. */
async function trivialPeak() {
  const file = zipFile(pickle(dictOf(['w', tensor()])))
  const peaks = []
  for (let i = 0; i < 3; i++) {
    const { state, peakBytes } = await loadAlone(join(folder, 'trivial.pt'), file)
    if (state !== 'loaded') throw new Error(`the trivial file is not loaded: ${state}`)
    peaks.push(peakBytes)
  }
  return peaks.sort((a, b) => a - b)[1]
}

async function loadAlone(path, file) {
  writeFileSync(path, file)
  const loader = new Loader()
  try {
    return await loader.load(path)
  } finally {
    loader.close()
    rmSync(path)
  }
}

/** What is wrong with an outcome, or null. */
function judge({ refuse, says, loads, path }, outcome, grown) {
  const { state, code, message, object, made, ms, how } = outcome
  if (made.length > 0) return `made the file ${made.join(', ')}`
  if (state !== 'refused' && state !== 'loaded') return `${state}: ${how ?? message}`
  if (!values.short && !(ms < LIMIT_MS)) return `took ${Math.round(ms)} ms`
  if (!(grown < LIMIT_BYTES)) return `took ${inMB(grown)} MB`
  if (refuse === undefined) {
    if (state !== 'loaded') return `refused: ${firstLine(outcome)}`
    return loads === null || isDeepStrictEqual(object, loads) ? null : `read as ${JSON.stringify(object)}`
  }
  if (state !== 'refused') return `read as ${JSON.stringify(object)}`
  if (code !== refuse) return `refused with ${code}, not ${refuse}: ${firstLine(outcome)}`
  if (!message.includes(basename(path))) return `the error does not name the file: ${message}`
  return says === undefined || message.includes(says) ? null : `the error does not name ${says}: ${message}`
}

function report(rows, trivial, failures) {
  for (const line of failures) console.log(line)
  const table = [['class', 'files', 'refused', 'read', 'passed', 'worst ms', 'worst MB']]
  for (const [group, { files, refused, read, passed, ms, grown }] of rows)
    table.push([group, files, refused, read, passed, Math.round(ms), inMB(grown)].map(String))
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  console.log(`Each file is loaded once, in a process of its own, ${AT_ONCE} at a time.`)
  console.log(
    'ms: from the call of load() to its answer. MB: peak resident memory of the process during the load (VmHWM on Linux,',
  )
  console.log(
    `else the process's maxRSS), less the ${inMB(trivial)} MB of a process that loads a file of four numbers. Allowed: ${LIMIT_MS} ms, ${LIMIT_BYTES / MB} MB.\n`,
  )
  for (const row of table)
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
  console.log(
    `\nno code was run: ${failures.some((line) => line.includes('made the file')) ? 'NO, see above' : 'no file appeared'}; ${((performance.now() - started) / 1000).toFixed(0)} s`,
  )
  console.log(`${cases.length - failures.length} passed, ${failures.length} failed`)
}
