// The cases of proof:memory. Each runs in a process of its own and returns `{ result, checks }`.
import { PerformanceObserver } from 'node:perf_hooks'
import * as lora from 'loralib'
import { SMALL, TINY, batch, smallModel, tinyModel } from '../lib/models.mjs'
import { peakBytes } from '../lib/peak.mjs'
import { mb } from '../lib/report.mjs'
import { flat, learns, onTime } from './checks.mjs'
import { live, trainer, watched } from './loop.mjs'

const { nn } = lora
const TINY_BATCH = [4, 32, TINY.vocab_size]
const SMALL_BATCH = [2, 64, SMALL.vocab_size]
const twentieth = (steps) => Math.max(1, Math.round(steps / 20))

/** GPT-2 small's shape. */
async function small(short) {
  const steps = short ? 12 : 200
  lora.manualSeed(7)
  const model = smallModel()
  const step = plainStep(model, SMALL_BATCH, { lr: 1e-3 })
  // Short: the first steps still allocate what every step reuses.
  const result = await watched({ model, steps, early: short ? 4 : twentieth(steps), step })
  return { result, checks: [...flat(result), learns(result), onTime(result)] }
}

/** A tiny model, thousands of steps: what a step does not free would add up. */
async function tiny(short) {
  const steps = short ? 1000 : 10_000
  const { model, step } = tinyLoop()
  const result = await watched({ model, steps, early: short ? 400 : twentieth(steps), step })
  return { result, checks: [...flat(result), learns(result), onTime(result)] }
}

function tinyLoop() {
  lora.manualSeed(7)
  const model = tinyModel()
  return { model, step: plainStep(model, TINY_BATCH) }
}

/** A step in plain code: forward, backward, update, loss, each awaited. */
function plainStep(model, shape, options) {
  const { update } = trainer(model, options)
  return async (i) => {
    const ids = batch(i, shape)
    const { loss } = model.forward(ids, { labels: ids })
    await update(loss)
    return loss.item()
  }
}

/**
 * Awaits only every 50 steps. How far the loop runs ahead of the engine, and so how much waits at the peak, differs between the first awaits: the loop is on its
 * plateau after some of them. What is judged is the growth over the steps behind that, more of them than the peak takes to settle.
 */
async function sparse(short) {
  const [early, steps] = short ? [400, 1000] : [600, 3600]
  lora.manualSeed(7)
  const model = tinyModel()
  const { update } = trainer(model)
  const step = async (i) => {
    const ids = batch(i, TINY_BATCH)
    const { loss } = model.forward(ids, { labels: ids })
    const done = update(loss)
    if (i % 50 !== 0) return undefined
    await done
    return loss.item()
  }
  const result = await watched({ model, steps, early, step })
  return { result, checks: flat(result) }
}

/** Throws in every tenth step: inside forward, after it, after backward, in turn. */
async function throws(short) {
  const steps = short ? 600 : 3000
  lora.manualSeed(7)
  const model = tinyModel()
  const { update, params, optimizer } = trainer(model)
  let [inside, caught] = [false, 0]
  model.transformer.h[1].registerForwardHook(() => {
    if (inside) throw new Error('inside forward')
  })
  const step = async (i) => {
    const turn = i % 10 === 0 ? (i / 10) % 3 : -1
    try {
      inside = turn === 0
      const ids = batch(i, TINY_BATCH)
      const { loss } = model.forward(ids, { labels: ids })
      if (turn === 1) throw new Error('after forward')
      if (turn === 2) {
        loss.backward()
        throw new Error('after backward')
      }
      await update(loss)
      return await loss.item()
    } catch (error) {
      if (!/^(inside|after)/.test(error.message)) throw error
      caught += 1
      // As any loop does that continues after an error.
      optimizer.zeroGrad()
      return undefined
    }
  }
  const result = await watched({ model, steps, early: short ? 200 : twentieth(steps), step })
  const check = [
    `${caught} exceptions in ${steps} steps; ${params.length} parameters went on`,
    caught === steps / 10,
    'one in ten',
  ]
  return { result, checks: [...flat(result), check, learns(result)] }
}

/** A model that returns logits and the states of all layers, besides its loss. */
async function outputs(short) {
  const steps = short ? 600 : 3000
  lora.manualSeed(7)
  const model = tinyModel()
  const { update } = trainer(model)
  let seen = 0
  const step = async (i) => {
    const ids = batch(i, TINY_BATCH)
    const out = model.forward(ids, { labels: ids, outputHiddenStates: true })
    await update(out.loss)
    const score = out.logits.max()
    seen += out.hiddenStates.length
    await score.item()
    return out.loss.item()
  }
  const result = await watched({ model, steps, early: short ? 200 : twentieth(steps), step })
  const check = [
    `${seen} hidden states returned`,
    seen === steps * (TINY.n_layer + 1),
    'one more than layers, each step',
  ]
  return { result, checks: [...flat(result), check, learns(result)] }
}

// Between the tiny and the small: its graphs have some MB, as in practice.
const MIDDLE = { ...TINY, vocab_size: 2000, n_positions: 128, n_embd: 256, n_layer: 4 }
const MIDDLE_BATCH = [4, 128, MIDDLE.vocab_size]

