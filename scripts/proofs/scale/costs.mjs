// What an await, an operation, a step and a token cost, with few and with many tensors and streams.
import { fork } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as lora from 'loralib'
import { quantile } from '../lib/report.mjs'
import { activities, makeTensors, openStreams } from './scene.mjs'
import { countCalls, generators, work } from './work.mjs'

export const FEW = 10
const NAMES = ['await', 'op', 'step', 'token']

/**
 * Two processes measure in turns, so that a machine that is slower for a while slows both: one keeps 10 tensors and one stream, the other gets `count`
 * tensors, then streams besides, then few tensors again. `{ count, streams, generators, cases }`: for each case and activity the median of both in µs, the
 * median of their ratio turn by turn, and the work of one in the second process.
 */
export async function measureCosts({ count, short }) {
  const { rounds, repeats, warm, streams } = short
    ? { rounds: 2, repeats: 3, warm: 20, streams: 50 }
    : { rounds: 40, repeats: 10, warm: 300, streams: 500 }
  const [still, grown] = [start(), start()]
  const measured = async () => {
    const all = []
    for (let i = 0; i < rounds; i++) all.push([await still('measure', repeats), await grown('measure', repeats)])
    return Object.fromEntries(NAMES.map((name) => [name, summary(all, name)]))
  }
  for (const each of [still, grown]) {
    await each('tensors', FEW)
    await each('measure', warm)
  }
  const before = await grown('generators')
  const cases = { few: await measured() }
  await grown('tensors', count)
  cases.tensors = await measured()
  await grown('streams', streams)
  cases.both = await measured()
  await grown('tensors', FEW)
  cases.onlyStreams = await measured()
  const kept = (await grown('generators')) - before
  await Promise.all([still('end'), grown('end')])
  return { count, streams, generators: kept, cases }
}

function summary(rounds, name) {
  const median = (k) =>
    quantile(
      rounds.flatMap((pair) => pair[k][name].us),
      0.5,
    )
  // The least: what a collection of V8 releases is now and then part of one.
  const least = (a, b) => a.map((n, i) => Math.min(n, b[i]))
  // Turn by turn, so that a slow spell of the machine is in both or in neither.
  const ratios = rounds.map((pair) => quantile(pair[1][name].us, 0.5) / quantile(pair[0][name].us, 0.5))
  return {
    still: median(0),
    us: median(1),
    ratio: quantile(ratios, 0.5),
    work: rounds.map((pair) => pair[1][name].work).reduce(least),
  }
}

/** Starts a process; the function returned asks it for one thing after the other. */
function start() {
  const child = fork(fileURLToPath(import.meta.url), ['--serve'])
  let answered = null
  child.on('message', ({ result }) => answered.resolve(result))
  child.on('exit', (code) => answered?.reject(new Error(`the process that measures ended with ${code}`)))
  return (what, count) =>
    new Promise((resolve, reject) => {
      answered = { resolve, reject }
      child.send({ what, count })
    })
}

async function serve() {
  countCalls()
  lora.manualSeed(1)
  const all = activities()
  let tensors = []
  // One besides the default: a program that uses none pays nothing for streams, and that is another matter.
  let streams = await openStreams(1, all.visit)
  const answers = {
    measure: (repeats) => measure(all, repeats),
    generators,
    tensors: async (count) => {
      for (const tensor of tensors.splice(count)) tensor.dispose()
      tensors = tensors.concat(await makeTensors(count - tensors.length))
      await lora.settle()
    },
    streams: async (count) => {
      streams = streams.concat(await openStreams(count - streams.length, all.visit))
      await lora.settle()
    },
    end: () => {
      for (const stream of streams) stream.close()
      globalThis.setImmediate(() => process.exit())
    },
  }
  process.on('message', async ({ what, count }) => process.send({ result: (await answers[what](count)) ?? null }))
}

/** Each in turn. The times in µs, and the least work of one. */
async function measure(all, repeats) {
  const found = Object.fromEntries(NAMES.map((name) => [name, { us: [], work: null }]))
  for (let i = 0; i < repeats; i++) {
    for (const name of NAMES) {
      const { times: parts, run, queued } = all[name]
      await setImmediate()
      const before = work()
      const began = performance.now()
      await run()
      const took = performance.now() - began
      await queued?.()
      const done = work().map((n, k) => (n - before[k]) / parts)
      found[name].us.push((1000 * took) / parts)
      found[name].work = (found[name].work ?? done).map((n, k) => Math.min(n, done[k]))
    }
  }
  return found
}

if (process.argv.includes('--serve')) await serve()
