// One case in this process.
import * as lora from 'loralib'
import { batch, trainable } from '../lib/models.mjs'
import { residentParts } from '../lib/peak.mjs'
import { CASES, configOf } from './cases.mjs'

const STEPS = 2
const PROMPT = 16

/**
 * `{ isa, times, counted, peak, readBacks, result }`: milliseconds of each step, or of all tokens; the most live bytes that the engine counted; what the process
 * took beyond Node, the addon and the first use of the engine; waits for checks in each step, or for each token; losses or tokens.
 */
export async function measure(name, short) {
  const subject = CASES[name]
  lora.manualSeed(1)
  await lora.ones([2, 2]).sum().item()
  const start = residentParts().resident
  const config = configOf(subject, short)
  const model = lora.models.AutoModelForCausalLM.fromConfig(config, { dtype: subject.dtype })
  await lora.settle()
  const done = subject.kind === 'train' ? await train(subject, model, config) : await generate(subject, model, config)
  await lora.settle()
  const { peakBytes } = lora.memory()
  return { isa: lora.backend().isa, counted: peakBytes, peak: residentParts().peak - start, ...done }
}

async function train({ lora: adapter, rows, length }, model, config) {
  if (adapter) {
    lora.injectLora(model, adapter)
    lora.markOnlyLoraAsTrainable(model)
  }
  model.train()
  const optimizer = new lora.optim.AdamW(trainable(model), { lr: 1e-3 })
  const [times, readBacks, result] = [[], [], []]
  for (let step = 0; step < STEPS; step++) {
    const [began, before] = [performance.now(), lora.memory().readBacks]
    const ids = batch(step, [rows, length, config.vocab_size])
    const { loss } = model.forward(ids, { labels: ids })
    loss.backward()
    lora.optim.clipGradNorm(trainable(model), 1)
    optimizer.step()
    optimizer.zeroGrad()
    result.push(Number((await loss.item()).toFixed(5)))
    await lora.settle()
    times.push(performance.now() - began)
    readBacks.push(lora.memory().readBacks - before)
  }
  return { times, readBacks, result }
}

async function generate({ tokens, options }, model, config) {
  model.eval()
  const prompt = batch(0, [1, PROMPT, config.vocab_size])
  const [began, before] = [performance.now(), lora.memory().readBacks]
  const made = await model.generate(prompt, { maxNewTokens: tokens, minNewTokens: tokens, ...options })
  const times = [performance.now() - began]
  const waits = lora.memory().readBacks - before
  // The prompt is a step, too.
  return { times, readBacks: [Number((waits / (tokens + 1)).toFixed(2))], result: made[0].slice(PROMPT) }
}
