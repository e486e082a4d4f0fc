// Loads the files that its parent names, one by one, and reports the outcome of each: `process.send({state, ...})`.
// Peak memory is that of one load: on Linux the peak is reset before each, elsewhere it is the highest so far.
import { readFileSync, writeFileSync } from 'node:fs'
import * as lora from 'loralib'

const NODES_SHOWN = 200

process.on('message', async ({ path, mapped }) => {
  const before = resetPeak()
  const started = performance.now()
  const result = await attempt(path, mapped)
  const [ms, peakBytes] = [performance.now() - started, peak()]
  process.send({ ...result, ms, peakBytes, grownBytes: peakBytes - before })
})
// The first load starts the engine, which is not part of the measurement.
lora.backend()
process.send({ state: 'ready' })

async function attempt(path, mapped) {
  try {
    const object = await lora.load(path, { mapped })
    return { state: 'loaded', object: await describe(object, { left: NODES_SHOWN }) }
  } catch (error) {
    const { name, code, message } = error
    return { state: error instanceof lora.LoraError ? 'refused' : 'threw', name, code, message }
  }
}

/** An object as a few plain values: tensors as dtype, shape and first numbers; the rest as dots. */
async function describe(value, budget) {
  if (budget.left-- <= 0) return '…'
  if (value instanceof lora.Tensor) {
    const data = value.numel <= 16 ? Array.from(await value.data(), Number) : '…'
    return { dtype: value.dtype, shape: value.shape, data }
  }
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { float: String(value) }
  if (typeof value !== 'object' || value === null) return value
  const items = []
  if (Array.isArray(value)) {
    for (const item of value.slice(0, budget.left + 1)) items.push(await describe(item, budget))
    return items
  }
  const pairs = value instanceof Map ? [...value] : Object.entries(value)
  for (const [key, item] of pairs.slice(0, budget.left + 1)) items.push([key, await describe(item, budget)])
  return { [value instanceof Map ? 'map' : 'object']: items }
}

/** Resets the peak of memory to the present use, and returns that. */
function resetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // not Linux, or not allowed: the peak is not reset
  }
  return peak()
}

function peak() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
