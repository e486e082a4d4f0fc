// The GLUE example as a user runs it, on a tiny encoder and a few rows of each set.
import { spawn } from 'node:child_process'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { folderWith, wordTokenizer } from '../support/files.js'
import { TINY } from '../support/tiny-encoder.js'

const GLUE = fileURLToPath(new URL('../../examples/glue', import.meta.url))
const MOST_LINES = 120

function run(args: string[], cwd: string): Promise<{ code: number | null; out: string; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(GLUE, 'run.mjs'), ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('close', (code) => resolve({ code, out, errors }))
  })
}

/** A folder with a tiny BERT, `model`, and MNLI as downloaded, `MNLI`. */
async function world(t: ExecutionContext): Promise<string> {
  const dir = await folderWith(t)
  const words = [...'abcdefghijklmno']
  await writeModel(join(dir, 'model'), words)
  const head = ['index', 'sentence1', 'sentence2', 'gold_label'].join('\t')
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const label = ['entailment', 'neutral', 'contradiction'][i % 3]
      return `${i}\t${words[i % 5]} b c\t${words[5 + (i % 3)]} d\t${label}`
    }).join('\n')
  await mkdir(join(dir, 'MNLI'))
  const sizes = { train: 24, dev_matched: 6, dev_mismatched: 6, test_matched: 3 }
  for (const [name, count] of Object.entries(sizes))
    await writeFile(join(dir, 'MNLI', `${name}.tsv`), `${head}\n${rows(count)}\n`)
  return dir
}

async function writeModel(dir: string, words: string[]): Promise<void> {
  const config = { ...TINY, type_vocab_size: 2, pad_token_id: 0, max_position_embeddings: 32 }
  const model = lora.models.BertModel.fromConfig(config, { generator: new lora.Generator(3) })
  await model.savePretrained(dir)
  await writeFile(join(dir, 'tokenizer.json'), wordTokenizer(words))
}

test('examples/glue: each file is thin', async (t) => {
  for (const name of (await readdir(GLUE)).filter((file) => file.endsWith('.mjs'))) {
    const lines = (await readFile(join(GLUE, name), 'utf8')).split('\n').length - 1
    t.true(lines <= MOST_LINES, `${name}: ${lines} lines`)
  }
})

test('examples/glue/run.mjs: MNLI trains, evaluates both sets, predicts, and goes on from where it stood', async (t) => {
  const dir = await world(t)
  const args = [
    '--task',
    'mnli',
    '--data',
    '.',
    '--model',
    'model',
    '--out',
    'out',
    '--batch',
    '8',
    '--lr',
    '0.01',
    '--r',
    '2',
  ]
  const first = await run([...args, '--epochs', '2'], dir)
  t.is(first.code, 0, first.out + first.errors)
  t.regex(first.out, /^mnli: 24 texts to train on, lora, [\d,]+ parameters trained$/m)
  t.regex(first.out, /^mnli-mm: loss \d\.\d+, accuracy \d\.\d+$/m)
  const files = await readdir(join(dir, 'out'))
  for (const name of ['adapter.safetensors', 'checkpoint-6', 'eval_results_mnli.json', 'eval_results_mnli-mm.json', 'test_results_mnli.txt']) t.true(files.includes(name), name) // prettier-ignore
  const results = JSON.parse(await readFile(join(dir, 'out/eval_results_mnli-mm.json'), 'utf8')) as Record<
    string,
    number
  >
  t.is(results['eval_samples'], 6)
  t.is(results['epoch'], 2)
  const predictions = (await readFile(join(dir, 'out/test_results_mnli.txt'), 'utf8')).trim().split('\n')
  t.deepEqual([predictions.length, predictions[0]], [4, 'index\tprediction'])
  t.regex(predictions[3]!, /^2\t(entailment|neutral|contradiction)$/)
  const again = await run([...args, '--epochs', '3', '--no-predict'], dir)
  t.is(again.code, 0, again.out + again.errors)
  t.true((await readdir(join(dir, 'out'))).includes('checkpoint-9'))
  const only = await run([...args, '--no-train', '--no-predict'], dir)
  t.is(only.code, 0, only.out + only.errors)
  t.regex(only.out, /^mnli: loss/m)
})

test('examples/glue/run.mjs: own texts, methods together, and what is wrong in plain words', async (t) => {
  const dir = await world(t)
  await writeFile(
    join(dir, 'own.csv'),
    `text,label\n${Array.from({ length: 12 }, (_, i) => `a ${i % 2 ? 'b' : 'c'},${i % 2 ? 1.5 : 0.5}`).join('\n')}\n`,
  )
  const args = ['--train', 'own.csv', '--validation', 'own.csv', '--model', 'model', '--out', 'own', '--max-steps', '3']
  const { code, out, errors } = await run([...args, '--method', 'pfeiffer,bitfit', '--adapter-size', '2'], dir)
  t.is(code, 0, out + errors)
  t.regex(out, /^custom: loss \d\.\d+, mse \d\.\d+$/m)
  await writeFile(join(dir, 'bad.csv'), 'text,label\na,yes\nb,\n')
  const bad = await run(['--train', 'bad.csv', '--model', 'model'], dir)
  t.is(bad.code, 1)
  t.regex(bad.errors, /ERR_LORA_FORMAT[^]*bad\.csv, row 2 \(line 3\), column 'label': there is no label/)
  t.regex((await run(['--task', 'mnli', '--model', 'model'], dir)).errors, /--task with --data, or --train is missing/)
})
