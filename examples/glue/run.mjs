// Fine-tunes an encoder on a task of GLUE, or on your own texts, as the paper's example does: train, evaluate, predict.
//   node examples/glue/run.mjs --task mrpc --data GLUE --model roberta-base          (--help lists everything)
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'
import { readGlueOptions } from '../lib/glue-options.mjs'
import { prepare, scoresOf } from '../lib/glue-methods.mjs'
import { hubOptions } from '../lib/download.mjs'
import { LineProgress } from '../lib/line-progress.mjs'
import { runExample } from '../lib/run-example.mjs'
import { count, fileSize } from '../lib/table.mjs'

const { adapters, data, models, train } = lora

async function main(signal) {
  const options = readGlueOptions()
  if (!options) return
  const { given, name, out, settings, caps, maxLength, methods } = options
  if (options.startFrom && !given['lora-path'])
    console.log(
      `The recipe begins with the LoRA of ${options.startFrom}: pass it as --lora-path. This run begins anew.`,
    )

  const { train: trainFile, validation, test } = given
  const own = { train: trainFile, ...(validation && { validation }), ...(test && { test }) }
  const task = given.task
    ? await data.readGlue(given.task, given.data, { ...caps, signal })
    : await data.readTextTask({ ...own, ...caps, signal })
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(given.model, hubOptions(signal))
  const encode = (examples) => data.encodeTexts(tokenizer, examples, { maxLength, signal })
  const encodeAll = async (sets) =>
    Object.fromEntries(
      await Promise.all(Object.entries(sets).map(async ([set, examples]) => [set, await encode(examples)])),
    )
  const [rows, heldout] = [await encode(task.train), await encodeAll(task.validation)]

  lora.manualSeed(settings.seed ?? 42)
  const head = {
    num_labels: task.labels?.length ?? 1,
    ...(task.labels && { id2label: Object.fromEntries(task.labels.map((label, i) => [i, label])) }),
  }
  const dropout =
    options.clsDropout === null ? {} : { cls_dropout: options.clsDropout, classifier_dropout: options.clsDropout }
  const model = await models.AutoModelForSequenceClassification.fromPretrained(given.model, {
    config: { ...head, ...dropout },
    mapped: !methods.includes('full'),
    ...hubOptions(signal),
  })
  await prepare(model, options)
  const trained = train.trainedParameters(model)
  const numbers = Object.values(trained).reduce((sum, tensor) => sum + tensor.numel, 0)
  console.log(
    `${name}: ${count(rows.length)} texts to train on, ${methods.join(' + ')}, ${count(numbers)} parameters trained`,
  )

  if (given.fresh) rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const file = join(out, methods.includes('full') ? 'model.safetensors' : 'adapter.safetensors')
  const score = scoresOf(name, task.labels)
  const show = async ({ name: set, ...measured }) => {
    const scores = Object.entries(measured.scores).map(([key, value]) => `${key} ${value.toFixed(4)}`)
    progress.say(`${set}: loss ${measured.loss.toFixed(4)}, ${scores.join(', ')}`)
    await train.writeEvalResults(out, { name: set, ...measured })
  }
  const progress = new LineProgress()
  if (!given['no-train']) {
    const ids = (tokens) => tokens.map((token) => tokenizer.tokenToId(token)).filter((id) => id !== undefined)
    const tokens = settings.maskingProb ? { tokens: { unkTokenId: ids(['[UNK]', '<unk>'])[0], keepTokenIds: ids(['[CLS]', '[SEP]', '[PAD]', '<s>', '</s>', '<pad>']) } } : {} // prettier-ignore
    const { evalSteps } = options
    const places = {
      dir: out,
      resume: true,
      keep: 2,
      saveSteps: evalSteps,
      evalSteps,
      validation: heldout,
      metrics: score,
    }
    const onStep = (report) => progress.step(report)
    const result = await train.trainClassifier(model, rows, {
      ...settings,
      ...places,
      ...tokens,
      signal,
      onStep,
      onEvaluation: show,
    })
    if (result.aborted)
      return void console.log(`Stopped after update ${result.step}; the same command goes on from ${result.checkpoint}`)
    await lora.save(train.trainedParameters(model), file)
    console.log(
      `${result.steps} updates, ${(result.timeMs / result.step).toFixed(0)} ms each; ${file}: ${fileSize(file)}`,
    )
  } else {
    if (existsSync(file)) await adapters.startFrom(model, file)
    for (const [set, texts] of Object.entries(heldout)) {
      const { predictions: _, ...measured } = await train.evaluateClassifier(model, texts, score, { signal })
      await show({ name: set, step: 0, epoch: 0, ...measured })
    }
  }
  if (given['no-predict']) return
  for (const [set, examples] of Object.entries(task.test)) {
    const predictions = await train.predictClassifier(model, await encode(examples), { signal })
    console.log(await train.writeTestResults(out, set, predictions, task.labels))
  }
}

await runExample(main)
