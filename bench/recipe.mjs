// The first updates of the paper's NLG recipe at real size, ours and PyTorch's on the same data: the losses must agree to 1e-4. Ours computes the tokens
// of the rows and their targets, PyTorch the padded batch, as the example does. Dropout is 0 and there is no warm-up, so that both compute the same.
//
//   node bench/recipe.mjs [--model DIR] [--vocab DIR] [--steps 20] [--seq-len 512] [--batch 8] [--threads 2]
//
// --model is a GPT-2 in the Hugging Face layout, by default one of GPT-2 small's shape with made-up weights; --vocab the folder of a tokenizer with
// its ids, by default that of models/base. Linux; PyTorch is installed in .cache/venv-bench. Exit code 1 when a loss differs.
import { mkdir } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fail, inRoot, isMain, must } from '../scripts/lib/run.mjs'
import { pythonWith } from '../scripts/lib/venv.mjs'
import { base } from './lib/bases.mjs'
import { installs } from './lib/versions.mjs'

const ALLOWED = 1e-4
const number = (value) => ({ type: 'string', default: String(value) })

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    vocab: { type: 'string', default: inRoot('models', 'base') },
    ...{ steps: number(20), 'seq-len': number(512), batch: number(8), threads: number(2) },
  },
})

if (isMain(import.meta.url)) await main()

async function main() {
  const {
    steps,
    'seq-len': seqLen,
    batch,
    threads,
  } = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value)]))
  process.env.LORALIB_THREADS = String(threads)
  if (values.model === undefined) await must(process.execPath, [inRoot('bench', 'prepare.mjs'), 'a128'])
  const folder = values.model ?? base('gpt2').folder
  const python = await pythonWith('venv-bench', [installs], 'PyTorch computes the losses to compare with')
  await mkdir(inRoot('.cache', 'bench'), { recursive: true })
  const work = inRoot('.cache', 'bench', 'recipe.safetensors')
  const lora = await import('loralib')
  const { lr, weightDecay, correctBias, betas, eps, labelSmoothing, seed } = lora.train.NLG_RECIPES.e2e.train
  const hyper = { lr, weightDecay, correctBias, betas, eps, labelSmoothing }
  const ours = await train(lora, folder, work, { ...hyper, steps, seqLen, batch, seed })
  const args = ['-W', 'ignore', inRoot('bench', 'recipe.py'), folder, work, JSON.stringify({ ...hyper, threads })]
  const { out } = await must(python, args, { show: false })
  compare(ours, JSON.parse(out))
}

/** Trains our side and writes its batches and initial factors to the work file. */
async function train(lora, folder, work, { steps, seqLen, batch, seed, ...hyper }) {
  const { data } = lora
  const tokenizer = await lora.tokenizers.Tokenizer.fromFolderAsync(values.vocab)
  const rows = await data.readFormatted(inRoot('examples', 'data', 'e2e', 'train.jsonl'))
  const examples = await data.encodeNlg(rows.slice(0, steps * batch), tokenizer)
  const dataset = new data.NlgDataset(examples, { seqLen })
  const order = { batchSize: batch, shuffle: true, seed, dropLast: true }
  const padded = [...new lora.DataLoader(dataset, { ...order, collate: (samples) => data.padNlg(samples, seqLen) })]
  if (padded.length < steps) fail(`${rows.length} rows are too few for ${steps} updates of ${batch} rows`)
  lora.manualSeed(seed)
  const dropouts = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }
  const model = await lora.models.GPT2LMHeadModel.fromPretrained(folder, { config: dropouts })
  lora.train.adaptForNlg(model, { loraDropout: 0 })
  const stacked = Object.fromEntries(
    ['input', 'target', 'mask'].map((key) => [key, lora.stack(padded.slice(0, steps).map((one) => one[key]))]),
  )
  await lora.save({ ...stacked, ...lora.loraStateDict(model) }, work)
  const result = { losses: [], seconds: [], tokens: 0 }
  const onStep = ({ step, loss, timeMs, tokens }) => {
    result.losses.push(loss)
    result.seconds.push(timeMs / 1000)
    result.tokens += tokens
    console.error(`ours: update ${step} of ${steps}, ${(timeMs / 1000).toFixed(1)} s`)
  }
  await lora.train.trainNlg(model, dataset, {
    ...hyper,
    batchSize: batch,
    seed,
    maxSteps: steps,
    warmupSteps: 0,
    onStep,
  })
  return { ...result, peak_mb: process.resourceUsage().maxRSS / 1024 }
}

function compare(ours, torch) {
  const digits = (loss) => loss.toFixed(6)
  console.log('update       ours      torch  difference')
  let worst = 0
  ours.losses.forEach((loss, i) => {
    const difference = Math.abs(loss - torch.losses[i])
    worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference)
    console.log(
      `${String(i + 1).padStart(6)} ${digits(loss).padStart(10)} ${digits(torch.losses[i]).padStart(10)}  ${difference.toExponential(1)}`,
    )
  })
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length
  const [a, b] = [mean(ours.seconds), mean(torch.seconds)]
  console.log(`an update    ours ${a.toFixed(2)} s, torch ${b.toFixed(2)} s`)
  console.log(`peak memory  ours ${ours.peak_mb.toFixed(0)} MiB, torch ${torch.peak_mb.toFixed(0)} MiB`)
  console.log(
    `largest difference ${worst.toExponential(1)}, allowed ${ALLOWED}: ${worst <= ALLOWED ? 'ok' : 'TOO LARGE'}`,
  )
  process.exitCode = worst <= ALLOWED && ours.losses.length === torch.losses.length ? 0 : 1
}
