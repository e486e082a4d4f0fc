import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as lora from 'loralib'
import { removeFolder } from '../support/files.js'

const QUICKSTART = fileURLToPath(new URL('../../examples/01-quickstart.mjs', import.meta.url))
const DATA = fileURLToPath(new URL('../../examples/data/e2e/train.jsonl', import.meta.url))

/** Two factors for each of four linear layers and the embedding; the head shares the embedding's. */
const ADAPTER_TENSORS = 10

let folder = ''
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loralib-quickstart-'))
  await makeModel(join(folder, 'model'))
})
test.after.always(() => removeFolder(folder))

type Result = {
  steps: number
  heldOutLoss: { before: number; after: number; fall: number }
  slotShare: { before: number; after: number } | null
  largestLogitDifference: number
  samples: { prompt: string; before: string; after: string }[]
  curve: { train: { step: number; loss: number }[]; heldout: { step: number; loss: number }[] }
}

/** A GPT-2 of a few thousand parameters with a tokenizer learnt from the rows. */
async function makeModel(dir: string): Promise<void> {
  const rows = readFileSync(DATA, 'utf8').split('\n').slice(0, 300)
  const tokenizer = await lora.tokenizers.Tokenizer.train(rows, { vocabSize: 320 })
  const eos = tokenizer.tokenToId('<|endoftext|>')!
  lora.manualSeed(3)
  const model = lora.models.GPT2LMHeadModel.fromConfig({
    vocab_size: tokenizer.vocabSize,
    n_positions: 192,
    n_embd: 16,
    n_layer: 1,
    n_head: 2,
    eos_token_id: eos,
  })
  await model.savePretrained(dir)
  await tokenizer.saveFolder(dir)
}

function run(args: string[], onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void) {
  return new Promise<{ code: number | null; out: string; errors: string }>((resolve) => {
    const child = spawn(process.execPath, [QUICKSTART, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, errors] = ['', '']
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      for (const line of text.split('\n')) onLine?.(line, (signal) => child.kill(signal))
    })
    child.on('close', (code) => resolve({ code, out, errors }))
  })
}

const small = (out: string, ...more: string[]) => [
  ...['--model', join(folder, 'model'), '--out', join(folder, out), '--r', '4', '--batch', '4', ...more],
]

/** The first rows of the E2E data in a file of their own. */
function someRows(name: string, count: number): string {
  const path = join(folder, name)
  writeFileSync(path, readFileSync(DATA, 'utf8').split('\n').slice(0, count).join('\n'))
  return path
}

test('quickstart: own model and JSONL: adapter, curve, numbers, and text before and after', async (t) => {
  const data = someRows('rows.jsonl', 120)
  const { code, out, errors } = await run(small('own', '--data', data, '--steps', '12', '--lr', '0.02'))
  t.is(code, 0, errors)
  const result = JSON.parse(readFileSync(join(folder, 'own/result.json'), 'utf8')) as Result
  t.is(result.steps, 12)
  t.true(result.heldOutLoss.after < result.heldOutLoss.before)
  t.true(result.largestLogitDifference < 1e-3)
  t.true(result.slotShare !== null && result.samples.length > 0)
  t.is(result.curve.train.length, 12)
  t.true(result.curve.heldout.length > 2)
  for (const said of ['parameters are trainable', 'held-out loss', 'tokens/s', 'MB', 'before', 'after']) {
    t.true(out.includes(said), said)
  }
  const adapter = await lora.load(join(folder, 'own/adapter.safetensors'))
  const names = Object.keys(adapter)
  t.is(names.length, ADAPTER_TENSORS)
  t.true(names.every((name) => /\.lora_[AB]$/.test(name)))
  const curve = readFileSync(join(folder, 'own/loss.svg'), 'utf8')
  t.regex(curve, /^<svg [^]*<\/svg>\n$/)
  t.notRegex(curve, /NaN|undefined|Infinity/)
})

test('quickstart: plain text', async (t) => {
  const data = join(folder, 'plain.txt')
  writeFileSync(data, readFileSync(DATA, 'utf8').slice(0, 30_000))
  const { code, errors } = await run(small('text', '--data', data, '--steps', '4'))
  t.is(code, 0, errors)
  const result = JSON.parse(readFileSync(join(folder, 'text/result.json'), 'utf8')) as Result
  t.is(result.slotShare, null)
  t.true(result.heldOutLoss.after < result.heldOutLoss.before)
})

test('quickstart: --tiny needs nothing but the repository', async (t) => {
  const { code, errors } = await run(['--tiny', '--out', join(folder, 'tiny')])
  t.is(code, 0, errors)
  t.true(existsSync(join(folder, 'tiny/adapter.safetensors')))
})

test('quickstart: Ctrl-C keeps the adapter and ends with 130', async (t) => {
  const data = someRows('long.jsonl', 200)
  let told = false
  const { code, out, errors } = await run(small('stopped', '--data', data, '--steps', '100000'), (line, kill) => {
    if (told || !line.includes('tokens/s')) return
    told = true
    kill('SIGINT')
  })
  t.is(code, 130, errors)
  t.regex(out, /stopped/)
  t.is(Object.keys(await lora.load(join(folder, 'stopped/adapter.safetensors'))).length, ADAPTER_TENSORS)
})

test('quickstart: bad input is named with file, line and fix', async (t) => {
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const good = '{"prompt": "a", "completion": "b"}'
  const cases: [args: string[], ...says: RegExp[]][] = [
    [['--data', join(folder, 'none.jsonl')], /none\.jsonl cannot be read/, /no such file/, /fix/],
    [['--data', write('a.jsonl', `${good}\n{"prompt": "x"}\n`)], /a\.jsonl, line 2: no "completion"/, /fix/],
    [['--data', write('b.jsonl', `${good}\n\nnot json\n`)], /b\.jsonl, line 3: no JSON/, /fix/],
    [['--data', write('c.jsonl', '{"prompt": "x", "completion": 5}')], /line 1: "completion" is no text/],
    [['--data', write('d.jsonl', '\n\n')], /d\.jsonl has no rows/],
    [['--data', write('e.jsonl', `${good}\n${good}\n`)], /nothing to hold out/, /--heldout/],
    [['--data', write('f.txt', 'short')], /f\.txt is too short/],
    [['--model', join(folder, 'nowhere')], /ERR_LORA_FILE/, /nowhere/, /fix/],
    [['--steps', 'many'], /--steps is not usable/],
    [['--stepz', '5'], /--stepz/, /--steps N/],
  ]
  for (const [args, ...says] of cases) {
    const { code, errors } = await run([...small('bad'), ...args])
    t.is(code, 1, args.join(' '))
    for (const pattern of says) t.regex(errors, pattern)
    t.notRegex(errors, /\n {4}at /, 'no stack')
  }
})
