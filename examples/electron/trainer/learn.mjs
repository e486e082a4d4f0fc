// The training: LoRA layers in a copy of the base, and a loop that follows the clock.
import * as lora from 'loralib'
import { batches, collate } from './lessons.mjs'
import { Problem } from './problems.mjs'

/** What a minute of two cores makes the most of, with the base in models/base; measured, see docs/electron.md. */
export const SETTINGS = { r: 32, batch: 4, lr: 1e-3 }
/** Below it, a model is so small that it has to learn new words, too: its token embedding is adapted. */
const SMALL_VOCABULARY = 10_000
const WARM_UP_SHARE = 0.04
/** The held-back text is measured this often on the way. */
const MEASURED = 6
const SAVE_EVERY_MS = 10_000

/**
 * A model with a fresh adapter on every dense layer, which shares the frozen tensors of the base.
 * @param {import('loralib').models.CausalLM} base
 */
export function adapt(base, { r = SETTINGS.r, seed = 1 } = {}) {
  const model = lora.cloneModule(base, { shareFrozen: true })
  const dense = (path, module) =>
    path !== 'lm_head' && (module instanceof lora.nn.Linear || module instanceof lora.nn.TransposedLinear)
  const words = (_, module) => module instanceof lora.nn.Embedding && module.weight.shape[0] === base.config.vocab_size
  const targets = base.config.vocab_size <= SMALL_VOCABULARY ? [dense, words] : [dense]
  // The first factors are drawn at random: from a stream of their own, so that the same seed gives the same adapter.
  const stream = lora.stream({ seed })
  stream.run(() => lora.injectLora(model, { targets, r, loraAlpha: 2 * r, includeTied: true, mergeWeights: false }))
  stream.close()
  lora.markOnlyLoraAsTrainable(model)
  return model
}

/** The size of the file of an adapter, its header left out. */
export function adapterBytes(model) {
  return Object.values(lora.loraStateDict(model)).reduce((sum, { numel }) => sum + 4 * numel, 0)
}

/**
 * Trains until the time is over, the steps are done, or the signal is aborted; in each case the adapter is as after its last whole step.
 *
 * @param {import('loralib').models.CausalLM} model with an adapter
 * @param {import('./lessons.mjs').Lessons} lessons
 * @param {{
 *   minutes: number, steps?: number, seed?: number, signal: AbortSignal,
 *   onStep: (step: { step: number, loss: number, secondsLeft: number, share: number, tokensPerSecond: number }) => void,
 *   onMeasured: (measured: { step: number, loss: number }) => void, save: () => Promise<void>,
 * }} run
 * @returns {Promise<{ steps: number, wasStopped: boolean }>}
 */
export async function learn(model, lessons, { minutes, steps = Infinity, seed = 1, signal, onStep, onMeasured, save }) {
  const clock = new Clock(minutes, steps)
  const stream = lora.stream({ seed, signal })
  try {
    await stream.run(async () => {
      const trainable = model.parameters().filter((parameter) => parameter.requiresGrad)
      const optimizer = new lora.optim.AdamW(trainable, { lr: SETTINGS.lr, betas: [0.9, 0.98], weightDecay: 0 })
      const schedule = new lora.optim.lrScheduler.LrScheduler(optimizer, () => clock.factor)
      await clock.measure(model, lessons, onMeasured)
      for (const { ids, labels, attentionMask, tokens } of batches(lessons, { size: SETTINGS.batch, seed })) {
        const { loss } = model.train().forward(ids, { labels, attentionMask })
        loss.backward()
        lora.optim.clipGradNorm(trainable, 1)
        await optimizer.step()
        optimizer.zeroGrad()
        const value = await loss.item()
        if (!Number.isFinite(value)) throw notFinite(clock.steps)
        onStep(clock.step(value, tokens))
        schedule.step()
        if (clock.share >= 1) break
        if (clock.isTimeToMeasure) await clock.measure(model, lessons, onMeasured)
        if (clock.isTimeToSave) await save()
      }
      await clock.measure(model, lessons, onMeasured)
    })
    return { steps: clock.steps, wasStopped: false }
  } catch (error) {
    if (!signal.aborted) throw error
    return { steps: clock.steps, wasStopped: true }
  } finally {
    stream.close()
  }
}

/** Mean loss of what was held back, in nats per token; null when nothing was. */
export async function heldBackLoss(model, { heldBack }) {
  let [nats, count] = [0, 0]
  for (let from = 0; from < heldBack.length; from += SETTINGS.batch) {
    const { ids, labels, attentionMask, predicted } = collate(heldBack.slice(from, from + SETTINGS.batch))
    const { loss } = lora.noGrad(() => model.eval().forward(ids, { labels, attentionMask }))
    nats += (await loss.item()) * predicted
    count += predicted
  }
  return count === 0 ? null : nats / count
}

function notFinite(step) {
  return new Problem('The training lost its way: its numbers are no longer finite', {
    why: `at step ${step}`,
    fix: 'Train again. What was saved before that step is kept.',
  })
}

/** How far a run is, by its clock or by its steps, whichever is nearer to the end. */
class Clock {
  steps = 0
  #most
  #ms
  #tokens = 0
  #measured = 0
  #measuringMs = 0
  #began = performance.now()
  #saved = performance.now()

  constructor(minutes, most) {
    this.#ms = 60_000 * minutes
    this.#most = most
  }

  /** 0 to 1. */
  get share() {
    return Math.min(1, Math.max(this.steps / this.#most, (performance.now() - this.#began) / this.#ms))
  }

  /** Of the learning rate: up in the first part, then down along a cosine to 0, which lets the weights settle. */
  get factor() {
    return Math.min(1, (this.share + 1e-3) / WARM_UP_SHARE) * 0.5 * (1 + Math.cos(Math.PI * this.share))
  }

  get isTimeToMeasure() {
    return this.share * MEASURED >= this.#measured
  }

  /** Also restarts the time to the next save. */
  get isTimeToSave() {
    if (performance.now() - this.#saved < SAVE_EVERY_MS) return false
    this.#saved = performance.now()
    return true
  }

  step(loss, tokens) {
    this.steps += 1
    this.#tokens += tokens
    const ms = performance.now() - this.#began
    const { share } = this
    return {
      step: this.steps,
      loss,
      share,
      secondsLeft: (ms / 1000 / share) * (1 - share),
      tokensPerSecond: (1000 * this.#tokens) / (ms - this.#measuringMs),
    }
  }

  async measure(model, lessons, onMeasured) {
    const start = performance.now()
    this.#measured = Math.floor(this.share * MEASURED) + 1
    const loss = await heldBackLoss(model, lessons)
    if (loss !== null) onMeasured({ step: this.steps, loss })
    this.#measuringMs += performance.now() - start
  }
}
