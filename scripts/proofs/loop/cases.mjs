// Synchronous work of the recorder on large models: how long each call of the addon and each function of ours blocks the thread.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { trainable } from '../lib/models.mjs'
import { watchCalls } from './calls.mjs'
import { watchDelay, watchIdleDelay } from './delay.mjs'

/** The recorder works on metadata, so the number of layers matters and their width does not. */
const NARROW = { vocab_size: 257, n_positions: 64, n_embd: 16, n_head: 2, bos_token_id: 0, eos_token_id: 0 }
const HOST_BYTES = 100e6

/**
 * Does everything `times` times and gives `cases`, `{ label, ms, call, callMs }` for each, and how late an `idle` process was: the shortest of the repetitions, since a busy machine makes a
 * call longer and never shorter. `ms` is the longest time without a turn of the event loop, `call` the longest call of the addon in it.
 */
export async function measureCases(times) {
  const found = new Map()
  const stopIdle = watchIdleDelay()
  for (let i = 0; i < times; i++) {
    for (const layers of [30, 48]) await deepModel(found, layers)
    await manyParameters(found)
    await files(found)
    await texts(found)
    await hostData(found)
    await handles(found)
  }
  const idle = await stopIdle()
  return { idle, cases: [...found].map(([label, best]) => ({ label, ...best })) }
}

/** Runs `fn`, which ends within this turn or is a promise, and keeps the shortest time of its label. */
async function doing(found, label, fn) {
  const stop = await watchCalls()
  const stopDelay = watchDelay()
  const start = performance.now()
  let result = fn()
  let ms = performance.now() - start
  if (result instanceof Promise) {
    result = await result
    // The monitor's own timer takes a millisecond.
    ms = Math.max(ms, stopDelay().worst - 1)
  }
  const { kinds } = await stop()
  const [call, { worst: callMs }] = [...kinds].sort(([, a], [, b]) => b.worst - a.worst)[0] ?? ['none', { worst: 0 }]
  const before = found.get(label) ?? { ms: Infinity, callMs: Infinity }
  found.set(label, {
    ms: Math.min(ms, before.ms),
    ...(callMs < before.callMs ? { call, callMs } : { call: before.call, callMs: before.callMs }),
  })
  return result
}

async function deepModel(found, layers) {
  const at = (label) => `${label} (${layers} layers)`
  const build = () => lora.models.GPT2LMHeadModel.fromConfig({ ...NARROW, n_layer: layers })
  const model = await doing(found, at('fromConfig'), build)
  const options = { targets: ['c_attn', 'c_proj', 'c_fc'], r: 4, loraAlpha: 8, loraDropout: 0.1 }
  await doing(found, at('injectLora'), () => lora.injectLora(model, options).length)
  await doing(found, at('markOnlyLoraAsTrainable'), () => lora.markOnlyLoraAsTrainable(model))
  await doing(found, at('parameters'), () => model.parameters().length)
  await doing(found, at('stateDict'), () => Object.keys(model.stateDict()).length)
  const parameters = trainable(model)
  const optimizer = new lora.optim.AdamW(parameters, { lr: 1e-3 })
  const ids = [Array.from({ length: 16 }, (_, t) => t)]
  for (let step = 0; step < 3; step++) {
    const { loss } = await doing(found, at('forward'), () => model.forward(ids, { labels: ids }))
    // The lazy result is not awaited, since only the call is measured.
    await doing(found, at('backward'), () => void loss.backward())
    await doing(found, at('clipGradNorm'), () => void lora.optim.clipGradNorm(parameters, 1))
    await doing(found, at(`step`), () => void optimizer.step())
    await loss.item()
    await doing(found, at('zeroGrad'), () => optimizer.zeroGrad())
  }
  model.eval()
  await doing(found, at('merged forward'), () => void lora.noGrad(() => model.forward(ids)))
  await doing(found, at('train, unmerged'), () => void model.train())
  await lora.settle()
}

async function manyParameters(found) {
  const parameters = Array.from({ length: 1000 }, () => lora.ones([4]).requiresGrad_())
  const optimizer = new lora.optim.AdamW(parameters, { lr: 1e-3 })
  for (let step = 0; step < 3; step++) {
    const loss = lora.stack(parameters).square().sum()
    await doing(found, 'backward (1000 parameters)', () => void loss.backward())
    await doing(found, 'clipGradNorm (1000 parameters)', () => void lora.optim.clipGradNorm(parameters, 1))
    await doing(found, 'step (1000 parameters)', () => void optimizer.step())
    await loss.item()
    await doing(found, 'zeroGrad (1000 parameters)', () => optimizer.zeroGrad())
  }
}

async function files(found) {
  const folder = await mkdtemp(join(tmpdir(), 'loralib-calls-'))
  try {
    const dict = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t.${i}`, lora.ones([8])]))
    const file = join(folder, 'many.safetensors')
    await doing(found, 'save (1000 tensors)', () => lora.save(dict, file))
    await doing(found, 'load (1000 tensors)', () => lora.load(file))
    const model = lora.models.GPT2LMHeadModel.fromConfig({ ...NARROW, n_layer: 48 })
    await doing(found, 'savePretrained (48 layers)', () => model.savePretrained(folder))
    await doing(found, 'fromPretrained (48 layers)', () => lora.models.GPT2LMHeadModel.fromPretrained(folder))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function texts(found) {
  const { Tokenizer } = lora.tokenizers
  const text = 'The quick brown fox jumps over the lazy dog, and the naïve dog barks. '.repeat(14_000)
  const base = 'models/base'
  const tokenizer = await doing(found, 'Tokenizer.fromFolderAsync', () => Tokenizer.fromFolderAsync(base))
  await doing(found, 'encodeAsync (1 MB)', () => tokenizer.encodeAsync(text))
  await doing(found, 'encode (2 KB)', () => tokenizer.encode(text.slice(0, 2000)).length)
}

async function hostData(found) {
  const numbers = new Float32Array(HOST_BYTES / 4).fill(1)
  const tensor = await doing(found, 'tensorAsync (100 MB)', () => lora.tensorAsync(numbers))
  await doing(found, 'data (100 MB)', () => tensor.data())
  tensor.dispose()
}

async function handles(found) {
  const dropped = Array.from({ length: 10_000 }, () => lora.full([2], 1))
  dropped.length = 0
  await doing(found, 'settle (10,000 dropped tensors)', () => lora.settle())
  await doing(found, 'memory', () => lora.memory())
}
