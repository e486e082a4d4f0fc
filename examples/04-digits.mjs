// A convolutional network that reads the digits 0–4 learns 5–9: with all its weights, with LoRA, or with a new head alone.
//   npm run example:digits
import { mkdirSync, statSync } from 'node:fs'
import * as lora from 'loralib'
import { accuracy, batches, lossOf, readDigits } from './lib/digits.mjs'
import { count, percent, table } from './lib/table.mjs'
import { sizeOf, train, trainable } from './lib/train.mjs'

const { nn } = lora
class Network extends nn.Module {
  conv1 = new nn.Conv2d(1, 32, 3, { padding: 1 })
  conv2 = new nn.Conv2d(32, 64, 3, { padding: 1 })
  conv3 = new nn.Conv2d(64, 128, 3, { padding: 1 })
  pool = new nn.MaxPool2d(2)
  head = new nn.Linear(128, 5)

  forward(x) {
    const y = this.pool.forward(this.conv1.forward(x).relu()) // (N, 1, 8, 8) → (N, 32, 4, 4)
    const z = this.pool.forward(this.conv2.forward(y).relu()) // (N, 64, 2, 2)
    return this.head.forward(this.conv3.forward(z).relu().amax([2, 3])) // (N, 128) → (N, 5)
  }
}
const pace = { steps: 300, size: 32 }
const learn = (model, data, lr) => train(model, batches(data, pace), { lr, decay: pace.steps, loss: lossOf(model) })

lora.manualSeed(0)
const [low, high] = [readDigits([0, 1, 2, 3, 4]), readDigits([5, 6, 7, 8, 9])]
const base = new Network()
await learn(base, low.train, 1e-3)
const all = sizeOf(base.stateDict())
console.log(`base   ${count(all)} parameters, reads ${percent(await accuracy(base, low.test))} of unseen 0–4`)
console.log(`task   5–9, from ${high.train.y.numel} images; tested on ${high.test.y.numel}, mostly by other people\n`)

function addLora(model) {
  lora.injectLora(model, { targets: ['conv2', 'conv3'], r: 4, loraAlpha: 8 })
  lora.markOnlyLoraAsTrainable(model)
}
// Each with the best of a few learning rates. All get the same new head, which is trained and counted in each.
const full = { name: 'full fine-tuning', lr: 4e-3, prepare: () => {} }
const adapter = { name: 'LoRA r 4, head', lr: 1e-2, prepare: addLora }
const alone = { name: 'head alone', lr: 1e-2, prepare: (model) => model.requiresGrad_(false) }
const head = new nn.Linear(128, 5)
mkdirSync('out/digits', { recursive: true })
for (const method of [full, adapter, alone]) {
  const [model, file] = [lora.cloneModule(base), `out/digits/${method.name.replaceAll(/\W+/g, '-')}.safetensors`]
  method.prepare(model)
  model.head = lora.cloneModule(head)
  const start = performance.now()
  await learn(model, high.train, method.lr)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  await lora.save(trainable(model), file)
  Object.assign(method, { trained: sizeOf(trainable(model)), right: await accuracy(model, high.test) })
  const { name, trained, right } = method
  method.row = [name, count(trained), percent(trained / all), percent(right), seconds, count(statSync(file).size)]
}
const columns = ['method', 'trained parameters', 'of full', '5–9 read right', 'seconds', 'file (bytes)']
console.log(table(columns, [full.row, adapter.row, alone.row]))
const holds = adapter.right >= full.right - 0.02 && adapter.trained < 0.15 * full.trained
console.log(`\nLoRA within 2 points of full fine-tuning, with under 15 % of its parameters: ${holds ? 'yes' : 'no'}`)
process.exitCode = holds ? 0 : 1
