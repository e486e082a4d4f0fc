// Times a step and prints one JSON line, with the fields of torch_baseline.py.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import * as lora from 'loralib'
import { median } from './median.mjs'
import { statusMb } from './status.mjs'

export { statusMb }

/** Calls between two awaits: a loop that never awaits exceeds the limit of the engine's queue. */
const MOST_QUEUED = 32
const TICKS_PER_SECOND = 100

/** CPU seconds used by everything on this machine since boot. */
function machineSeconds() {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number)
  return (fields.reduce((a, b) => a + b) - fields[3] - fields[4]) / TICKS_PER_SECOND
}

function ownSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const round = (value, digits) => Number(value.toFixed(digits))

/**
 * Makes the `measure` of one process.
 *
 * A step does the work of one call and returns what to await. A `micro` step only records, and is repeated so that a sample
 * lasts 100 ms: calls are queued as the layers of a model are, and the sample ends when the last has been computed.
 * Other short steps are run `calls` times in a row.
 * @param {{ name: string, threads: number, reps: number, warmup: number, sampleMs?: number }} settings `sampleMs`: shortest sample of micro steps
 */
export function measureWith({ name, threads, reps, warmup, sampleMs = 100 }) {
  const stream = lora.stream()
  return async function measure(call, { row, tokens, gflop, micro = false, calls = 1, check, ...more } = {}) {
    const step = micro ? () => stream.run(call) : () => inTurn(call, calls)
    const timed = (times) => time(step, times, micro ? () => stream.synchronize() : (last) => last)
    const built = statusMb('VmRSS')
    const first = await timed(1)
    for (let i = 1; i < warmup; i++) await timed(1)
    const n = micro ? Math.max(1, Math.ceil(sampleMs / (await timed(1)))) : 1
    const [machine, own, began] = [machineSeconds(), ownSeconds(), performance.now()]
    const ms = []
    for (let i = 0; i < reps; i++) ms.push((await timed(n)) / (n * calls))
    const wall = (performance.now() - began) / 1e3
    const used = ownSeconds() - own
    const others = machineSeconds() - machine - used
    const middle = median(ms)
    const { isa, bf16Products } = lora.backend()
    const rounds = lora.getFloat32MatmulPrecision() === 'medium' && bf16Products
    const onDevice = lora.backend().device !== 'cpu'
    const line = {
      case: name,
      ...(row && { row }),
      ...{ threads, reps, step_ms: round(middle, 4), min_ms: round(Math.min(...ms), 4) },
      ...{ max_ms: round(Math.max(...ms), 4), first_ms: round(first / calls, 2) },
      ...(tokens && { tokens, tokens_per_s: round((tokens / middle) * 1e3, 1) }),
      ...(gflop && { gflop_min: round(gflop, 3), gflop_per_s: round((gflop / middle) * 1e3, 1) }),
      ...{ built_rss_mb: Math.round(built), peak_rss_mb: Math.round(statusMb('VmHWM')) },
      cores_used: round(used / wall, 2),
      others_share: round(Math.max(0, others) / wall / cpus().length, 3),
      ...{ isa, products: rounds ? 'bf16' : 'f32' },
      ...(onDevice && { peak_device_mb: Math.round(lora.memory().peakBytes / 2 ** 20) }),
      ...(check && { check: await check() }),
      ...more,
    }
    console.log(JSON.stringify(line))
  }
}

async function inTurn(call, times) {
  for (let i = 0; i < times; i++) await call()
}

async function time(step, times, end) {
  const began = performance.now()
  for (let left = times; left > 0; left -= MOST_QUEUED) {
    let last
    for (let i = Math.min(left, MOST_QUEUED); i > 0; i--) last = step()
    await end(last)
  }
  return performance.now() - began
}

/** `Σ |x|` of a tensor, as a number with two digits. */
export async function sumAbs(tensor, digits = 2) {
  const total = lora.noGrad(() => tensor.detach().abs().to('f64').sum())
  return round(await total.item(), digits)
}
