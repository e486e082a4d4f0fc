// Fuzzes every reader of files from strangers.
//
//   npm run proof:fuzz -- [--seconds 120] [--only NAME,…] [--seed N]
//   npm run proof:fuzz -- --falsify      builds the readers with bounds checks left out: each of those must be found
//   npm run proof:fuzz -- --short        only reads the kept inputs of the readers in TypeScript; those in Rust are a test, crates/core/tests/corpus.rs
//
// Readers in Rust run under libFuzzer (crates/fuzz), those in TypeScript under a mutation fuzzer led by V8's coverage (fuzz/child.mjs). A reader may
// refuse its input with an error of the library. It must not panic or throw anything else, take 10 seconds of the processor, or take more than 256 MB; what it accepts
// must hold together. The seconds are shared by all readers, as many at once as there are lanes.
//
// Seeds are in crates/fuzz/corpus (README.md there). What runs something new is kept in .cache/fuzz/corpus and the next run begins with it; what breaks a
// reader is in .cache/fuzz/found. Exit code 1 when there is such an input, or, with --falsify, when a planted bug was not found.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag, readArgs, readNames, text } from '../lib/args.mjs'
import { fail, inRoot } from '../lib/run.mjs'
import { buildFuzzer } from './fuzz/build.mjs'
import { fuzzNative, NATIVE } from './fuzz/native.mjs'
import { PLANTED } from './fuzz/planted-bugs.mjs'
import { fuzzScript } from './fuzz/script.mjs'
import { row } from './lib/report.mjs'

const MOST_MB = 256
const WIDTHS = [24, 11, 8, 12, 12]
const HEAD = ['reader', 'inputs read', 'edges', 'an input MB', 'process MB', 'result']

const { values } = readArgs({ options: { seconds: text, only: text, seed: text, falsify: flag, short: flag } })
const seconds = numberOf('seconds', 120)
const seed = numberOf('seed', 0) || Math.floor(Math.random() * 2 ** 31)
const { SCRIPTED } = await import('./fuzz/readers.mjs')
const known = [...NATIVE, ...Object.keys(SCRIPTED)]
const isWanted = (reader) => (values.falsify ? reader in PLANTED : !values.short || !NATIVE.includes(reader))
const readers = (readNames(values.only, 'reader', known) ?? known).filter(isWanted)
if (readers.length === 0) fail('None of these readers is part of this form of the proof.')

// Files of inputs in memory, where the system has a folder for that.
const temp = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'loralib-fuzz-'))
const lanes = Math.min(2, availableParallelism())
const each = Math.max(1, (seconds * lanes) / readers.length)
try {
  process.exitCode = await prove()
} finally {
  rmSync(temp, { recursive: true, force: true })
}

async function prove() {
  const isNative = readers.some((reader) => NATIVE.includes(reader))
  const program = isNative ? await buildFuzzer({ planted: values.falsify }) : null
  const share = values.short ? 'their kept inputs' : `${each.toFixed(1)} s each, ${lanes} at once, seed ${seed}`
  console.log(`${readers.length} readers, ${share}${values.falsify ? ', with bounds checks left out' : ''}`)
  console.log(row(HEAD, WIDTHS))
  const results = []
  const waiting = [...readers]
  const work = async () => {
    for (let reader = waiting.shift(); reader !== undefined; reader = waiting.shift()) {
      const result = await fuzz(reader, program)
      results.push(result)
      console.log(row(cellsOf(result), WIDTHS))
    }
  }
  await Promise.all(Array.from({ length: lanes }, work))
  return report(results)
}

function fuzz(reader, program) {
  // What ends a reader with a planted bug is no find.
  const found = values.falsify ? join(temp, 'found', reader) : inRoot('.cache/fuzz/found', reader)
  mkdirSync(found, { recursive: true })
  const options = { seconds: each, found, temp, mostMB: MOST_MB, seed, keep: !values.falsify, replay: values.short }
  if (NATIVE.includes(reader)) return fuzzNative(program, reader, options)
  return fuzzScript(reader, { ...options, planted: values.falsify })
}

function cellsOf({ reader, runs, coverage, heap, rss, found }) {
  const mb = (bytes) => (bytes > 0 ? (bytes / 2 ** 20).toFixed(1) : '-')
  const result = found.length === 0 ? 'no find' : `FOUND ${found[0].split('/').at(-1)}`
  return [reader, runs, coverage || '-', mb(heap), mb(rss), result]
}

function report(results) {
  const finds = results.filter(({ found }) => found.length > 0)
  for (const { reader, found, said } of finds) {
    console.log(`\n${reader}: ${found.join(', ')}`)
    for (const line of said.slice(0, 16)) console.log(`    ${line.slice(0, 240)}`)
  }
  const runs = results.reduce((sum, result) => sum + result.runs, 0)
  console.log(
    `\nedges: of the readers' compiled code, or blocks of the library's JavaScript. An input: what it took of the heap at most; process: resident`,
  )
  console.log(`memory, above that of the library for readers in TypeScript. Both may be ${MOST_MB} MB.`)
  if (values.falsify) return falsified(results)
  console.log(`${runs} inputs, ${finds.length} of ${results.length} readers with a find`)
  if (finds.length > 0)
    console.log('Each input is in .cache/fuzz/found. Mend the reader, and keep the input in crates/fuzz/corpus.')
  return finds.length === 0 ? 0 : 1
}

/** Each of the planted bugs must have been found. */
function falsified(results) {
  const missed = results.filter(({ found }) => found.length === 0)
  for (const { reader } of results) console.log(`  ${reader}: ${PLANTED[reader]}`)
  console.log(`${results.length - missed.length} of ${results.length} planted bugs were found`)
  return missed.length === 0 ? 0 : 1
}

function numberOf(name, otherwise) {
  const value = Number(values[name] ?? otherwise)
  return Number.isFinite(value) && value >= 0 ? value : fail(`--${name}: a number, not ${values[name]}`)
}
