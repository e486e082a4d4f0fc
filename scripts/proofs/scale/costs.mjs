// What an await, an operation, a step and a token cost, with few and with many tensors and streams.
import { setImmediate } from 'node:timers/promises'
import * as lora from 'loralib'
import { quantile } from '../lib/report.mjs'
import { activities, makeTensors, openStreams } from './scene.mjs'
import { countCalls, generators, work } from './work.mjs'

const FEW = 10
const NAMES = ['await', 'op', 'step', 'token']

/**
 * With 10 tensors and one stream, with `count` tensors, with 500 streams besides, and once more with 10 and one: `{ count, streams, cases }`, each case
 * with the median of each activity in µs, and the work of one.
 */
export async function measureCosts({ count, short }) {
  countCalls()
  lora.manualSeed(1)
  const all = activities()
  const settings = short ? { repeats: 5, warm: 20 } : { repeats: 200, warm: 300 }
  const streams = short ? 50 : 500
  const few = await makeTensors(FEW)
  await measure(all, { ...settings, repeats: settings.warm })
  const kept = generators()
  const before = await measure(all, settings)
  const many = await makeTensors(count - FEW)
  await lora.settle()
  const tensors = await measure(all, settings)
  const open = await openStreams(streams, all.visit)
  const both = await measure(all, settings)
  for (const tensor of many) tensor.dispose()
  await lora.settle()
  const onlyStreams = await measure(all, settings)
  for (const stream of open) stream.close()
  await lora.settle()
  const after = await measure(all, settings)
  for (const tensor of few) tensor.dispose()
  return { count, streams, generators: generators() - kept, cases: { before, tensors, both, onlyStreams, after } }
}

/** In turn, so that a machine that is slower for a moment slows all of them. */
async function measure(all, { repeats }) {
  const times = Object.fromEntries(NAMES.map((name) => [name, []]))
  const counts = {}
  for (let i = 0; i < repeats; i++) {
    for (const name of NAMES) {
      const { times: parts, run, queued } = all[name]
      await setImmediate()
      const before = work()
      const start = performance.now()
      await run()
      const took = performance.now() - start
      await queued?.()
      const done = work().map((n, k) => (n - before[k]) / parts)
      times[name].push((1000 * took) / parts)
      // The least: what a collection of V8 releases is now and then part of one.
      counts[name] = (counts[name] ?? done).map((n, k) => Math.min(n, done[k]))
    }
  }
  return Object.fromEntries(NAMES.map((name) => [name, { us: quantile(times[name], 0.5), work: counts[name] }]))
}
