// V8's pauses.
import { Session } from 'node:inspector/promises'
import { performance } from 'node:perf_hooks'

// V8's own names of what stops the thread of JavaScript.
const KINDS = [
  [/^V8\.GC(Scavenger|MinorM)/, 'young'],
  [/^V8\.GC(FinalizeMC|HandleGCRequest|Compactor)/, 'full'],
  [/^V8\.GCIncrementalMarking|^V8\.GC_MC_INCREMENTAL/, 'steps of marking'],
]

/** V8's pauses of this thread, `{ kind, start, ms, cpuMs }`, from its trace: entries of `gc` leave out the steps of incremental marking. */
export async function watchCollections() {
  const session = new Session()
  session.connect()
  const events = []
  session.on('NodeTracing.dataCollected', ({ params }) => events.push(...params.value))
  await session.post('NodeTracing.start', { traceConfig: { includedCategories: ['v8', 'disabled-by-default-v8.gc'] } })
  // Their clock is that of the system, in µs.
  const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now()
  return async () => {
    await session.post('NodeTracing.stop')
    session.disconnect()
    const main = events.find(({ name, args }) => name === 'thread_name' && args.name === 'JavaScriptMainThread').tid
    const own = events.filter(({ ph, tid, name }) => ph === 'X' && tid === main && name.startsWith('V8.GC'))
    const spans = own.map(({ name, ts, dur, tdur }) => ({
      name,
      start: ts / 1000 - offset,
      ms: dur / 1000,
      cpuMs: tdur / 1000,
    }))
    spans.sort((a, b) => a.start - b.start || b.ms - a.ms)
    // The outermost alone.
    const pauses = []
    let end = -Infinity
    for (const { name, start, ms, cpuMs } of spans) {
      if (start + ms <= end) continue
      end = start + ms
      pauses.push({ kind: KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other', start, ms, cpuMs })
    }
    return pauses
  }
}

/** One line for each kind of V8's pauses. */
export function printCollections(pauses) {
  const kinds = [...new Set(pauses.map((p) => p.kind))]
  const line = (kind) => {
    const own = pauses.filter((p) => p.kind === kind).map((p) => p.ms)
    return `${own.length} ${kind}, longest ${Math.max(...own).toFixed(1)} ms`
  }
  console.log(`        V8's collections: ${kinds.length === 0 ? 'none' : kinds.map(line).join('; ')}`)
}
