// Proves that candle, which is what computes on a GPU, works at real sizes: here on candle's CPU.
//
//   npm run proof:candle-sizes [-- --only gpt2-train,qwen3-beam] [--short]
//   node scripts/proofs/candle-sizes.mjs --case gpt2-train     one case, in this process
//
// GPT-2 small (vocabulary 50,257) and the shape of Qwen3-0.6B (151,936) with random weights: training steps, and 32 tokens sampled and by beam search. Each case
// runs in a process of its own with LORALIB_ISA=candle, and once with the CPU's kernels, which are no part of candle's path: they say how many bytes of weights,
// gradients, optimizer state and activations are live at most. Bounds: the process takes at most 1.2 times that, beyond what Node and the addon take; candle
// keeps no more live than the kernels do (1.02 times, and a megabyte); the losses are equal (1e-3), and the tokens are; a training step and a token wait for the
// device's checks at most three times. --short takes tiny shapes, which the bound of the process does not
// fit; it judges the rest. Exit code 1 when a bound does not hold.
import { spawn } from 'node:child_process'
import { readArgs, flag, readNames, text } from '../lib/args.mjs'
import { duration } from '../lib/run.mjs'
import { CASES } from './candle-sizes/cases.mjs'
import { checks, mb, row } from './lib/report.mjs'

const { values } = readArgs({ options: { case: text, only: text, short: flag } })
const SHARE = 1.2
const WIDTHS = [42, 12, 9, 9, 9, 9, 12, 8]
const HEAD = ['case', 'time', 'counted', 'kernels', 'peak MB', 'bound', 'read-backs', 'verdict']

if (values.case === undefined) await runAll(readNames(values.only, 'case', Object.keys(CASES)) ?? Object.keys(CASES))
else {
  const { measure } = await import('./candle-sizes/measure.mjs')
  const result = await measure(readNames(values.case, 'case', Object.keys(CASES))[0], values.short)
  if (process.send) process.send(result)
  else console.log(JSON.stringify(result, null, 1))
}

async function runAll(names) {
  console.log(row(HEAD, WIDTHS))
  const judged = []
  for (const name of names) {
    const kernels = await inProcess(name, {})
    const candle = await inProcess(name, { LORALIB_ISA: 'candle' })
    const list = judge(name, candle, kernels)
    judged.push([CASES[name].title, list])
    const fine = list.every(([, ok]) => ok === true)
    const cells = candle.failed
      ? [CASES[name].title, candle.failed]
      : [
          CASES[name].title,
          candle.times.map(duration).join(' '),
          ...[candle.counted, kernels.counted, candle.peak, SHARE * kernels.counted].map(mb),
          candle.readBacks.join(' '),
          fine ? 'holds' : 'FAILED',
        ]
    console.log(row(cells, WIDTHS))
  }
  const check = checks()
  for (const [title, list] of judged) {
    console.log(`\n${title}`)
    for (const each of list) check(...each)
  }
  check.end()
}

function judge(name, candle, kernels) {
  const failed = candle.failed ?? kernels.failed
  if (failed) return [[`the process ended with ${failed}`, false, 'a result']]
  const { tokens, readBacks } = CASES[name]
  const bound = SHARE * kernels.counted
  const list = [
    [`it ran on ${candle.isa}, the reference on ${kernels.isa}`, candle.isa === 'candle' && kernels.isa !== 'candle'],
    [
      `${mb(candle.counted)} MB live at most`,
      candle.counted <= 1.02 * kernels.counted + 1e6,
      `${mb(kernels.counted)} MB with the kernels`,
    ],
    [
      `waits for checks: ${candle.readBacks.join(', ')}`,
      candle.readBacks.every((n) => n <= readBacks),
      `at most ${readBacks} each time`,
    ],
    [
      tokens ? `tokens ${candle.result.slice(0, 8).join(' ')} …` : `losses ${candle.result.join(', ')}`,
      same(candle.result, kernels.result, tokens),
      `those of the kernels, ${kernels.result.slice(0, 8).join(' ')}`,
    ],
  ]
  if (!values.short) list.unshift([`${mb(candle.peak)} MB taken`, candle.peak <= bound, `at most ${mb(bound)} MB`])
  return list
}

function same(a, b, exactly) {
  if (a.length !== b.length || a.length === 0) return false
  return a.every((x, i) => (exactly ? x === b[i] : Math.abs(x - b[i]) <= 1e-3))
}

/** What a case measures in a process of its own, or how it ended. */
function inProcess(name, env) {
  const args = [process.argv[1], '--case', name, ...(values.short ? ['--short'] : [])]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, LORALIB_ISA: '', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve) => {
    let result
    child.on('message', (sent) => (result = sent))
    child.on('exit', (code, signal) => resolve(code === 0 && result ? result : { failed: `status ${signal ?? code}` }))
  })
}
