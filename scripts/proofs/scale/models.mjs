// A thousand models that share a base, each with an adapter of its own.
import { readFileSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import * as lora from 'loralib'
import { SMALL, TINY, batch } from '../lib/models.mjs'
import { residentParts } from '../lib/peak.mjs'
import { quantile } from '../lib/report.mjs'
import { inIdleProcess } from '../lib/timer.mjs'
import { watchCollections } from '../lib/collections.mjs'
import { countCalls, work } from './work.mjs'

const ADAPTER = { targets: ['c_attn', 'c_proj', 'c_fc'], r: 4, loraAlpha: 32, mergeWeights: false }
const TICK_MS = 1

/**
 * Makes `count` models, one in a turn of the event loop, as requests do. `{ count, each, made, delay, stall, pauses, forward }`: bytes of each; the
 * times to make one in ms, and how late a timer was, without V8's pauses and without what the thread waited for a processor; the pauses; time and work
 * of a forward of the first model, alone and with all.
 */
export async function measureModels({ count, short }) {
  countCalls()
  lora.manualSeed(1)
  const shape = short ? { ...TINY, n_layer: 12 } : SMALL
  const base = lora.models.GPT2LMHeadModel.fromConfig(shape).requiresGrad_(false).eval()
  const make = () => {
    const model = lora.cloneModule(base, { shareFrozen: true })
    lora.injectLora(model, ADAPTER)
    lora.markOnlyLoraAsTrainable(model)
    return model
  }
  // Compiling at the first use is not part of the steady state of a server.
  const models = []
  for (let i = 0; i < (short ? 2 : 100); i++) models.push(make())
  const ids = batch(0, [1, 8, shape.vocab_size])
  const forward = () => forwardWork(models[0], ids)
  await forward()
  await lora.settle()
  const first = await forward()
  await lora.settle()
  const [memory, resident] = [snapshot(), residentParts()]
  const stopPauses = await watchCollections()
  const stopStalls = watchStalls()
  // Last: what the others take to begin is not measured.
  const stopTimer = watchTicks()
  const turns = []
  for (let i = 0; i < count; i++) {
    const [start, waited] = [performance.now(), waitedMs()]
    models.push(make())
    turns.push({ from: start, to: performance.now(), waited: waitedMs() - waited })
    await setImmediate()
  }
  await setTimeout(20)
  const ticks = stopTimer()
  const [stall, pauses] = [await stopStalls(), await stopPauses()]
  // The weights of the adapters are still being made.
  await lora.settle()
  const last = await forward()
  await lora.settle()
  const [now, residentNow] = [snapshot(), residentParts()]
  const each = (from, to) => (to - from) / count
  return {
    count,
    tensors: each(memory.tensors, now.tensors),
    each: {
      adapter: each(memory.adapter, now.adapter),
      base: each(memory.base, now.base),
      heap: each(memory.heap, now.heap),
      resident: residentNow && each(resident.anonymous, residentNow.anonymous),
    },
    made: spread(turns.map((turn) => own(turn, pauses))),
    delay: spread(ticks.map((tick) => own(tick, pauses))),
    waited: ticks.reduce((sum, tick) => sum + tick.waited, 0),
    stall,
    pauses,
    forward: { first, last },
    models: models.length,
  }
}

/** Time and work of a forward; the numbers of the result are not part of it. */
async function forwardWork(model, ids) {
  const before = work()
  const start = performance.now()
  const { loss } = lora.noGrad(() => model.forward(ids, { labels: ids }))
  await loss.item()
  const ms = performance.now() - start
  const done = work().map((n, k) => n - before[k])
  loss.dispose()
  return { ms, work: done }
}

function snapshot() {
  const { adapter, base, total } = lora.memory()
  return { adapter: adapter.bytes, base: base.bytes, tensors: total.tensors, heap: process.memoryUsage().heapUsed }
}

/** A timer of 1 ms: when it was due, when it fired, and what the thread waited for a processor meanwhile. */
function watchTicks() {
  const ticks = []
  let [due, waited] = [performance.now() + TICK_MS, waitedMs()]
  let handle = globalThis.setTimeout(tick, TICK_MS)
  function tick() {
    const [now, waitedNow] = [performance.now(), waitedMs()]
    ticks.push({ from: due, to: now, waited: waitedNow - waited })
    ;[due, waited] = [performance.now() + TICK_MS, waitedNow]
    handle = globalThis.setTimeout(tick, TICK_MS)
  }
  return () => {
    clearTimeout(handle)
    return ticks
  }
}

/** How late an idle process is at most although it has a processor: where the whole machine stands still, nobody can be on time. */
function watchStalls() {
  return inIdleProcess(`import { readFileSync } from 'node:fs'
    const TICK_MS = ${TICK_MS}
    ${waitedMs}
    ${watchTicks}
    const ticks = watchTicks()
    const stop = () => Math.max(...ticks().map(({ from, to, waited }) => to - from - waited))`)
}

/** How long this thread was ready to run and did not get a processor, since it began, as the scheduler of Linux counts it; 0 elsewhere. */
function waitedMs() {
  if (process.platform !== 'linux') return 0
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6
}

/**
 * What a span took without V8's pauses and without the wait for a processor. Of a pause that is the time on the processor: what it waited for one itself,
 * beside V8's other threads, is in the wait already.
 */
function own({ from, to, waited }, pauses) {
  const inside = pauses.reduce((sum, { start, ms, cpuMs }) => {
    const overlap = Math.min(to, start + ms) - Math.max(from, start)
    return overlap > 0 ? sum + (cpuMs * overlap) / ms : sum
  }, 0)
  return Math.max(0, to - from - inside - waited)
}

function spread(list) {
  return { median: quantile(list, 0.5), p99: quantile(list, 0.99), worst: Math.max(...list), count: list.length }
}
