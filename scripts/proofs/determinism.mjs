// Proves that the same seed gives the same bits: for any number of compute threads, when repeated, under load, on each kernel path.
//
//   node scripts/proofs/determinism.mjs [--steps 30] [--short]
//
// A GPT-2 of odd sizes above every parallel threshold (B·T = 777, width 195, vocabulary 1009) with dropout 0.1 everywhere, LoRA in three forms
// and every other parameter fully trained, in child processes; afterwards it generates text by sampling. The sha256 of all losses, of the last
// gradients and of all parameters, and the tokens, must agree
//   - for LORALIB_THREADS 1, 2, 3 and 4, and for a second run in the same process;
//   - for a run in a stream of its own while a second trainer and a generator of higher priority are busy in other streams, and these two
//     must give the same results as alone, every time;
//   - on each LORALIB_ISA that this CPU has, for 1 and for 3 threads.
// Different paths round differently: their digests are printed, not compared. Exit code 1 when a bit differs.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hashAll } from './determinism/hash.mjs'
import { checks } from './lib/report.mjs'

const { values } = parseArgs({
  options: { steps: { type: 'string' }, short: { type: 'boolean', default: false } },
})
const { short } = values
const STEPS = Number(values.steps ?? (short ? 4 : 30))
const THREADS = short ? [1, 3] : [1, 2, 3, 4]
// With more threads than cores, the order in which threads finish varies most.
const COMPANY_THREADS = 3
const PATHS = ['avx512', 'avx2', 'neon', 'scalar', 'candle']
/** The scalar and candle paths are slow, and a bit that differs does so in the first steps. */
const PATH_STEPS = { scalar: short ? 2 : 4, candle: short ? 2 : 4 }

const check = checks()
const reference = await threadCounts()
await paths(reference.isa)
check.end()

/** Threads, repetition, load. Returns the first child's result. */
async function threadCounts() {
  let reference
  for (const threads of THREADS) {
    const last = threads === COMPANY_THREADS
    const found = await start({ threads, steps: STEPS, times: last ? 2 : 1, company: last })
    reference ??= found
    if (found === reference) introduce(found)
    found.runs.forEach((run, i) => {
      const label = `${threads} thread${threads === 1 ? '' : 's'}${i > 0 ? ', a second run in the same process' : ''}`
      same(label, reference.runs[0], run, threads, found)
    })
    if (found.together) company(reference.runs[0], found, threads)
  }
  const { first, last } = reference.runs[0]
  check(`loss ${first} to ${last}`, last < first, 'it falls: something was trained')
  return reference
}

function introduce({ isa, runs: [{ trained, grads }] }) {
  const tensors = Object.keys(grads).length
  console.log(
    `${STEPS} steps, B·T = 777, width 195, vocabulary 1009, ${trained} trained numbers in ${tensors} tensors, ${isa}`,
  )
}

function company(alone, { together, ...found }, threads) {
  const { run, seconds, texts } = together
  same(`${threads} threads, beside a second trainer and a generator`, alone, run, threads, found)
  const other = (what, list, wanted) => {
    const right = list.filter((each) => String(each) === String(wanted)).length
    check(`  ${what}: ${right} of ${list.length} runs as it is alone`, list.length > 0 && right === list.length)
  }
  other('the second trainer', seconds, together.alone.second)
  other('the text', texts, together.alone.text)
}

/** Each kernel path compared with itself. */
async function paths(own) {
  console.log('\neach kernel path against itself, 1 and 3 threads')
  for (const isa of PATHS) {
    const steps = Math.min(STEPS, PATH_STEPS[isa] ?? (short ? 3 : 10))
    const one = await start({ threads: 1, steps, times: 1, isa })
    if (one === null) {
      check(`${isa}: this CPU does not have it`, isa !== own && isa !== 'scalar' && isa !== 'candle')
      continue
    }
    const three = await start({ threads: 3, steps, times: 1, isa })
    if (one.isa !== isa || three.isa !== isa) check(`${isa} was requested, ${one.isa} and ${three.isa} ran`, false)
    same(`${isa}, ${steps} step${steps === 1 ? '' : 's'}`, one.runs[0], three.runs[0], 3, three)
  }
}

/** Checks that two runs have the same bits, and that as many threads as requested took part in the second. */
function same(label, a, b, wanted, { threads, worked }) {
  const differences = compare(a, b)
  if (threads !== wanted) differences.push(`${wanted} threads were requested, ${threads} ran`)
  if (worked !== null && worked !== wanted) differences.push(`of ${wanted} threads ${worked} computed`)
  const digests = `parameters ${short16(b.parameters)}, gradients ${short16(b.grads)}, losses ${b.losses.slice(0, 16)}`
  check(`${label}: ${digests}, tokens ${b.tokens.split(' ').slice(-4).join(' ')}`, differences.length === 0)
  for (const line of differences.slice(0, 10)) console.log(`          ${line}`)
}

function compare(a, b) {
  const whole = ['losses', 'norm', 'tokens'].filter((key) => a[key] !== b[key]).map((key) => `the ${key} differ`)
  const tensors = ['grads', 'parameters'].flatMap((kind) =>
    Object.keys(a[kind])
      .filter((name) => a[kind][name] !== b[kind][name])
      .map((name) => `${kind} of ${name} differ`),
  )
  return [...whole, ...tensors]
}

function short16(hashes) {
  return hashAll(hashes).slice(0, 16)
}

/** Runs a child; null when the CPU lacks the path. */
async function start({ threads, isa, ...instructions }) {
  const file = fileURLToPath(new URL('./determinism/child.mjs', import.meta.url))
  const env = { ...process.env, LORALIB_THREADS: String(threads), ...(isa && { LORALIB_ISA: isa }) }
  const child = spawn(process.execPath, [file, JSON.stringify(instructions)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
  const status = child.exitCode ?? (await new Promise((resolve) => child.once('close', resolve)))
  if (status === 0) return JSON.parse(out)
  if (isa && err.includes('LORALIB_ISA names a kernel path that cannot run here')) return null
  console.error(`the child with ${threads} threads${isa ? ` and ${isa}` : ''} ended with ${status}\n${err}`)
  process.exit(1)
}

async function textOf(stream) {
  let text = ''
  for await (const piece of stream.setEncoding('utf8')) text += piece
  return text
}
