// Command line of the quickstart.
import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Problem } from './problem.mjs'
import { makeTinyModel } from './tiny.mjs'

const EXAMPLES = dirname(dirname(fileURLToPath(import.meta.url)))
const ROOT = dirname(EXAMPLES)

const USAGE = `node examples/01-quickstart.mjs [options]

  --model DIR     a GPT-2 in the Hugging Face layout, with its tokenizer      models/base
  --data FILE     .jsonl with "prompt" and "completion" in each line,
                  or any other file: plain text                               examples/data/e2e/train.jsonl
  --heldout FILE  rows to measure on; without it every 15th prompt of --data  examples/data/e2e/heldout.jsonl
  --minutes M     how long to train; the learning rate follows the clock      2.5, without --steps
  --steps N       how many updates: the same on every machine
  --batch N       rows in an update                                           4
  --r N           rank of the adapter                                         48
  --lr X          learning rate                                               0.0006
  --seed N        order of the rows, first weights of the adapter             1
  --out DIR       where adapter, curve and report go                          out/quickstart
  --tiny          a model of a few thousand parameters and a few steps: only shows that it runs

Ctrl-C ends the training and keeps the adapter.`

const MINUTES = 2.5
const PRESETS = { batch: 4, r: 48, lr: 6e-4, seed: 1 }
const TINY = { steps: 6, batch: 4, r: 4, lr: 1e-2, seed: 1 }

/** Also makes the folder for what the run leaves. @returns the options, or undefined after --help */
export async function readOptions(args = process.argv.slice(2)) {
  const given = parse(args)
  if (given.help) return void console.log(USAGE)
  const presets = given.tiny ? TINY : PRESETS
  const out = resolve(given.out ?? join(ROOT, 'out', given.tiny ? 'quickstart-tiny' : 'quickstart'))
  const data = resolve(given.data ?? join(EXAMPLES, 'data/e2e/train.jsonl'))
  const own = given.data === undefined ? join(EXAMPLES, 'data/e2e/heldout.jsonl') : undefined
  const model = given.tiny && !given.model ? await makeTinyModel(join(out, 'model'), data) : given.model
  const options = {
    model: resolve(model ?? join(ROOT, 'models/base')),
    data,
    heldout: given.heldout ? resolve(given.heldout) : own,
    out,
    adapterFile: join(out, 'adapter.safetensors'),
    most: given.tiny ? { train: 64, measured: 8, samples: 2 } : { train: Infinity, measured: 156, samples: 100 },
    completeOnly: given.data === undefined,
    steps: stepsOf(given, presets),
    minutes: minutesOf(given, presets),
    batch: whole(given, 'batch', presets, 1),
    r: whole(given, 'r', presets, 1),
    seed: whole(given, 'seed', presets, 0),
    lr: positive(given, 'lr', presets),
  }
  mkdirSync(out, { recursive: true })
  return options
}

function parse(args) {
  const text = { type: 'string' }
  const flag = { type: 'boolean' }
  const names = ['model', 'data', 'heldout', 'out', 'minutes', 'steps', 'batch', 'r', 'lr', 'seed']
  const options = {
    ...Object.fromEntries(names.map((name) => [name, text])),
    tiny: flag,
    help: { ...flag, short: 'h' },
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new Problem(`${error.message.split('. ')[0]}\n\n${USAGE}`)
  }
}

function stepsOf(given, presets) {
  const limited = given.steps !== undefined || (presets.steps !== undefined && given.minutes === undefined)
  return limited ? whole(given, 'steps', presets, 1) : Infinity
}

function minutesOf(given, presets) {
  if (given.minutes !== undefined) return positive(given, 'minutes', presets)
  return given.steps === undefined && presets.steps === undefined ? MINUTES : Infinity
}

function whole(given, name, presets, least) {
  const value = given[name] === undefined ? presets[name] : Number(given[name])
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new Problem(`--${name} is not usable`, { expected: `a whole number, ${least} or more`, received: given[name] })
}

function positive(given, name, presets) {
  const value = given[name] === undefined ? presets[name] : Number(given[name])
  if (Number.isFinite(value) && value > 0) return value
  throw new Problem(`--${name} is not usable`, { expected: 'a number above 0, such as 0.002', received: given[name] })
}
