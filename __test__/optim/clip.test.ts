import test from 'ava'
import * as lora from 'loralib'
import { close } from '../support/close.js'

const { nn, optim } = lora

function pair(): lora.Tensor[] {
  const [a, b, c] = [nn.parameter(lora.zeros([2])), nn.parameter(lora.zeros([1])), nn.parameter(lora.zeros([3]))]
  a.grad = lora.tensor([3, 0])
  b.grad = lora.tensor([-4])
  return [a, b, c] // c has no gradient
}

test('clipGradNorm: scales all gradients by one factor and returns the norm before', async (t) => {
  const params = pair()
  await close(t, optim.clipGradNorm(params, 1), [5])
  await close(t, params[0]!.grad!, [0.6, 0])
  await close(t, params[1]!.grad!, [-0.8])
  await close(t, optim.clipGradNorm(params, 10), [1])
  await close(t, params[0]!.grad!, [0.6, 0])
})

test('clipGradNorm: other norms, and no gradients at all', async (t) => {
  await close(t, optim.clipGradNorm(pair(), 100, { normType: Infinity }), [4])
  await close(t, optim.clipGradNorm(pair(), 100, { normType: 1 }), [7])
  await close(t, optim.clipGradNorm([nn.parameter(lora.zeros([2]))], 1), [0])
  t.throws(() => optim.clipGradNorm(pair(), -1), { instanceOf: lora.OptionError })
  t.throws(() => optim.clipGradNorm(pair(), 1, { normType: 0 }), { instanceOf: lora.OptionError })
})

test('clipGradValue: holds each element between two bounds', async (t) => {
  const params = pair()
  optim.clipGradValue(params, 3.5)
  await close(t, params[0]!.grad!, [3, 0])
  await close(t, params[1]!.grad!, [-3.5])
})
