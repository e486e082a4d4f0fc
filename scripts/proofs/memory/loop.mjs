// The loop that most cases of proof:memory share, and what they measure.
import * as lora from 'loralib'
import { trainable } from '../lib/models.mjs'
import { peakBytes } from '../lib/peak.mjs'
import { lateness, watchIdleProcess, watchTimer } from '../lib/timer.mjs'

const TIMER_MS = 5

/** Live tensors and bytes, once nothing is queued and all finalisers have run. */
export async function live(model) {
  await lora.settle()
  const memory = lora.memory()
  // Reading the parameters here also keeps the model from being collected before it was counted.
  return { ...memory, parameters: model.parameters().length }
}

/** Whether the recorder and the allocator agree: on every tensor and every byte. */
export function agrees(memory) {
  return memory.values === memory.liveValues && memory.total.bytes === memory.numberBytes + memory.mappedBytes
}

/**
 * Runs `step(i)` for each step and takes the peak after `early` of them and at the end; settles after both. `step` returns the loss, or nothing.
 * `sample()` is called after each step.
 */
export async function watched({ model, steps, early, step, sample = () => {} }) {
  const stopIdle = watchIdleProcess(TIMER_MS)
  const stopTimer = watchTimer(TIMER_MS)
  const losses = []
  const start = performance.now()
  let first
  let settling = [0, 0]
  for (let i = 1; i <= steps; i++) {
    const loss = await step(i)
    if (loss !== undefined) losses.push(loss)
    sample(i)
    if (i === early) {
      const before = performance.now()
      const peak = peakBytes()
      first = { peak, ...(await live(model)) }
      settling = [before, performance.now()]
    }
  }
  const seconds = (performance.now() - start - (settling[1] - settling[0])) / 1000
  const peak = peakBytes()
  const ours = stopTimer()
  const idle = await stopIdle()
  const last = { peak, ...(await live(model)) }
  return { steps, early, losses, first, last, rate: steps / seconds, settling, late: lateness(ours, idle), ours, idle }
}

/** AdamW for the trainable parameters, and a plain step with it: no dispose, no scope, no using. */
export function trainer(model, { clip = true, lr = 1e-2 } = {}) {
  const params = trainable(model)
  const optimizer = new lora.optim.AdamW(params, { lr })
  return {
    optimizer,
    params,
    update(loss) {
      loss.backward()
      if (clip) lora.optim.clipGradNorm(params, 1)
      const done = optimizer.step()
      optimizer.zeroGrad()
      return done
    },
  }
}
