// The NLG example of the paper: the one command from data to scores, and its scripts by hand.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as lora from 'loralib'
import { FakeHub } from '../support/hub-server.js'
import { removeFolder } from '../support/files.js'

const NLG = fileURLToPath(new URL('../../examples/nlg', import.meta.url))
const DATA = fileURLToPath(new URL('../../examples/data/e2e/train.jsonl', import.meta.url))
const MOST_LINES = 120

const home = mkdtempSync(join(tmpdir(), 'loralib-nlg-example-'))
const at = (...names: string[]) => join(home, ...names)
test.after.always(() => removeFolder(home))

/** A GPT-2 of a few thousand parameters, with a tokenizer learnt from the rows, and a small copy of the data. */
test.before(async () => {
  const rows = readFileSync(DATA, 'utf8').split('\n').slice(0, 400)
  const tokenizer = await lora.tokenizers.Tokenizer.train(rows, { vocabSize: 400 })
  const eos = tokenizer.tokenToId('<|endoftext|>')!
  lora.manualSeed(3)
  const shape = { vocab_size: tokenizer.vocabSize, n_positions: 192, n_embd: 32, n_layer: 1, n_head: 2 }
  await lora.models.GPT2LMHeadModel.fromConfig({ ...shape, bos_token_id: eos, eos_token_id: eos }).savePretrained(
    at('model'),
  )
  await tokenizer.saveFolder(at('model'))
  // The layout of the original: a meaning and a text in each line.
  const lines = rows.map((row) => JSON.parse(row) as { prompt: string; completion: string })
  const text = (from: number, to: number) =>
    lines.slice(from, to).map((row) => `${row.prompt}||${row.completion}\n`).join('') // prettier-ignore
  writeFileSync(at('train.txt'), text(0, 80))
  writeFileSync(at('valid.txt'), text(300, 310))
  writeFileSync(at('test.txt'), text(320, 340))
})

