// One run of methods.mjs: an encoder, one way to fine-tune it, one seed. Prints what it measured as JSON.
import { mkdirSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { runExample } from '../lib/run-example.mjs'

const { adapters, data, models, train } = lora

const bottlenecks = (type, size) => (model) => {
  adapters.injectAdapters(model, { type, size })
  adapters.trainOnly(model, ['adapters', 'head'])
}
/** The ways to fine-tune. The learning rates: of full fine-tuning the best of three, of LoRA the better of two; the others were not tuned. */
export const METHODS = {
  full: { title: 'full fine-tuning', lr: 2e-4, decides: true, prepare: (model) => adapters.trainOnly(model, ['all']) },
  lora: {
    title: 'LoRA r 8, head',
    lr: 4e-3,
    decides: true,
    prepare(model) {
      lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
      adapters.trainOnly(model, ['lora', 'head'])
    },
  },
  houlsby: { title: 'Houlsby adapters 16, head', lr: 2e-3, prepare: bottlenecks('houlsby', 16) },
  pfeiffer: { title: 'Pfeiffer adapters 32, head', lr: 2e-3, prepare: bottlenecks('pfeiffer', 32) },
  bitfit: { title: 'BitFit, head', lr: 3e-3, prepare: (model) => adapters.trainOnly(model, ['biases', 'head']) },
}

/** Mean of the shares of each class that are told right: guessing gives one half, whatever the classes' sizes. */
function balancedAccuracy(predictions, labels) {
  const shares = [...new Set(labels)].map((label) => {
    const rows = labels.flatMap((own, i) => (own === label ? [i] : []))
    return rows.filter((i) => predictions[i] === label).length / rows.length
  })
  return { balanced_accuracy: shares.reduce((sum, share) => sum + share, 0) / shares.length }
}

async function main(signal) {
  const names = ['method', 'seed', 'model', 'train', 'test', 'steps', 'lr']
  const { values: given } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) })
  const method = METHODS[given.method]
  const seed = Number(given.seed)
  lora.manualSeed(seed) // fresh weights of head and adapter

  const task = await data.readTextTask({ train: given.train, validation: given.test, texts: ['text'] })
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(given.model)
  const encode = (examples) => data.encodeTexts(tokenizer, examples, { maxLength: 64, signal })
  const [rows, heldout] = [await encode(task.train), await encode(task.validation.custom)]

  // A frozen base may stay in the pages of its file; weights that are trained may not.
  const options = { config: { num_labels: task.labels.length }, mapped: given.method !== 'full' }
  const model = await models.AutoModelForSequenceClassification.fromPretrained(given.model, options)
  method.prepare(model)
  const settings = { lr: Number(given.lr ?? method.lr), weightDecay: 0.01, warmupRatio: 0.06, batchSize: 16, seed }
  const { timeMs, step, aborted } = await train.trainClassifier(model, rows, {
    ...settings,
    maxSteps: Number(given.steps),
    evalSteps: 'end',
    signal,
  })
  if (aborted) throw signal.reason
  const { peakBytes, mappedBytes } = lora.memory()
  const { scores } = await train.evaluateClassifier(model, heldout, balancedAccuracy, { signal })

  const trained = train.trainedParameters(model)
  const file = `out/glue-methods/${given.method}.safetensors`
  mkdirSync('out/glue-methods', { recursive: true })
  await lora.save(trained, file, { sync: false })
  const numbers = Object.values(trained).reduce((sum, tensor) => sum + tensor.numel, 0)
  const fileBytes = statSync(file).size
  console.log(
    JSON.stringify({
      score: scores.balanced_accuracy,
      trained: numbers,
      stepMs: timeMs / step,
      peakBytes: peakBytes + mappedBytes,
      fileBytes,
    }),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runExample(main)
