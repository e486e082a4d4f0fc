// Readers in Rust under libFuzzer.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { inRoot } from '../../lib/run.mjs'

/** The readers of crates/core/tests/support/readers.rs. */
export const NATIVE = [
  'safetensors',
  'torch',
  'torch-legacy',
  'pickle',
  'index',
  'tokenizer-json',
  'tokenizer-bpe',
  'tokenizer-wordpiece',
  'tokenizer-sentencepiece',
]

/** The longest time for one input, by the clock. Beside other programs a second may be many. */
const MOST_SECONDS = 25
const MOST_BYTES = 1 << 16

/** Where the inputs of a reader are: those in the repository, those that the fuzzer collects, and those that end it. */
export function folders(reader, found) {
  const seeds = inRoot('crates/fuzz/corpus', reader)
  if (!existsSync(seeds)) throw new Error(`${reader} has no seeds: ${seeds}`)
  const kept = inRoot('.cache/fuzz/corpus', reader)
  for (const folder of [kept, found]) mkdirSync(folder, { recursive: true })
  return { seeds, kept }
}

/** Runs a reader for some seconds, or until an input ends it. */
export async function fuzzNative(program, reader, { seconds, found, temp, mostMB, keep = true, seed = 0 }) {
  const { seeds, kept } = folders(reader, found)
  const args = [
    `--reader=${reader}`,
    ...(keep ? [kept] : []),
    seeds,
    `-max_total_time=${Math.max(1, Math.round(seconds))}`,
    `-max_len=${MOST_BYTES}`,
    `-timeout=${MOST_SECONDS}`,
    `-rss_limit_mb=${mostMB}`,
    `-artifact_prefix=${found}/`,
    `-seed=${seed}`,
    '-len_control=20',
    '-print_final_stats=1',
  ]
  const result = { reader, runs: 0, coverage: 0, heap: 0, rss: 0, found: [], said: [] }
  const before = new Set(readdirSync(found))
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: temp } })
  for await (const line of createInterface({ input: child.stderr })) read(line, result)
  const code = child.exitCode ?? (await new Promise((done) => child.on('close', done)))
  result.found = readdirSync(found)
    .filter((name) => !before.has(name) && !name.startsWith('slow-unit'))
    .map((name) => `${found}/${name}`)
  if (code !== 0 && result.found.length === 0) result.found.push(`status ${code ?? child.signalCode}, without an input`)
  return result
}

/** What libFuzzer, and the program itself, say in a line. */
function read(line, result) {
  const number = (pattern) => Number(pattern.exec(line)?.[1] ?? NaN)
  const most = (key, value) => (result[key] = Math.max(result[key], value || 0))
  most('runs', number(/^#(\d+)\s/))
  most('runs', number(/^stat::number_of_executed_units:\s*(\d+)/))
  most('coverage', number(/\scov: (\d+)/))
  most('rss', number(/\srss: (\d+)Mb/) * 2 ** 20)
  most('rss', number(/^stat::peak_rss_mb:\s*(\d+)/) * 2 ** 20)
  most('heap', number(/^peak: (\d+)$/))
  // Panics that a reader catches are printed, too: the last lines before the end are what counts.
  if (!/^(#\d|stat::|peak:|INFO:|WARNING:|MS:|DEDUP)/.test(line)) result.said = [...result.said, line].slice(-40)
}
