// A thousand models that share a base, each with an adapter of its own.
import { setImmediate, setTimeout } from 'node:timers/promises'
import * as lora from 'loralib'
import { SMALL, TINY, batch } from '../lib/models.mjs'
import { residentParts } from '../lib/peak.mjs'
import { quantile } from '../lib/report.mjs'
import { watchCollections } from '../loop/calls.mjs'
import { watchIdleProcess } from '../lib/timer.mjs'
import { countCalls, work } from './work.mjs'

const ADAPTER = { targets: ['c_attn', 'c_proj', 'c_fc'], r: 4, loraAlpha: 32, mergeWeights: false }
const TICK_MS = 1

/**
 * Makes `count` models, one in a turn of the event loop, as requests do. `{ count, each, made, delay, pauses, idle, forward }`: bytes of each, the times
 * to make one in ms, how late a timer was besides V8's pauses, the pauses, and the work of a forward with the first model and with all.
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
  for (let i = 0; i < (short ? 2 : 10); i++) models.push(make())
  const ids = batch(0, [1, 8, shape.vocab_size])
  const forward = () => forwardWork(models[0], ids)
  await forward()
  await lora.settle()
  const first = await forward()
  await lora.settle()
  const [memory, resident] = [snapshot(), residentParts()]
  const [stopTimer, stopIdle, stopPauses] = [watchTicks(), watchIdleProcess(TICK_MS), watchCollections()]
  const made = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    models.push(make())
    made.push(performance.now() - start)
    await setImmediate()
  }
  await setTimeout(20)
  const ticks = stopTimer()
  const [idle, pauses] = [await stopIdle(), await stopPauses()]
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
    made: { median: quantile(made, 0.5), p99: quantile(made, 0.99), worst: Math.max(...made) },
    delay: outsidePauses(ticks, pauses),
    pauses,
    idle,
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

/** A timer of 1 ms: when it was due and when it fired. */
function watchTicks() {
  const ticks = []
  let due = performance.now() + TICK_MS
  let handle = globalThis.setTimeout(tick, TICK_MS)
  function tick() {
    const now = performance.now()
    ticks.push([due, now])
    due = now + TICK_MS
    handle = globalThis.setTimeout(tick, TICK_MS)
  }
  return () => {
    clearTimeout(handle)
    return ticks
  }
}

/** How late the timer was at most, and 99 times of 100, without what V8 took meanwhile. */
function outsidePauses(ticks, pauses) {
  const late = ticks.map(([due, fired]) => {
    const inside = pauses.map(({ start, ms }) => Math.min(fired, start + ms) - Math.max(due, start))
    return fired - due - inside.reduce((sum, ms) => sum + Math.max(0, ms), 0)
  })
  return { worst: Math.max(...late), p99: quantile(late, 0.99), count: late.length }
}
