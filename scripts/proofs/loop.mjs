// Proves that a Node server stays responsive while it trains: loralib never blocks the event loop, and work of high priority runs first.
//
//   node scripts/proofs/loop.mjs [--seconds 30] [--short] [--only calls|load]
//
// `load`: for 30 s, in one process and at once,
//   - a model of GPT-2 small's shape (50257 tokens, 12 layers, 768) trains with LoRA on all cores, 4 x 128 tokens a step, in a stream of its own;
//   - a tiny model trains in another stream;
//   - a file of 100 MB is saved and loaded repeatedly; an adapter is merged and unmerged;
//   - text is streamed from another model of GPT-2 small's shape (random weights, since only speed is measured), in a stream of priority 10;
//   - a client in a child process sends 200 HTTP requests a second to a server in this process.
// Before that, each is measured alone. The limit is printed with each line; an idle process beside it shows the delay of the machine itself.
// `calls`: how long single calls of the recorder block the thread, on deep models and large data; each case several times, the shortest counts.
// `--short` (CI): 6 s of `load` with a shallower model; times are printed and not judged. Exit code 1 when something does not hold.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { fail } from '../lib/run.mjs'
import { SMALL, writeSmallBase } from './lib/models.mjs'
import { checks } from './lib/report.mjs'
import { wrapBinding } from './loop/calls.mjs'
import { measureCases } from './loop/cases.mjs'
import { measureAlone, measureTogether } from './loop/load.mjs'
import { reportAlone, reportCases, reportTogether } from './loop/report.mjs'

const KEPT_BASE = fileURLToPath(new URL('../../.cache/loop-base', import.meta.url))
const REST_MS = 60_000

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
if (![undefined, 'calls', 'load'].includes(values.only)) fail(`--only is calls or load, not ${values.only}`)
const short = values.short
const settings = {
  short,
  seconds: Number(values.seconds ?? (short ? 6 : 30)),
  aloneSeconds: short ? 2 : 5,
  tokens: short ? 12 : 24,
  fileBytes: short ? 20e6 : 100e6,
  rate: 200,
}

wrapBinding()
const check = checks({ judgeTimes: !short })
const { isa, threads } = lora.backend()
if (!short && values.only !== 'calls') await keepBase()
console.log(`${isa}, ${threads} compute threads, ${settings.seconds} s${short ? ', short' : ''}`)
if (values.only === 'calls') reportCases(check, await measureCases(5))
else {
  // In a process of its own: what deep models leave in V8 and in memory is not part of the server that is measured next. Only times are measured.
  if (values.only !== 'load' && !short)
    check('the calls of the recorder, above', runCalls() === 0, undefined, { timed: true })
  await underLoad()
}
check.end()
process.exit()

function runCalls() {
  const args = [fileURLToPath(import.meta.url), '--only', 'calls']
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status
}

/**
 * The base of the long form is made once, in a process of its own. The system takes half a minute to write half a gigabyte to the disk and to
 * return the memory, which would be like another program running beside the measurement.
 */
async function keepBase() {
  if (existsSync(join(KEPT_BASE, 'model.safetensors'))) return
  console.log(`\nthe base is made, in .cache, and the disk gets ${REST_MS / 1000} s to rest`)
  const program = `import { writeSmallBase } from ${JSON.stringify(new URL('lib/models.mjs', import.meta.url).href)}
    await writeSmallBase(process.argv[1])
    process.exit()`
  const made = spawnSync(process.execPath, ['--input-type=module', '-e', program, KEPT_BASE], { stdio: 'inherit' })
  if (made.status !== 0) throw new Error('the base could not be made')
  await setTimeout(REST_MS)
}

async function underLoad() {
  const folder = await mkdtemp(join(tmpdir(), 'loralib-loop-'))
  try {
    const base = short ? join(folder, 'base') : KEPT_BASE
    if (short) await writeSmallBase(base, { ...SMALL, n_layer: 3 })
    const alone = await measureAlone(base, settings)
    reportAlone(check, alone)
    const together = await measureTogether(base, folder, settings)
    reportTogether(check, alone, together, settings)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