/** Graphs without a backward: how many are held after an await, measured in units of one graph. */
async function unwalked(short, evaluation) {
  const steps = short ? 60 : 400
  lora.manualSeed(7)
  const model = lora.models.GPT2LMHeadModel.fromConfig(MIDDLE)
  // Merged, the model would make no graph in evaluation mode.
  lora.injectLora(model, { targets: ['c_attn', 'c_proj', 'c_fc'], r: 4, mergeWeights: false })
  lora.markOnlyLoraAsTrainable(model)
  if (evaluation) model.eval()
  const forward = (i) => {
    const ids = batch(i, MIDDLE_BATCH)
    return model.forward(ids, { labels: ids }).loss
  }
  const none = await live(model)
  const loss = forward(0)
  const one = {
    nodes: lora.memory().tapeNodes - none.tapeNodes,
    bytes: lora.memory().activation.bytes - none.activation.bytes,
  }
  await loss.item()
  loss.dispose()
  const most = { nodes: 0, bytes: 0 }
  const sample = () => {
    const { tapeNodes, activation } = lora.memory()
    most.nodes = Math.max(most.nodes, (tapeNodes - none.tapeNodes) / one.nodes)
    most.bytes = Math.max(most.bytes, (activation.bytes - none.activation.bytes) / one.bytes)
  }
  const step = async (i) => void (await forward(i).item())
  const result = await watched({ model, steps, early: 20, step, sample })
  const check = [
    `graphs held after an await: at most ${most.nodes.toFixed(2)} by nodes, ${most.bytes.toFixed(2)} by bytes (one: ${one.nodes} nodes, ${mb(one.bytes)} MB)`,
    one.nodes > 0 && most.nodes > 0 && most.nodes <= 2 && most.bytes <= 2.05,
    'at most 2',
  ]
  return { result, checks: [check, ...flat(result)] }
}

/** 500 MB of JavaScript objects in the same process: the longest collection is printed. */
async function heap(short) {
  const steps = short ? 400 : 3000
  const ballast = []
  while (process.memoryUsage().heapUsed < 530e6) {
    ballast.push(
      Array.from({ length: 1000 }, (_, i) => ({ id: i, name: `user ${ballast.length}.${i}`, tags: [i, i + 1] })),
    )
  }
  const { model, step } = tinyLoop()
  const pauses = []
  const observer = new PerformanceObserver((list) => list.getEntries().forEach((entry) => pauses.push(entry)))
  observer.observe({ entryTypes: ['gc'] })
  const result = await watched({ model, steps, early: short ? 100 : twentieth(steps), step })
  observer.disconnect()
  // The collections of the loop itself: the proof also collects to count.
  const own = pauses.filter(({ startTime }) => startTime < result.settling[0] || startTime > result.settling[1])
  const longest = Math.max(...own.map((entry) => entry.duration))
  const took = own.reduce((sum, entry) => sum + entry.duration, 0)
  const objects = ballast.length * 1000
  const check = [
    `beside ${mb(process.memoryUsage().heapUsed)} MB of JavaScript, ${objects} objects: ${own.length} collections, the longest ${longest.toFixed(0)} ms, ${((took * result.rate) / (10 * steps)).toFixed(1)} % of the time`,
    own.length > 0 && process.memoryUsage().heapUsed >= 500e6,
    'printed, not bounded: it is the price of that heap',
  ]
  return { result, checks: [...flat(result), check, learns(result)] }
}

/** A frozen embedding of 50257x768 and a frozen linear of 4096x4096 in the path of the gradient. */
async function frozen(short) {
  const steps = short ? 5 : 40
  lora.manualSeed(7)
  class Model extends nn.Module {
    wte = new nn.Embedding(50257, 768)
    up = new lora.Linear(768, 4096, { r: 4 })
    wide = new nn.Linear(4096, 4096)
    forward(ids) {
      return this.wide
        .forward(this.up.forward(this.wte.forward(ids)))
        .square()
        .mean()
    }
  }
  const model = new Model()
  lora.markOnlyLoraAsTrainable(model)
  const { params, optimizer } = trainer(model)
  const own = params.reduce((sum, p) => sum + 4 * p.numel, 0)
  await lora.settle()
  const weights = 4 * (50257 * 768 + 4096 * 4096)
  const gradient = new Set()
  let before = 0
  const step = async (i) => {
    const loss = model.forward(lora.tensor(batch(i, [2, 16, 50257]), { dtype: 'i64' }))
    await loss.backward()
    gradient.add(lora.memory().gradient.bytes)
    await optimizer.step()
    optimizer.zeroGrad()
    before ||= peakBytes()
    return loss.item()
  }
  const peak = lora.memory().liveBytes
  const result = await watched({ model, steps, early: 2, step })
  const above = lora.memory().peakBytes - peak
  const unseen = model.wte.weight.hasGrad || model.wide.weight.hasGrad || model.wide.bias.hasGrad
  return {
    result,
    checks: [
      [
        `gradients after backward: ${[...gradient].join(', ')} bytes; the factors that train have ${own}`,
        gradient.size === 1 && gradient.has(own) && !unseen,
        'those of the factors, not one byte more',
      ],
      [
        `above what lives, a step takes at most ${mb(above)} MB; the frozen weights have ${mb(weights)} MB`,
        above > 0 && above < 4 * 4096 * 4096,
        'less than one of the two, even for a moment',
      ],
      ...flat(result),
    ],
  }
}

/** Cases by name, in the order in which they run. */
export const CASES = {
  small: ['GPT-2 small, a plain loop', small],
  tiny: ['a tiny model, many steps', tiny],
  sparse: ['an await each 50 steps', sparse],
  throws: ['an exception each 10 steps', throws],
  outputs: ['logits and hidden states returned', outputs],
  abandoned: ['loss without backward', (short) => unwalked(short, false)],
  evaluation: ['evaluation without noGrad', (short) => unwalked(short, true)],
  heap: ['500 MB of JavaScript beside it', heap],
  frozen: ['a frozen embedding and a frozen linear', frozen],
}
