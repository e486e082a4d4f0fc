// Readers in TypeScript under a mutation fuzzer that is led by coverage, each in a process of its own (child.mjs).
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot } from '../../lib/run.mjs'
import { folders } from './native.mjs'

/** The longest time of the processor for one input, and of a clock: beside other programs it runs slower. */
const MOST_CPU_MS = 10_000
const MOST_MS = 60_000

/** Runs a reader for some seconds, or until an input ends it. `replay` only reads what is kept. */
export async function fuzzScript(
  reader,
  { seconds, found, temp, mostMB, replay = false, planted = false, keep = true, seed = 0 },
) {
  const { seeds, kept } = folders(reader, found)
  const own = join(temp, `${reader}-${process.pid}`)
  mkdirSync(own, { recursive: true })
  const current = join(own, 'input')
  const nowhere = join(own, 'kept')
  mkdirSync(nowhere)
  const options = { reader, seconds, seeds, kept: keep ? kept : nowhere, temp: own, current, seed, mostMB, replay }
  // Its heap may take what an input may take, and what Node, the library and V8's coverage take themselves.
  const execArgv = [
    `--max-old-space-size=${mostMB + 192}`,
    ...(planted ? ['--import', inRoot('scripts/proofs/fuzz/planted.mjs')] : []),
  ]
  const child = fork(inRoot('scripts/proofs/fuzz/child.mjs'), [JSON.stringify(options)], { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, TMPDIR: own } }) // prettier-ignore
  const result = { reader, runs: 0, coverage: 0, heap: 0, rss: 0, found: [], said: [] }
  const [ended, state] = watch(child, result)
  const code = await ended
  if (!state.done)
    result.found.push(takeInput(current, found, state.kind ?? (code === null ? 'timeout' : 'crash'), result))
  rmSync(own, { recursive: true, force: true })
  return result
}

/** Follows the process, and ends it when nothing is heard for too long. */
function watch(child, result) {
  const state = { done: false, kind: undefined, errors: '' }
  let heard = { at: performance.now(), cpu: 0 }
  const timer = setInterval(() => {
    const [took, cpu] = [performance.now() - heard.at, cpuMs(child.pid) - heard.cpu]
    if (took < MOST_MS && !(cpu > MOST_CPU_MS)) return
    state.kind = 'timeout'
    result.said = [`nothing for ${(took / 1000).toFixed(0)} s, ${(cpu / 1000).toFixed(0)} s of the processor`]
    child.kill('SIGKILL')
  }, 500)
  child.stderr.setEncoding('utf8').on('data', (text) => (state.errors = (state.errors + text).slice(-4000)))
  child.on('message', ({ runs, coverage, peak, done = false, kind, why }) => {
    heard = { at: performance.now(), cpu: cpuMs(child.pid) }
    Object.assign(result, { runs, coverage, rss: Math.max(result.rss, peak) })
    if (done) state.done = true
    if (kind) Object.assign(state, { kind })
    if (why) result.said = why.split('\n').slice(0, 12)
  })
  const ended = new Promise((resolve) => {
    child.on('close', (code) => {
      clearInterval(timer)
      if (!state.done && result.said.length === 0) result.said = state.errors.split('\n').slice(0, 12)
      if (/heap out of memory|Allocation failed/.test(state.errors)) state.kind = 'memory'
      resolve(code)
    })
  })
  return [ended, state]
}

/** Time of the processor that a process has had, from Linux; NaN elsewhere. */
function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return NaN
  }
}

/** Copies the input under which the process ended to those that were found. */
function takeInput(current, found, kind, result) {
  try {
    const hash = createHash('sha1').update(readFileSync(current)).digest('hex').slice(0, 16)
    const path = join(found, `${kind}-${hash}`)
    copyFileSync(current, path)
    result.said.unshift(`${statSync(path).size} bytes`)
    return path
  } catch {
    return `${kind}, before the first input`
  }
}
