// A small adapter file beside a large checkpoint: how loralib saves, and how it loads in two steps.
//   node examples/02-two-step-checkpoint.mjs
import { mkdirSync } from 'node:fs'
import * as lora from 'loralib'
import { accuracy, batches, lossOf, readDigits } from './lib/digits.mjs'
import { fileSize, percent, table } from './lib/table.mjs'
import { train } from './lib/train.mjs'

const { nn } = lora
const OUT = 'out/two-step-checkpoint'
const [PRETRAINED, ADAPTER] = [`${OUT}/ckpt_pretrained.safetensors`, `${OUT}/ckpt_lora.safetensors`]
mkdirSync(OUT, { recursive: true })

// One architecture. With r: 0 a LoRA layer is a plain layer, and its weights have the same names.
class Reader extends nn.Module {
  constructor(r) {
    super()
    this.first = new lora.Linear(64, 256, { r, loraAlpha: 2 * r })
    this.second = new lora.Linear(256, 256, { r, loraAlpha: 2 * r })
    this.out = new nn.Linear(256, 10)
  }
  forward(x) {
    const hidden = this.first.forward(x.flatten(1)).relu() // (N, 1, 8, 8) → (N, 64) → (N, 256)
    return this.out.forward(this.second.forward(hidden).relu())
  }
}
const pace = { steps: 250, size: 64 }

// The base learns handwritten digits.
lora.manualSeed(0)
const digits = readDigits()
const base = new Reader(0)
await train(base, batches(digits.train, pace), { lr: 2e-3, loss: lossOf(base) })
await lora.save(base.stateDict(), PRETRAINED)

// The adapter learns to read them in a mirror, on top of the frozen base.
const mirror = ({ x, y }) => ({ x: x.indexSelect(3, lora.arange(7, -1, -1)), y })
const test = mirror(digits.test)
const model = new Reader(8)
model.loadStateDict(await lora.load(PRETRAINED), { strict: false }) // the file has no lora_A and lora_B
lora.markOnlyLoraAsTrainable(model)
const before = percent(await accuracy(model, test))
await train(model, batches(mirror(digits.train), pace), { lr: 4e-3, loss: lossOf(model) })
await lora.save(lora.loraStateDict(model), ADAPTER) // lora_A and lora_B, nothing else
console.log(`mirrored digits read right: ${before} before, ${percent(await accuracy(model, test))} after\n`)

// Another program, another day: first the pretrained checkpoint, then the LoRA one.
const fresh = new Reader(8)
const loaded = []
for (const file of [PRETRAINED, ADAPTER]) {
  const { missingKeys } = fresh.loadStateDict(await lora.load(file), { strict: false })
  loaded.push([file, fileSize(file), missingKeys.join(' ')])
}
console.log(table(['loaded', 'size', 'not in the file'], loaded))
const [a, b] = [model, fresh].map((each) => lora.noGrad(() => each.eval().forward(test.x)))
const difference = await a.sub(b).abs().max().item()
console.log(`\nlargest difference between the outputs of the two models: ${difference}`)
process.exitCode = difference === 0 ? 0 : 1
