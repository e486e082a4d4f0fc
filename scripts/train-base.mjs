// Trains the base model of the examples from scratch, with our own engine: npm run train:base
//
//   node scripts/train-base.mjs                    trains, or resumes the last run; writes models/base
//   --steps N        updates in all                                                  (default 4200)
//   --minutes M      end after M minutes of training; the learning rate then follows the clock, whichever is sooner
//   --fresh          start from scratch             --out DIR    folder of the model   (default models/base)
//   --lr --batch --window --warmup --dropout --seed --jargon SHARE --every N --nice N --name CHECKPOINT
//
// Ctrl-C and a crash lose only the steps since the last checkpoint (.cache/train-base), which Ctrl-C writes.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'
import { duration, inRoot, say } from './lib/run.mjs'
import { modelCard } from './train-base/card.mjs'
import { loadCheckpoint, removeCheckpoint, saveCheckpoint } from './train-base/checkpoint.mjs'
import { loadTexts, loadTokenizer, makeCorpus } from './train-base/corpus.mjs'
import { bitsPerByte } from './train-base/heldout.mjs'
import { Windows } from './train-base/windows.mjs'

const END_OF_TEXT = 0
const BASE = inRoot('models', 'base')
const CHECKPOINT_MS = 120_000
const LOG_MS = 15_000

const options = readOptions()
setPriority(options.nice)
await makeCorpus()
const tokenizer = await loadTokenizer(BASE, 4096)
const texts = await loadTexts(tokenizer)
const config = {
  vocab_size: tokenizer.vocabSize,
  n_positions: 256,
  n_embd: 256,
  n_layer: 6,
  n_head: 8,
  embd_pdrop: options.dropout,
  attn_pdrop: options.dropout,
  resid_pdrop: options.dropout,
  bos_token_id: END_OF_TEXT,
  eos_token_id: END_OF_TEXT,
}
lora.manualSeed(options.seed)
const model = lora.models.GPT2LMHeadModel.fromConfig(config)
const parameters = model.parameters()
const optimizer = makeOptimizer()
const windows = makeWindows()
const checkpoint = inRoot('.cache', 'train-base', `${options.name}.safetensors`)
mkdirSync(inRoot('.cache', 'train-base'), { recursive: true })
if (options.fresh) removeCheckpoint(checkpoint)
const progress = (await loadCheckpoint(checkpoint, { model, optimizer, windows })) ?? {
  step: 0,
  tokens: 0,
  seconds: 0,
  log: [],
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())
announce()
await train()
if (stop.signal.aborted) say(`stopped after step ${progress.step}; the same command goes on from there`)
else await finish()

function readOptions() {
  const text = { type: 'string' }
  const names = ['steps', 'minutes', 'out', 'lr', 'batch', 'window', 'warmup', 'dropout', 'seed', 'jargon', 'every']
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(names.map((name) => [name, text])),
      nice: text,
      name: text,
      fresh: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: true },
      shared: { type: 'boolean', default: false },
    },
  })
  const number = (name, preset) => {
    const value = values[name] === undefined ? preset : Number(values[name])
    if (Number.isNaN(value)) throw new Error(`--${name} ${values[name]}: not a number`)
    return value
  }
  return {
    steps: number('steps', 4200),
    minutes: number('minutes', Infinity),
    fresh: values.fresh,
    shared: values.shared,
    out: resolve(values.out ?? BASE),
    name: values.name ?? 'checkpoint',
    lr: number('lr', 1e-3),
    betas: [0.9, 0.95],
    weightDecay: 0.1,
    batch: number('batch', 4),
    window: number('window', 256),
    warmup: number('warmup', 100),
    dropout: number('dropout', 0),
    seed: number('seed', 1),
    jargon: number('jargon', 0.33),
    every: number('every', 500),
    nice: number('nice', 10),
  }
}

function makeOptimizer() {
  const { lr, betas, weightDecay } = options
  const [matrices, vectors] = [parameters.filter((p) => p.ndim > 1), parameters.filter((p) => p.ndim < 2)]
  const groups = [
    { params: matrices, weightDecay },
    { params: vectors, weightDecay: 0 },
  ]
  return new lora.optim.AdamW(groups, { lr, betas })
}

function makeWindows() {
  const shares = { kjv: 1 - options.jargon, jargon: options.jargon }
  const sources = texts.map(({ name, train }) => ({ name, ids: train, share: shares[name] }))
  return new Windows(sources, options.window, options.seed)
}

