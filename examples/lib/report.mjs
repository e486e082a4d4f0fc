// What the quickstart says, and the files that it leaves besides the adapter.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'
import { sideBySide } from './columns.mjs'
import { lossCurve } from './loss-curve.mjs'
import { shortPath } from './problem.mjs'
import { parseSlots, slotShare } from './slots.mjs'

const SHOWN = 4

const count = (n) => n.toLocaleString('en')
const percent = (share) => `${(100 * share).toFixed(1)} %`
const megabytes = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`)

/** What was loaded and how large it is. */
export function sayBase(options, model, data) {
  const { device, isa, threads, version } = lora.backend()
  const { n_layer: layers, n_embd: width, n_head: heads, n_positions: context, vocab_size: vocabulary } = model.config
  const parameters = model.parameters()
  const types = [...new Set(parameters.filter((p) => p.ndim > 1).map((p) => p.dtype))].join(', ')
  console.log(`loralib ${version} on ${device}: ${threads} threads, ${isa} kernels\n`)
  console.log(
    `base      ${shortPath(options.model)}: GPT-2, ${layers} layers x ${width}, ${heads} heads, ${context} positions, ${count(vocabulary)} tokens`,
  )
  console.log(`          ${count(sizeOf(parameters))} parameters, ${types}, ${megabytes(weightBytes(options.model))}`)
  console.log(`data      ${shortPath(options.data)}: ${data.about}`)
  if (data.cut > 0) console.log(`          ${count(data.cut)} rows were too long and lost the start of their prompt`)
}

/** Trainable parameters against all. */
export function sayAdapter(model, layers, { r, loraAlpha, targets }) {
  const parameters = model.parameters()
  const trainable = sizeOf(parameters.filter((p) => p.requiresGrad))
  console.log(`adapter   r ${r}, alpha ${loraAlpha} on ${layers.length} layers (${targets.join(', ')})`)
  console.log(
    `          ${count(trainable)} of ${count(sizeOf(parameters))} parameters are trainable: ${percent(trainable / sizeOf(parameters))}`,
  )
}

export function sayBefore({ loss }, data) {
  console.log(`before    held-out loss ${loss.toFixed(3)} nats per token, on ${count(data.measured.length)} rows\n`)
}

/** Where the adapter lies and how small it is. */
export function saySaved(options, interrupted) {
  const [adapter, base] = [statSync(options.adapterFile).size, weightBytes(options.model)]
  console.log(
    `\nsaved     ${shortPath(options.adapterFile)}: ${megabytes(adapter)}, beside ${megabytes(base)} of the base`,
  )
  if (interrupted) console.log('stopped   by Ctrl-C; the adapter is that of the last step')
}

/**
 * Writes curve and numbers, and shows what changed.
 * @param {{ before: object, after: object, difference: number, progress: import('./progress.mjs').Progress }} result
 */
export function sayResult(options, data, { before, after, difference, progress }) {
  const fall = 1 - after.loss / before.loss
  const { train, heldout } = progress
  console.log(`merged    into a fresh model: the logits differ by at most ${difference.toExponential(1)}`)
  console.log(
    `after     held-out loss ${after.loss.toFixed(3)} nats per token: ${fall < 0 ? 'up' : 'down'} ${percent(Math.abs(fall))} from ${before.loss.toFixed(3)}\n`,
  )
  const shares = saySamples(data.samples, before.texts, after.texts)
  const title = `LoRA r ${options.r}: held-out loss ${before.loss.toFixed(2)} → ${after.loss.toFixed(2)}`
  const curve = join(options.out, 'loss.svg')
  writeFileSync(curve, lossCurve({ title, train, heldout }))
  const numbers = {
    steps: train.length,
    heldOutLoss: { before: before.loss, after: after.loss, fall },
    slotShare: shares,
    largestLogitDifference: difference,
    adapterBytes: statSync(options.adapterFile).size,
    baseBytes: weightBytes(options.model),
    trainingSeconds: progress.seconds,
    tokensPerSecond: progress.tokensPerSecond,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    samples: data.samples.map(({ prompt }, i) => ({ prompt, before: before.texts[i], after: after.texts[i] })),
    curve: { train, heldout },
  }
  writeFileSync(join(options.out, 'result.json'), `${JSON.stringify(numbers, null, 2)}\n`)
  console.log(`\ncurve     ${shortPath(curve)}`)
  console.log(`numbers   ${shortPath(join(options.out, 'result.json'))}`)
  console.log(
    `time      ${Math.round(performance.now() / 1000)} s, ${megabytes(numbers.peakMemoryBytes)} of memory at most`,
  )
}

/** The same prompts before and after, and the share of their slot values that each text states; null for other prompts. */
function saySamples(samples, before, after) {
  const slots = samples.every(({ prompt }) => hasSlots(prompt))
  const shares = (texts) => samples.map(({ prompt }, i) => slotShare(prompt, texts[i]))
  const [old, now] = slots ? [shares(before), shares(after)] : [null, null]
  const head = (name, share) => (share ? `${name} (states ${share.contained} of ${share.total} values)` : name)
  // Spread over the list: neighbours are often about the same restaurant.
  for (let n = 0.5; n < Math.min(SHOWN, samples.length); n++) {
    const i = Math.floor((n * samples.length) / Math.min(SHOWN, samples.length))
    const { prompt } = samples[i]
    console.log(prompt.replace(/\s+/g, ' '))
    console.log(`${sideBySide([head('before', old?.[i]), before[i]], [head('after', now?.[i]), after[i]])}\n`)
  }
  if (!slots) return null
  const total = (list) => list.reduce((n, s) => n + s.contained, 0) / list.reduce((n, s) => n + s.total, 0)
  const result = { before: total(old), after: total(now) }
  console.log(
    `Of the values in ${samples.length} held-out prompts the texts state ${percent(result.before)} before and ${percent(result.after)} after.`,
  )
  return result
}

function hasSlots(prompt) {
  try {
    return parseSlots(prompt).every(({ slot, value }) => slot !== '' && value !== '')
  } catch {
    return false
  }
}

function sizeOf(tensors) {
  return tensors.reduce((n, t) => n + t.numel, 0)
}

function weightBytes(folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : []
  return files.reduce((n, name) => n + statSync(join(folder, name)).size, 0)
}
