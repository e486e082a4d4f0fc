// Several tasks on one base: adapters are swapped in a running, merged model by loading them.
//   node examples/06-many-tasks.mjs
import { mkdirSync } from 'node:fs'
import * as lora from 'loralib'
import { DigitReader, accuracy, batches, lossOf, readDigits } from './lib/digits.mjs'
import { fileSize, percent, table } from './lib/table.mjs'
import { train } from './lib/train.mjs'

// What the digits look like in each task. The base learns them as they are and never sees the others.
const backwards = lora.arange(7, -1, -1)
const VIEWS = {
  upright: (x) => x,
  mirrored: (x) => x.indexSelect(3, backwards),
  upended: (x) => x.indexSelect(2, backwards),
  turned: (x) => x.transpose(2, 3).indexSelect(3, backwards),
}
const views = Object.keys(VIEWS)
const digits = readDigits()
const seen = (view, { x, y }) => ({ x: VIEWS[view](x), y })
const fileOf = (view) => `out/many-tasks/${view}.safetensors`
mkdirSync('out/many-tasks', { recursive: true })

lora.manualSeed(0)
const base = new DigitReader()
await train(base, batches(digits.train, { steps: 250, size: 64 }), { lr: 2e-3, loss: lossOf(base) })
function withLora() {
  const model = lora.cloneModule(base.requiresGrad_(false), { shareFrozen: true }) // the same tensors, not copies
  lora.injectLora(model, { targets: ['first', 'second'], r: 8, loraAlpha: 16 })
  lora.markOnlyLoraAsTrainable(model)
  return model
}

// An adapter for each task, trained on its own and saved. For upright digits there is nothing to learn: that adapter adds nothing.
const models = {}
for (const view of views) {
  const model = (models[view] = withLora())
  const images = batches(seen(view, digits.train), { steps: view === 'upright' ? 0 : 250, size: 64 })
  await train(model, images, { lr: 4e-3, loss: lossOf(model) })
  await lora.save(lora.loraStateDict(model), fileOf(view))
}

// The server: one merged model. A loaded adapter takes the place of the one before; the base below stays clean.
const server = withLora().eval()
const swap = async (view) => server.loadStateDict(await lora.load(fileOf(view)), { strict: false })
const read = (model, view) => lora.noGrad(() => model.forward(seen(view, digits.test).x))
const largest = (a, b) => a.sub(b).abs().max().item()
const [rows, first, merging] = [[], {}, []]
for (const view of views) {
  await swap(view)
  const right = await Promise.all(views.map((each) => accuracy(server, seen(each, digits.test))))
  rows.push([view, fileSize(fileOf(view)), ...right.map((share) => percent(share))])
  first[view] = read(server, view)
  merging.push(await largest(first[view], read(models[view].train(), view))) // train() unmerges
}
await swap('mirrored')
const returning = await largest(first.mirrored, read(server, 'mirrored'))
console.log(table(['adapter', 'file', ...views.map((view) => `${view} digits`)], rows))
console.log(`\nlargest difference between merged and unmerged: ${Math.max(...merging).toExponential(1)}`)
console.log(`largest difference when an adapter comes back:   ${returning}`)
process.exitCode = Math.max(...merging) < 1e-4 && returning === 0 ? 0 : 1
