// Bugs of loralib's merging, by their numbers in docs/porting-from-loralib.md. Each test fails on upstream's behaviour, which
// `npm run proof:bugs` measures.
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { loraLinear, rows } from '../support/reference.js'

const { nn } = lora
const W = rows(wave(12, 0.7), 4)
const BIAS = wave(3, 2)
const X = rows(wave(8, 0.4), 4)
// Two adapters for the same base.
const [A1, B1, A2, B2] = [rows(wave(8, 1.1), 4), rows(wave(6, 1.7), 2), rows(wave(8, 2.3), 4), rows(wave(6, 2.9), 2)]
const want = (a: number[][], b: number[][]) => loraLinear(X, W, BIAS, a, b, 2).flat()
const adapter = (a: number[][], b: number[][]) => ({ lora_A: lora.tensor(a), lora_B: lora.tensor(b) })
const base = () => ({ weight: lora.tensor(W), bias: lora.tensor(BIAS) })
const plain = () => new lora.Linear(4, 3, { r: 2, loraAlpha: 4 })
const x = () => lora.tensor(X)
// Without gradients: with them, a merged layer computes with its factors (B19).
const infer = (model: lora.nn.Module) => lora.noGrad(() => model.forward(x()) as lora.Tensor)

function trained(): lora.Linear {
  const layer = plain()
  layer.loadStateDict({ ...base(), ...adapter(A1, B1) })
  return layer
}

test('B12: a state dict taken while merged holds the unmerged weight and gives the same model again', async (t) => {
  const layer = trained().eval()
  infer(layer)
  await same(t, layer.stateDict().weight!, lora.tensor(W))
  const fresh = plain()
  fresh.loadStateDict(layer.stateDict())
  await close(t, fresh.forward(x()), want(A1, B1))
  await close(t, infer(fresh.eval()), want(A1, B1))
})

test('B13: loading while merged: outputs follow at once, train() gives the loaded weight bit for bit', async (t) => {
  const layer = plain().eval()
  infer(layer)
  layer.loadStateDict({ ...base(), ...adapter(A1, B1) })
  await close(t, infer(layer), want(A1, B1))
  await same(t, layer.train().weight, lora.tensor(W))
  await close(t, layer.forward(x()), want(A1, B1))
})

test('B13: swapping adapters repeatedly while merged leaves the base unchanged', async (t) => {
  const layer = trained().eval()
  for (let i = 0; i < 3; i++) {
    layer.loadStateDict(adapter(A2, B2), { strict: false })
    await close(t, infer(layer), want(A2, B2))
    layer.loadStateDict(adapter(A1, B1), { strict: false })
    await close(t, infer(layer), want(A1, B1))
  }
  await same(t, layer.train().weight, lora.tensor(W))
})

test('B14: base, eval(), then the adapter with strict: false: the adapter counts, for outputs and for training on', async (t) => {
  const model = new nn.Sequential(plain())
  const named = (dict: Record<string, lora.Tensor>) =>
    Object.fromEntries(Object.entries(dict).map(([key, tensor]) => [`0.${key}`, tensor]))
  model.loadStateDict(named(base()), { strict: false })
  model.eval() // as from_pretrained ends
  infer(model)
  const { missingKeys, unexpectedKeys } = model.loadStateDict(named(adapter(A1, B1)), { strict: false })
  t.deepEqual([missingKeys, unexpectedKeys], [['0.weight', '0.bias'], []])
  await close(t, infer(model), want(A1, B1))
  await close(t, model.train().forward(x()) as lora.Tensor, want(A1, B1))
  await same(t, (model.at(0) as lora.Linear).weight, lora.tensor(W))
})

class Holder extends nn.Module {
  first = trained()
  more = [trained(), new nn.Sequential(trained())]
  named = new Map([['last', trained()]])
  override forward(input: lora.Tensor): lora.Tensor {
    return this.first.forward(input)
  }
}

test('B15: model.eval() merges the layers at any depth, model.train() unmerges them', (t) => {
  const model = new Holder()
  const layers = [...model.modules()].filter((module) => module instanceof lora.Linear)
  t.is(layers.length, 4)
  model.eval()
  t.true(layers.every((layer) => layer.merged))
  model.train()
  t.true(layers.every((layer) => !layer.merged))
})

for (const dtype of ['f32', 'bf16', 'f16'] as const) {
  test(`B18: 100 x eval() and train() leave the weight as it was, bit for bit (${dtype})`, async (t) => {
    lora.manualSeed(1)
    const layer = new lora.Linear(64, 64, { r: 8, loraAlpha: 16, dtype })
    nn.init.normal_(layer.loraB!, 0, 0.02)
    const before = await numbers(layer.weight)
    const input = lora.ones([1, 64])
    for (let i = 0; i < 100; i++) {
      lora.noGrad(() => layer.eval().forward(input))
      layer.train()
    }
    await same(t, layer.weight, before)
    t.notDeepEqual(await numbers(layer.eval().weight), before)
  })
}

test('B19: a training forward while merged is an error that names unmerge(); with gradients off it is fine', async (t) => {
  const layer = trained().merge()
  lora.markOnlyLoraAsTrainable(layer, 'all')
  t.true(layer.training)
  const error = t.throws(() => layer.forward(x()), { instanceOf: lora.GradError })
  t.regex(error!.hint, /unmerge\(\)/)
  await close(
    t,
    lora.noGrad(() => layer.forward(x())),
    want(A1, B1),
  )
  await layer.unmerge().forward(x()).sum().backward()
  t.true(layer.loraA!.hasGrad && layer.loraB!.hasGrad)
})

test('B19: in evaluation mode the factors get their gradients, through a head and biases that train, too', async (t) => {
  const layer = trained().eval()
  infer(layer)
  const head = new nn.Linear(3, 1)
  await head.forward(layer.forward(x())).sum().backward()
  t.true(layer.merged)
  const apart = trained()
  apart.loadStateDict(layer.stateDict())
  const same = new nn.Linear(3, 1, { weight: head.weight.detach(), bias: false })
  await same.forward(apart.forward(x())).sum().backward()
  for (const name of ['loraA', 'loraB'] as const) {
    t.true((await numbers(layer[name]!.grad!)).some((v) => v !== 0))
    await close(t, layer[name]!.grad!, apart[name]!.grad!)
  }
})
