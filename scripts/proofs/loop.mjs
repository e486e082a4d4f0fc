// Proves that a Node server stays responsive while it trains: nothing of loralib's holds the event loop, and important work goes first.
//
//   node scripts/proofs/loop.mjs [--seconds 30] [--short] [--only calls|load] [--base FOLDER]
//
// `load`: for 30 s, in one process and at once,
//   - a model of GPT-2 small's shape (50257 tokens, 12 layers, 768) trains with LoRA on all cores, 4 x 128 tokens a step, in a stream of its own;
//   - a tiny model trains in another stream;
//   - a file of 100 MB is saved and loaded, again and again; an adapter is merged and taken out again;
//   - text is streamed from another model of GPT-2 small's shape (random weights: speed is what counts), in a stream of priority 10;
//   - a client in a child process sends 200 HTTP requests a second to a server in this process.
// Before that, each is measured alone. What must hold is printed with each line; an idle process beside it shows what the machine itself does.
// `calls`: how long single calls of the recorder hold the thread, on deep models and large data; each case several times, the shortest counts.
// `--short` (CI): 6 s with a shallower model, and limits that allow for a busy machine. Exit code 1 when something does not hold.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { SMALL, writeSmallBase } from './lib/models.mjs'
import { checks } from './lib/report.mjs'
import { wrapBinding } from './loop/calls.mjs'
import { measureCases } from './loop/cases.mjs'
import { measureAlone, measureTogether } from './loop/load.mjs'
import { reportAlone, reportCases, reportTogether } from './loop/report.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    // A folder with a base of GPT-2 small's shape, to spare the half minute of making one.
    base: { type: 'string' },
  },
})
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
const check = checks()
const { isa, threads } = lora.backend()
console.log(`${isa}, ${threads} compute threads, ${settings.seconds} s${short ? ', short' : ''}`)
if (values.only !== 'load') reportCases(check, await measureCases(short ? 2 : 5), settings)
if (values.only !== 'calls') await underLoad()
check.end()
process.exit()

async function underLoad() {
  const folder = await mkdtemp(join(tmpdir(), 'loralib-loop-'))
  try {
    const base = values.base ?? join(folder, 'base')
    if (values.base === undefined) await writeSmallBase(base, short ? { ...SMALL, n_layer: 3 } : SMALL)
    const alone = await measureAlone(base, settings)
    reportAlone(check, alone, settings)
    const together = await measureTogether(base, folder, settings)
    reportTogether(check, alone, together, settings)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
