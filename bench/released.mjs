// The checkpoint that microsoft/LoRA released, examples/NLU's roberta_base_lora_mnli.bin, on a base of RoBERTa-base's shape with made-up weights: our
// logits must equal PyTorch's, unmerged and merged.
//
//   node bench/released.mjs [--checkpoint FILE] [--model DIR]
//
// FILE is by default the copy among the reference fixtures; --model is a RoBERTa with three classes in the Hugging Face layout, such as `roberta-base` from
// the hub. Linux; PyTorch is installed in .cache/venv-bench. Exit code 1 when a logit differs.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fail, inRoot, isMain, must } from '../scripts/lib/run.mjs'
import { fixtures } from '../scripts/lib/suites.mjs'
import { pythonWith } from '../scripts/lib/venv.mjs'
import { base } from './lib/bases.mjs'
import { tokenIds } from './lib/noise.mjs'
import { installs } from './lib/versions.mjs'

/** Tolerance for f32 sums over twelve layers; the logits are about 1. */
const ALLOWED = 1e-4
const LENGTHS = [48, 31, 12, 5]

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: inRoot(fixtures, 'formats', 'torch', 'roberta_base_lora_mnli.bin') },
    model: { type: 'string' },
  },
})

if (isMain(import.meta.url)) await main()

async function main() {
  if (!existsSync(values.checkpoint)) fail(`there is no ${values.checkpoint}: name the file with --checkpoint FILE`)
  if (values.model === undefined) await must(process.execPath, [inRoot('bench', 'prepare.mjs'), 'e'])
  const folder = values.model ?? base('roberta').folder
  const python = await pythonWith('venv-bench', [installs], 'PyTorch computes the logits to compare with')
  const [width] = LENGTHS
  const tokens = tokenIds('ids', [LENGTHS.length, width], 3, 50_000)
  const mask = LENGTHS.map((length) => Array.from({ length: width }, (_, i) => Number(i < length)))
  const ids = tokens.map((row, r) => row.map((id, i) => (mask[r][i] === 1 ? id : 1)))
  const ours = await logits(folder, ids, mask)
  const args = [
    '-W',
    'ignore',
    inRoot('bench', 'released.py'),
    folder,
    values.checkpoint,
    JSON.stringify({ ids, mask }),
  ]
  const { out } = await must(python, args, { show: false })
  compare(ours, JSON.parse(out))
}

async function logits(folder, ids, mask) {
  const lora = await import('loralib')
  const options = { config: { num_labels: 3 } }
  const model = await lora.models.RobertaForSequenceClassification.fromPretrained(folder, options)
  lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
  const { unexpectedKeys } = model.loadStateDict(await lora.load(values.checkpoint), { strict: false })
  if (unexpectedKeys.length > 0) fail(`the model has no parameters ${unexpectedKeys}`)
  const forward = async (training) => {
    model.train(training)
    const output = lora.noGrad(() => model.forward(ids, { attentionMask: mask }).logits)
    return Array.from(await output.data())
  }
  return { unmerged: await forward(true), merged: await forward(false) }
}

function compare(ours, torch) {
  let worst = 0
  for (const [form, got] of Object.entries(ours)) {
    const want = torch[form].flat()
    console.log(`${form.padEnd(9)} row        ours                               torch`)
    for (let row = 0; row < LENGTHS.length; row++) {
      const three = (list) => list.slice(3 * row, 3 * row + 3).map((value) => value.toFixed(6).padStart(10)).join(' ') // prettier-ignore
      console.log(`${' '.repeat(9)} ${row}   ${three(got)}   ${three(want)}`)
    }
    if (got.length !== want.length) fail(`${got.length} logits for ${want.length}`)
    got.forEach((value, i) => {
      const difference = Math.abs(value - want[i])
      worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference)
    })
  }
  console.log(
    `largest difference ${worst.toExponential(1)}, allowed ${ALLOWED}: ${worst <= ALLOWED ? 'ok' : 'TOO LARGE'}`,
  )
  process.exitCode = worst <= ALLOWED ? 0 : 1
}
