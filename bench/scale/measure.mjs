// npm run bench -- scale [SHAPE…] [--threads 2] [--pairs 3] [--json]: a training step on random weights in the shapes of Qwen2.5-0.5B, 1.5B and Llama-3 8B, in Q4_K blocks: seconds,
// the share of the machine's product limit, peak memory. Linux, an idle machine, 7 GB of disk in .cache/bench.
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { inRoot, packageJson } from '../../scripts/lib/run.mjs'
import { machine } from '../lib/machine.mjs'
import { median } from '../lib/median.mjs'
import { turn } from '../lib/pairs.mjs'
import { trainingGflop } from '../lib/work.mjs'
import { SHAPES, fileOf, linearsOf } from './shapes.mjs'

const [TOKENS, RANK] = [512, 16]
/** What is asked: the share of the product limit, and the memory of the largest. */
const LEAST_SHARE = 0.75
const MOST_MB = { 'llama-3-8b': 9e3 }

export async function benchScale({ shapes, pairs, threads, json, note }) {
  const unknown = shapes.filter((name) => !Object.hasOwn(SHAPES, name))
  if (unknown.length > 0) throw new Error(`no shape ${unknown.join(', ')}; shapes: ${Object.keys(SHAPES).join(', ')}`)
  const rows = []
  for (const name of shapes.length > 0 ? shapes : Object.keys(SHAPES)) {
    const file = await fileOf(name, note)
    const row = await measure(name, file, { reps: pairs, threads, note })
    rows.push(row)
    note(tell(row))
  }
  const summary = { case: 'scale', measured: new Date().toISOString(), threads, machine: machine(), rows }
  if (json) console.log(JSON.stringify(summary))
  else console.log([...rows.map(tell), `${cpus()[0].model}, ${rows[0].isa}`].join('\n'))
  await mkdir(inRoot('bench/results'), { recursive: true })
  const versions = { ours: packageJson().version, node: process.versions.node }
  await writeFile(inRoot('bench/results/scale.json'), `${JSON.stringify({ ...summary, versions }, null, 1)}\n`)
  return rows.every(({ ok }) => ok)
}

async function measure(name, file, { reps, threads, note }) {
  const args = ['--threads', String(threads)]
  const shapes = JSON.stringify([[2048, 2048, 2048], ...linearsOf(SHAPES[name]).map(([n, k]) => [TOKENS, k, n])])
  const limit = async () => (await turn(process.execPath, [inRoot('bench/lib/limit.mjs'), shapes, ...args]))[0].gflops
  const before = await limit()
  note(`${name}: product limit ${before.toFixed(0)} GFLOP/s; training …`)
  const [step] = await turn(process.execPath, [inRoot('bench/scale/step.mjs'), file, ...args, '--reps', String(reps)])
  const peak = Math.max(before, await limit())
  const gflop = gflopOf(SHAPES[name])
  const ms = median(step.ms)
  const gflops = (1e3 * gflop) / ms
  const share = gflops / peak
  const ok = share >= LEAST_SHARE && step.peakMb <= (MOST_MB[name] ?? Infinity)
  return { name, seconds: ms / 1e3, gflop, gflops, limit: peak, share, peakMb: step.peakMb, trainable: step.trainable, losses: step.losses, isa: step.isa, ok } // prettier-ignore
}

/** All products of a step: forward, once more for the checkpoints, backward; the adapters' too. */
function gflopOf(shape) {
  const linears = linearsOf(shape)
  const { hidden_size: d, num_hidden_layers: layers, vocab_size: vocab } = shape
  const noDx = linears.slice(0, 3).reduce((total, [n, k]) => total + n * k, 0)
  const lora = linears.map(([n, k]) => [n, k, RANK])
  return trainingGflop({ d, layers, vocab, linears, noDx, causal: true }, [TOKENS], { lora, recompute: true })
}

const tell = ({ name, seconds, gflops, limit, share, peakMb, trainable, ok }) =>
  `${name.padEnd(13)} ${seconds.toFixed(1)} s a step, ${gflops.toFixed(0)} of ${limit.toFixed(0)} GFLOP/s: ${(100 * share).toFixed(0)} %; peak ${(peakMb / 1e3).toFixed(2)} GB; ${(trainable / 1e6).toFixed(1)} M numbers trained${ok ? '' : '  MISSED'}`
