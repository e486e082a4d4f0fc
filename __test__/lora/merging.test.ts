// Merging never writes the weight: what was saved, loaded or trained while merged is right, in contrast to upstream (B12–B14, B18).
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const { nn } = lora

const tensors = (step: number) => ({
  weight: lora.tensor(rows(wave(12, step), 4)),
  bias: lora.tensor(wave(3, step)),
  lora_A: lora.tensor(rows(wave(8, step + 1), 4)),
  lora_B: lora.tensor(rows(wave(6, step + 2), 2)),
})
const X = () => lora.tensor(rows(wave(8, 0.4), 4))

// Without gradients: with them, a merged layer computes with its factors.
const infer = (layer: lora.Linear) => lora.noGrad(() => layer.forward(X()))

function holding(step: number, options: object = {}): lora.Linear {
  const layer = new lora.Linear(4, 3, { r: 2, loraAlpha: 4, ...options })
  layer.loadStateDict(tensors(step))
  return layer
}

test('eval() and train() return the layer; eval() merges, train() unmerges, mergeWeights: false opts out', (t) => {
  const layer = holding(1)
  t.is(layer.eval(), layer)
  t.true(layer.merged)
  t.is(layer.train(), layer)
  t.false(layer.merged)
  t.false(holding(1, { mergeWeights: false }).eval().merged)
})

for (const dtype of ['f32', 'bf16', 'f16'] as const) {
  test(`100 x eval() and train() leave the weight as it was, bit for bit (${dtype})`, async (t) => {
    const layer = holding(1, { dtype })
    const before = await numbers(layer.weight)
    for (let i = 0; i < 100; i++) {
      infer(layer.eval())
      layer.train()
    }
    await same(t, layer.weight, before)
  })
}

test('saving while merged saves the unmerged weight', async (t) => {
  const layer = holding(1)
  const want = await numbers(layer.forward(X()))
  const fresh = new lora.Linear(4, 3, { r: 2, loraAlpha: 4 })
  fresh.loadStateDict(layer.eval().stateDict())
  await close(t, fresh.forward(X()), want)
  await close(t, infer(fresh.eval()), want)
})

test('loading while merged: forward and weight follow, and train() gives the loaded weight', async (t) => {
  const layer = holding(2).eval()
  infer(layer)
  layer.loadStateDict(tensors(1))
  await close(t, infer(layer), infer(holding(1).eval()))
  await same(t, layer.train().weight, tensors(1).weight)
})

test('switching adapters while merged keeps the base', async (t) => {
  const layer = holding(1).eval()
  infer(layer)
  const { lora_A, lora_B } = tensors(2)
  layer.loadStateDict({ lora_A, lora_B }, { strict: false })
  const want = holding(1)
  want.loadStateDict({ lora_A, lora_B }, { strict: false })
  await close(t, infer(layer), want.forward(X()))
  await same(t, layer.train().weight, tensors(1).weight)
})

test('a weight read while merged stays readable after train()', async (t) => {
  const layer = holding(1)
  const plain = await numbers(layer.weight)
  const merged = layer.eval().weight
  layer.train()
  t.notDeepEqual(await numbers(merged), plain)
})

test('a training forward on merged weights is an error that names unmerge()', (t) => {
  const layer = holding(1).merge()
  t.true(layer.training)
  t.throws(() => layer.forward(X()), { instanceOf: lora.GradError, message: /unmerge\(\)/ })
  t.notThrows(() => lora.noGrad(() => layer.forward(X())))
})

test('writing to the weight while merged is an error that names unmerge()', (t) => {
  const layer = holding(1).eval()
  t.throws(() => (layer.weight = lora.zeros([3, 4])), { instanceOf: lora.OptionError, message: /unmerge\(\)/ })
  t.throws(
    () => {
      lora.noGrad(() => layer.weight.fill_(0))
      layer.forward(X())
    },
    { message: /unmerge\(\)/ },
  )
})

test('mergeAndUnload: plain layers with the merged weights, and the same outputs', async (t) => {
  const model = new nn.Sequential(holding(1), holding(3, { fanInFanOut: false }).train())
  const first = new nn.Sequential(holding(1))
  const want = await numbers(first.forward(X()))
  t.deepEqual(lora.mergeAndUnload(first), ['0'])
  t.true(first.at(0) instanceof nn.Linear)
  await close(t, first.forward(X()), want)
  t.deepEqual(Object.keys(first.stateDict()), ['0.weight', '0.bias'])
  lora.mergeAll(model)
  t.true((model.at(0) as lora.Linear).merged)
  lora.unmergeAll(model)
  t.false((model.at(1) as lora.Linear).merged)
})

test('mergeAndUnload: a model that is itself a LoRA layer is an error; toPlain() gives its twin', async (t) => {
  const layer = holding(1)
  t.throws(() => lora.mergeAndUnload(layer), { instanceOf: lora.OptionError, message: /toPlain/ })
  const plain = layer.toPlain()
  t.true(plain instanceof nn.Linear && !layer.merged)
  await close(t, (plain as lora.nn.Linear).forward(X()), layer.forward(X()))
})
