// What the quickstart says, and the files that it leaves besides the adapter.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'
import { lossCurve } from './loss-curve.mjs'
import { shortPath } from './problem.mjs'
import { labelled, oneLine } from './screen.mjs'
import { shareBySlot, slotShare } from './slots.mjs'

const SHOWN = 3

const count = (n) => n.toLocaleString('en')
const percent = (share) => `${(100 * share).toFixed(1)} %`
const megabytes = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`)
const say = (label, text) => console.log(labelled(label, text))

/** What was loaded and how large it is. */
export function sayBase(options, model, data) {
  const { device, isa, threads, version } = lora.backend()
  const { n_layer: layers, n_embd: width } = model.config
  const parameters = model.parameters()
  const types = [...new Set(parameters.filter((p) => p.ndim > 1).map((p) => p.dtype))].join(', ')
  console.log(`loralib ${version} on ${device}: ${threads} threads, ${isa} kernels\n`)
  say('base', `${shortPath(options.model)}: GPT-2, ${layers} layers x ${width}`)
  say('', `${count(sizeOf(parameters))} parameters, ${types}, ${megabytes(weightBytes(options.model))}`)
  say('data', shortPath(options.data))
  say('', data.about)
  if (data.cut > 0) say('', `${count(data.cut)} rows were too long and lost the start of their prompt`)
}

/** Trainable parameters against all. */
export function sayAdapter(model, layers, { r, loraAlpha, targets }) {
  const parameters = model.parameters()
  const [trainable, all] = [sizeOf(parameters.filter((p) => p.requiresGrad)), sizeOf(parameters)]
  say('adapter', `r ${r}, alpha ${loraAlpha} on ${layers.length} layers (${targets.join(', ')})`)
  say('', `${count(trainable)} of ${count(all)} parameters are trainable: ${percent(trainable / all)}`)
}

export function sayBefore(before, data) {
  sayResults('before', before, data)
}

/** Where the adapter lies and how small it is. */
export function saySaved(options, interrupted) {
  const [adapter, base] = [statSync(options.adapterFile).size, weightBytes(options.model)]
  console.log()
  say('saved', `${shortPath(options.adapterFile)}: ${megabytes(adapter)} (base: ${megabytes(base)})`)
  if (interrupted) say('stopped', 'by Ctrl-C; the adapter is that of the last step')
}

/**
 * Writes curve and numbers, and shows what changed.
 * @param {{ before: object, after: object, difference: number, progress: import('./progress.mjs').Progress }} result
 */
export function sayResult(options, data, { before, after, difference, progress }) {
  const { train, heldout } = progress
  say('merged', `into a fresh model: the logits differ by at most ${difference.toExponential(1)}`)
  sayResults('after', after, data)
  saySamples(data.samples, before.texts, after.texts)
  const title = `LoRA r ${options.r}: held-out loss ${before.loss.toFixed(2)} → ${after.loss.toFixed(2)}`
  const curve = join(options.out, 'loss.svg')
  writeFileSync(curve, lossCurve({ title, train, heldout }))
  const numbers = {
    steps: train.length,
    heldOutLoss: { before: before.loss, after: after.loss, fall: 1 - after.loss / before.loss },
    slotShare: before.states && { before: before.states.share, after: after.states.share },
    slots: after.states?.slots,
    largestLogitDifference: difference,
    adapterBytes: statSync(options.adapterFile).size,
    baseBytes: weightBytes(options.model),
    trainingSeconds: progress.seconds,
    tokensPerSecond: progress.tokensPerSecond,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    samples: data.samples.map(({ prompt }, i) => ({ prompt, before: before.texts[i], after: after.texts[i] })),
    curve: { train, heldout },
  }
  const file = join(options.out, 'result.json')
  writeFileSync(file, `${JSON.stringify(numbers, null, 2)}\n`)
  say('curve', shortPath(curve))
  say('numbers', `${shortPath(file)}, with all ${count(data.samples.length)} texts`)
  say('time', `${Math.round(performance.now() / 1000)} s, ${megabytes(numbers.peakMemoryBytes)} of memory at most`)
  console.log()
  say('next', 'node examples/01-quickstart.mjs --minutes 10')
  say('', 'node examples/01-quickstart.mjs --data rows.jsonl --model FOLDER')
  say('', 'docs/quickstart.md: larger models, the adapter in a program')
}

/** The measures of one moment. */
function sayResults(label, { loss, states }, data) {
  say(label, `held-out loss ${loss.toFixed(3)} nats per token, on ${count(data.measured.length)} rows`)
  if (states) say('', `the texts state ${percent(states.share)} of the facts in ${count(data.samples.length)} prompts`)
  console.log()
}

/** Some of the prompts with what was written before and after. They are spread over the list: neighbours are often about the same restaurant. */
function saySamples(samples, before, after) {
  const shown = Math.min(SHOWN, samples.length)
  for (let n = 0; n < shown; n++) {
    const i = Math.floor(((n + 0.5) * samples.length) / shown)
    const { prompt } = samples[i]
    say('prompt', prompt.replace(/\s+/g, ' '))
    console.log(oneLine('before', before[i]))
    say('after', after[i])
    if (shareBySlot([prompt], [after[i]])) say('', stated(slotShare(prompt, after[i])))
    console.log()
  }
}

function stated({ contained, total, missing }) {
  const not = missing.length > 0 ? `; not: ${missing.map(({ slot }) => slot).join(', ')}` : ''
  return `→ states ${contained} of ${total} facts${not}`
}

function sizeOf(tensors) {
  return tensors.reduce((n, t) => n + t.numel, 0)
}

function weightBytes(folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : []
  return files.reduce((n, name) => n + statSync(join(folder, name)).size, 0)
}
