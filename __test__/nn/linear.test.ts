import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, wave } from '../support/close.js'
import { product, rows, transposed } from '../support/reference.js'

const { nn } = lora

test('nn.Linear: y = x Wᵀ + bias for inputs of any rank (f32, f64)', async (t) => {
  for (const dtype of ['f32', 'f64'] as const) {
    const layer = new nn.Linear(3, 2, { dtype })
    layer.loadStateDict({ weight: lora.tensor(rows(wave(6), 3), { dtype }), bias: lora.tensor([0.5, -1], { dtype }) })
    const x = wave(12, 0.3)
    const want = product(rows(x, 3), transposed(rows(wave(6), 3))).map(([a, b]) => [a! + 0.5, b! - 1])
    const y = layer.forward(lora.tensor(x, { dtype }).reshape([2, 2, 3]))
    t.deepEqual(y.shape, [2, 2, 2])
    await close(t, y, want.flat(), dtype)
  }
})

test('nn.TransposedLinear: the same as nn.Linear with the weight transposed', async (t) => {
  const weight = lora.tensor(rows(wave(6), 2)) // (in 3, out 2)
  const transposedLayer = new nn.TransposedLinear(3, 2, { weight, bias: false })
  const plain = new nn.Linear(3, 2, { weight: weight.t(), bias: false })
  const x = lora.tensor(rows(wave(6, 0.4), 3))
  await close(t, transposedLayer.forward(x), plain.forward(x))
  t.deepEqual(Object.keys(transposedLayer.stateDict()), ['weight'])
})

test('nn.Linear: new weight and bias are within ±1/√in and fill that range', async (t) => {
  lora.manualSeed(1)
  const layer = new nn.Linear(16, 400)
  for (const parameter of [layer.weight, layer.bias!]) {
    const values = await numbers(parameter)
    t.true(values.every((v) => Math.abs(v) <= 0.25))
    t.true(Math.max(...values) > 0.22 && Math.min(...values) < -0.22)
  }
})

test('nn.Linear: a weight given is taken as it is, and stays frozen if it was', (t) => {
  const weight = nn.parameter(lora.zeros([2, 3]), false)
  const layer = new nn.Linear(3, 2, { weight })
  t.is(layer.weight, weight)
  t.false(layer.weight.requiresGrad)
  t.true(layer.bias!.requiresGrad)
})

test('nn.Linear: a bf16 layer keeps its bias in f32 and gives f32', async (t) => {
  const layer = new nn.Linear(4, 3, { dtype: 'bf16' })
  t.is(layer.weight.dtype, 'bf16')
  t.is(layer.bias!.dtype, 'f32')
  t.is(layer.forward(lora.ones([2, 4])).dtype, 'f32')
})

test('nn.Linear: bad options throw in the constructor and name the near match', (t) => {
  const thrown = t.throws(() => new nn.Linear(3, 2, { bais: false } as never), { instanceOf: lora.OptionError })
  t.regex(thrown!.message, /bais[\s\S]*bias/)
  t.throws(() => new nn.Linear(0, 2), { instanceOf: lora.OptionError })
  t.throws(() => new nn.Linear(2.5, 2), { instanceOf: lora.OptionError })
  t.throws(() => new nn.Linear(3, 2, { dtype: 'i64' as never }), { instanceOf: lora.OptionError })
  t.throws(() => new nn.Linear(3, 2, { weight: lora.zeros([3, 2]) }), { instanceOf: lora.OptionError })
})
