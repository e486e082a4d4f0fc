// The work that the process does at once: two trainers, a file, an adapter, generation.
import { join } from 'node:path'
import * as lora from 'loralib'
import { batch, trainable } from '../lib/models.mjs'

const FILE_TENSORS = 40

/** Trains on rows of a number of tokens until stopped; `state` shows its progress. */
export async function train(model, [B, T], isOver, state) {
  const parameters = trainable(model)
  const optimizer = new lora.optim.AdamW(parameters, { lr: 1e-2 })
  const start = performance.now()
  while (!isOver()) {
    const ids = batch(state.steps, [B, T, model.config.vocab_size])
    const { loss } = model.forward(ids, { labels: ids })
    loss.backward()
    lora.optim.clipGradNorm(parameters, 1)
    await optimizer.step()
    optimizer.zeroGrad()
    state.loss = await loss.item()
    state.first ??= state.loss
    state.steps += 1
    state.rate = (1000 * state.steps) / (performance.now() - start)
  }
}

/**
 * Streams text until stopped: `{ first, rate }` of each generation, in ms from the call to the first token and tokens a second after it.
 * It pauses between two, so that each one begins while the machine is busy.
 */
export async function streamText(model, options, isOver) {
  const { tokens, pauseMs = 200, promptTokens = 24 } = options
  const seen = []
  while (!isOver()) {
    const prompt = [
      Array.from({ length: promptTokens }, (_, t) => (97 * seen.length + 31 * t) % model.config.vocab_size),
    ]
    const start = performance.now()
    const times = []
    for await (const token of model.stream(prompt, {
      maxNewTokens: tokens,
      eosTokenId: null,
      doSample: true,
      topK: 40,
    })) {
      if (!Number.isInteger(token.id)) throw new Error('no token')
      times.push(performance.now())
    }
    seen.push({ first: times[0] - start, rate: (1000 * (times.length - 1)) / (times.at(-1) - times[0]) })
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return seen
}

/** Saves and loads a file of 100 MB until stopped: `{ times, saveMs, loadMs, wrong }`. */
export async function saveAndLoad(folder, bytes, isOver) {
  const side = Math.round(Math.sqrt(bytes / 4 / FILE_TENSORS))
  const dict = Object.fromEntries(Array.from({ length: FILE_TENSORS }, (_, i) => [`t.${i}`, lora.randn([side, side])]))
  const sums = await sumsOf(dict)
  const file = join(folder, 'hundred.safetensors')
  const found = { times: 0, saveMs: 0, loadMs: 0, wrong: 0, bytes: side * side * 4 * FILE_TENSORS }
  while (!isOver()) {
    const start = performance.now()
    await lora.save(dict, file)
    const saved = performance.now()
    const loaded = await lora.load(file)
    const again = await sumsOf(Object.fromEntries(Object.keys(dict).map((name) => [name, loaded[name]])))
    found.loadMs += performance.now() - saved
    found.saveMs += saved - start
    found.times += 1
    if (again.join() !== sums.join()) found.wrong += 1
    for (const tensor of Object.values(loaded)) tensor.dispose()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return found
}

async function sumsOf(dict) {
  const sums = Object.values(dict).map((tensor) => lora.scope(() => tensor.sum()))
  return Promise.all(sums.map((sum) => sum.item()))
}

/** Merges an adapter into its base and unmerges it until stopped: `{ times, ms }`. */
export async function mergeAndUnmerge(model, isOver) {
  const layers = [...model.modules()].filter((module) => module.r > 0)
  const found = { times: 0, ms: 0, layers: layers.length }
  while (!isOver()) {
    const start = performance.now()
    lora.mergeAll(model)
    for (const layer of layers) void layer.forwardWeight()
    await layers.at(-1).forwardWeight().at(0, 0).item()
    lora.unmergeAll(model)
    found.times += 1
    found.ms += performance.now() - start
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
  return found
}
