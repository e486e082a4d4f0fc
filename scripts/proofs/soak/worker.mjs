// Trains a layer for some steps and reports the losses: to the thread that started it, or as a line when it is a program of its own.
import { parentPort } from 'node:worker_threads'
import * as lora from 'loralib'

const STEPS = 40
const WIDTH = 96

lora.manualSeed(11)
const model = new lora.Linear(WIDTH, WIDTH, { r: 4, loraDropout: 0.1 })
lora.markOnlyLoraAsTrainable(model)
const optimizer = new lora.optim.AdamW(model.parameters(), { lr: 0.01 })
const losses = []
for (let step = 0; step < STEPS; step++) {
  const loss = model
    .forward(lora.randn([32, WIDTH]))
    .square()
    .mean()
  loss.backward()
  await optimizer.step()
  optimizer.zeroGrad()
  losses.push(await loss.item())
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
if (parentPort) parentPort.postMessage(losses)
else console.log(JSON.stringify(losses))