function run(
  script: string,
  args: string[],
  onLine?: (line: string, kill: () => void) => void,
  env: Record<string, string> = {},
) {
  return new Promise<{ code: number | null; out: string; errors: string }>((resolve) => {
    const child = spawn(process.execPath, [join(NLG, script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let [out, errors] = ['', '']
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      for (const line of text.split('\n')) onLine?.(line, () => child.kill('SIGINT'))
    })
    child.on('close', (code) => resolve({ code, out, errors }))
  })
}

test(`NLG example: no script is longer than ${MOST_LINES} lines`, (t) => {
  const scripts = readdirSync(NLG).filter((name) => name.endsWith('.mjs'))
  t.true(scripts.includes('run.mjs'))
  for (const name of scripts) t.true(readFileSync(join(NLG, name), 'utf8').split('\n').length - 1 <= MOST_LINES, name)
})

test.serial('NLG example: from the E2E files to scores, with a table at the end', async (t) => {
  const { out, errors } = await run('run.mjs', [
    '--model',
    at('model'),
    '--data',
    home,
    '--recipe',
    'tiny',
    '--out',
    at('out'),
  ])
  // A model that has hardly learnt need not pass the comparison at the end; all before it must be there.
  t.regex(out, /^LoRA +[\d,]+ +\d+ MiB +\d+ +[\d,]+ +\d\.\d{3} +\d\.\d{3}/m, out + errors)
  t.regex(out, /^full fine-tuning +[\d,]+ +\d+ MiB/m)
  t.regex(out, /^base, untouched +— /m)
  t.regex(out, /within 10 % of full fine-tuning's, or below: (yes|no)$/m)
  t.notRegex(out, /NaN|undefined|Infinity/)
  const files = readdirSync(at('out'))
  for (const name of [
    'train_formatted.jsonl',
    'test.jsonl',
    'lora_predict.jsonl',
    'lora.txt',
    'base.txt',
    'references.txt',
  ])
    t.true(files.includes(name), name)
  const contexts = new Set(
    (await lora.data.readFormatted(at('out', 'test_formatted.jsonl'))).map(({ context }) => context),
  )
  t.is(readFileSync(at('out', 'lora.txt'), 'utf8').trimEnd().split('\n').length, contexts.size)
})

test.serial('NLG example: --max-steps ends early and says how fast it was', async (t) => {
  const args = ['--model', at('model'), '--data', home, '--recipe', 'paper', '--max-steps', '3', '--out', at('paper')]
  const { code, out, errors } = await run('run.mjs', args)
  t.is(code, 0, errors)
  t.regex(out, /tokens\/s +ms an update +peak memory/)
  t.regex(out, /^LoRA +[\d,]+ +3 +\d+ +\d+ +\d+ MiB +\d+\.\d+$/m)
})

test.serial('NLG example: Ctrl-C in a training keeps a checkpoint, and --resume goes on from there', async (t) => {
  const rows = at('rows.jsonl')
  await run('encode.mjs', ['--vocab', at('model'), '--input', DATA, '--output', rows, '--add_bos', '--add_eos'])
  const args = [
    '--model',
    at('model'),
    '--train_data',
    rows,
    '--work_dir',
    at('run'),
    '--lora_dim',
    '2',
    '--log_interval',
    '1',
  ]
  let told = false
  const stopped = await run('finetune.mjs', [...args, '--max_step', '100000'], (line, kill) => {
    if (told || !/step 3 of/.test(line)) return
    told = true
    kill()
  })
  t.is(stopped.code, 130, stopped.errors)
  t.regex(stopped.out, /stopped after \d+ of 100000 updates/)
  const [checkpoint] = readdirSync(at('run')).filter((name) => name.startsWith('checkpoint-'))
  const step = Number(checkpoint!.split('-')[1])
  t.true(existsSync(at('run', checkpoint!, 'trained.safetensors')))
  const resumed = await run('finetune.mjs', [...args, '--max_step', String(step + 2), '--resume'])
  t.is(resumed.code, 0, resumed.errors)
  t.notRegex(resumed.out, new RegExp(`step ${step} of`))
  t.regex(resumed.out, new RegExp(`step ${step + 2} of ${step + 2}`))
})

test.serial('NLG example: a hub id instead of a folder', async (t) => {
  const files = Object.fromEntries(readdirSync(at('model')).map((name) => [name, readFileSync(at('model', name))]))
  const hub = await FakeHub.start(t, files)
  const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: at('hf') }
  const flags = ['--model', 'owner/name', '--data', home, '--recipe', 'tiny', '--max-steps', '1', '--out', at('hub')]
  const { code, out, errors } = await run('run.mjs', flags, undefined, env)
  t.is(code, 0, errors)
  t.regex(out, /download owner\/name: 100 % of .* MB {2}model\.safetensors\n/)
  t.regex(out, /owner\/name: [\d,]+ parameters/)
  // All that comes later is read from the cache.
  t.is(new Set(hub.transfers.map(({ path }) => path)).size, hub.transfers.length)
})

test.serial(
  'NLG example: a model without a tokenizer is measured with another one, and trained with none',
  async (t) => {
    cpSync(at('model'), at('bare'), {
      recursive: true,
      filter: (path) => !/(tokenizer\.json|vocab\.json|merges\.txt)$/.test(path),
    })
    const flags = ['--model', at('bare'), '--data', home, '--recipe', 'tiny', '--out', at('bare-out')]
    const refused = await run('run.mjs', flags)
    t.is(refused.code, 1)
    t.regex(refused.errors, /bare holds no tokenizer\n.*--vocab/)
    // Its ids go to 4,096, and this model knows 400.
    const { errors, out } = await run('run.mjs', [...flags, '--max-steps', '1'])
    t.regex(out, /bare holds no tokenizer: the rows are encoded with that of .*models[\\/]base/)
    t.regex(errors, /train\.jsonl[^]*vocabulary/)
  },
)

test.serial('NLG example: wrong use is said in plain words', async (t) => {
  const cases: [script: string, args: string[], ...says: RegExp[]][] = [
    ['format.mjs', ['--input', at('none.txt'), '--output', at('x')], /none\.txt cannot be read/],
    ['format.mjs', ['--input', at('train.txt')], /--output is missing/],
    ['encode.mjs', ['--vocabulary', 'x'], /--vocabulary/, /--vocab/],
    [
      'finetune.mjs',
      ['--model', at('model'), '--train_data', 'x', '--work_dir', 'y', '--lr', 'much'],
      /--lr is not usable/,
    ],
    ['run.mjs', ['--data', join(home, 'model')], /holds no E2E data/, /train\.txt/],
    ['run.mjs', ['--recipe', 'large'], /no recipe large/],
  ]
  for (const [script, args, ...says] of cases) {
    const { code, errors } = await run(script, args)
    t.is(code, 1, script)
    for (const pattern of says) t.regex(errors, pattern)
    t.notRegex(errors, /\n {4}at /, 'no stack')
  }
})