function announce() {
  const { threads, isa } = lora.backend()
  const size = parameters.reduce((n, p) => n + p.numel, 0)
  say(`GPT-2 with ${size.toLocaleString('en')} parameters on ${threads} threads (${isa})`)
  for (const { title, train, heldout } of texts) {
    say(`${title}: ${train.length.toLocaleString('en')} tokens, held out ${heldout.ids.length.toLocaleString('en')}`)
  }
  if (progress.step > 0) say(`going on after step ${progress.step} (${duration(1000 * progress.seconds)} so far)`)
}

/** The share of the run that is done: by steps or by the clock, whichever is larger. */
function share() {
  return Math.max(progress.step / options.steps, progress.seconds / (60 * options.minutes))
}

/** Rises linearly in the first steps, then falls along a cosine to 0. */
function setLearningRate() {
  const warm = Math.min(1, (progress.step + 1) / options.warmup)
  const factor = warm * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, share())))
  for (const group of optimizer.paramGroups) group.lr = options.lr * factor
}

async function train() {
  model.train()
  let [last, logged, saved] = [performance.now(), performance.now(), performance.now()]
  const recent = { loss: 0, steps: 0, tokens: 0, began: last }
  while (share() < 1 && !stop.signal.aborted) {
    const loss = await step()
    if (!Number.isFinite(loss)) throw new Error(`the loss of step ${progress.step} is ${loss}; the checkpoint is older`)
    recent.loss += loss
    recent.steps += 1
    recent.tokens += options.batch * options.window
    const now = performance.now()
    progress.seconds += (now - last) / 1000
    last = now
    if (now - logged > LOG_MS) {
      logLine(recent, now)
      logged = now
    }
    if (progress.step % options.every === 0) {
      await measure(recent)
      Object.assign(recent, { loss: 0, steps: 0, tokens: 0, began: performance.now() })
    }
    if (now - saved > CHECKPOINT_MS || stop.signal.aborted) {
      await saveCheckpoint(checkpoint, { model, optimizer, windows, progress })
      saved = performance.now()
    }
  }
  await saveCheckpoint(checkpoint, { model, optimizer, windows, progress })
}

async function step() {
  const ids = Array.from({ length: options.batch }, () => windows.next())
  setLearningRate()
  const { loss } = model.forward(ids, { labels: ids })
  loss.backward()
  lora.optim.clipGradNorm(parameters, 1)
  await optimizer.step()
  optimizer.zeroGrad()
  progress.step += 1
  progress.tokens += options.batch * options.window
  return loss.item()
}

function logLine({ loss, steps, tokens, began }, now) {
  const rss = Math.round(process.memoryUsage.rss() / 1e6)
  const left = (progress.seconds / share()) * (1 - share())
  console.log(
    `step ${progress.step}  loss ${(loss / steps).toFixed(3)}  lr ${optimizer.paramGroups[0].lr.toExponential(2)}  ` +
      `${Math.round((1000 * tokens) / (now - began))} tokens/s  ${rss} MB  about ${duration(1000 * left)} left`,
  )
}

async function measure({ loss, steps }) {
  model.eval()
  const bits = []
  for (const { heldout } of texts) bits.push(await bitsPerByte(model, heldout, END_OF_TEXT))
  model.train()
  progress.log.push({ step: progress.step, loss: loss / Math.max(1, steps), bits })
  console.log(
    `step ${progress.step}  held-out bits per byte: ${texts.map(({ title }, i) => `${title} ${bits[i].toFixed(3)}`).join(', ')}`,
  )
}

/** Writes the model in bf16 and evaluates the written one. */
async function finish() {
  const { out } = options
  model.eval()
  for (const key of ['embd_pdrop', 'attn_pdrop', 'resid_pdrop']) model.config[key] = 0
  await model.savePretrained(out, { dtype: 'bf16' })
  if (!existsSync(`${out}/tokenizer.json`)) await tokenizer.saveFolder(out)
  const written = await lora.models.GPT2LMHeadModel.fromPretrained(out)
  const reached = []
  for (const { heldout } of texts) reached.push(await bitsPerByte(written, heldout, END_OF_TEXT))
  const card = modelCard({
    config: written.config,
    parameters: written.parameters().reduce((n, p) => n + p.numel, 0),
    file: `${out}/model.safetensors`,
    texts,
    run: { ...progress, passes: windows.passes(), shared: options.shared },
    options,
    backend: lora.backend(),
    reached,
  })
  writeFileSync(`${out}/README.md`, card)
  say(`${out}: ${texts.map(({ title }, i) => `${title} ${reached[i].toFixed(3)}`).join(', ')} bits per byte`)
}
