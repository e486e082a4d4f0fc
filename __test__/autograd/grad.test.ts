import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'

const leaf = (...values: number[]) => lora.tensor(values, { requiresGrad: true })

// First: what earlier tests still hold would blur the counts.
test.serial('grad: leaves no memory behind', async (t) => {
  await lora.settle()
  const before = lora.memory().total
  lora.scope(() => {
    const x = leaf(1, 2)
    lora.grad(x.exp().sum(), [x])
    t.throws(() => lora.grad([x.exp().sum(), x.exp()], [x]))
  })
  await lora.settle()
  t.deepEqual(lora.memory().total, before)
})

test.serial('grad: of leaves and results, and no grad changes', async (t) => {
  const [x, w] = [leaf(1, 2), leaf(3, 4)]
  const h = x.mul(w)
  const loss = h.square().sum()
  h.retainGrad()
  const [dh, dx] = lora.grad(loss, [h, x])
  await same(t, dh!, [6, 16])
  await same(t, dx!, [18, 64])
  t.deepEqual([x.grad, w.grad, h.grad], [null, null, null])
  t.false(dx!.requiresGrad)
})

test.serial('grad: several outputs with their gradients; the same input twice; an output as an input', async (t) => {
  const x = leaf(1, 2)
  const [a, b] = [x.square(), x.mul(5).sum()]
  const [dx, again, db] = lora.grad([a, b], [x, x, b], { gradOutputs: [lora.tensor([10, 100]), null] })
  await same(t, dx!, [25, 405])
  await same(t, again!, [25, 405])
  await same(t, db!, [1])
})

test.serial('grad: backward afterwards needs retainGraph, and only where grad went', async (t) => {
  const x = leaf(2)
  const y = x.square().mul(3)
  const [dx] = lora.grad(y, [x], { retainGraph: true })
  await y.backward()
  await same(t, dx!, [12])
  await same(t, x.grad!, [12])
  t.throws(() => lora.grad(y, [x]), { code: 'ERR_LORA_GRAD', message: /before/ })
  // The branch to w was not walked and can still be.
  const w = leaf(5)
  const [p, q] = [x.exp(), w.square()]
  lora.grad(p.add(q), [x])
  await q.backward()
  await same(t, w.grad!, [10])
})

test.serial('grad: nothing is computed for a branch that leads to no input', async (t) => {
  const [x, w] = [leaf(2), leaf(0)]
  let calls = 0
  const branch = w.sqrt()
  branch.registerHook(() => void calls++)
  const [dx] = lora.grad(branch.add(x), [x])
  await same(t, dx!, [1])
  t.is(calls, 0)
})

test.serial('grad: hooks see and change gradients', async (t) => {
  const x = leaf(2)
  const y = x.square()
  x.registerHook((grad) => grad.mul(10))
  y.registerHook((grad) => grad.add(1))
  const [dy, dx] = lora.grad(y.mul(3), [y, x])
  await same(t, dy!, [4])
  await same(t, dx!, [160])
})

test.serial('grad: through a whole model, as backward gives them', async (t) => {
  lora.manualSeed(3)
  const net = new lora.nn.Sequential(new lora.nn.Linear(4, 8), new lora.nn.GELU(), new lora.nn.Linear(8, 2))
  const x = lora.rand([5, 4])
  const loss = () => (net.forward(x) as lora.Tensor).square().mean()
  const grads = lora.grad(loss(), net.parameters())
  await loss().backward()
  for (const [i, p] of net.parameters().entries()) await close(t, grads[i]!, await numbers(p.grad!))
})

test.serial('grad: wrong uses', async (t) => {
  const [x, w] = [leaf(1, 2), leaf(3, 4)]
  const y = x.square()
  t.throws(() => lora.grad(y.sum(), [x, w]), { code: 'ERR_LORA_GRAD', message: /input 1, shape \(2\)/ })
  const y2 = x.square().sum()
  const [dx, dw] = lora.grad(y2, [x, w], { allowUnused: true })
  await same(t, dx!, [2, 4])
  t.is(dw, null)
  t.throws(() => lora.grad(x.square(), [x]), { code: 'ERR_LORA_GRAD', message: /scalar/ })
  t.throws(() => lora.grad(x.square().sum(), [lora.ones([1])]), { code: 'ERR_LORA_GRAD', message: /input 0/ })
  t.throws(() => lora.grad(x.square().sum(), []), { code: 'ERR_LORA_OPTION' })
  t.throws(() => lora.grad(x.square().sum(), [x], { gradOutputs: [] }), { code: 'ERR_LORA_OPTION' })
  t.throws(() => lora.grad(x.square(), [x], { gradOutputs: lora.ones([3]) }), { code: 'ERR_LORA_SHAPE' })
  t.throws(() => lora.grad(x.square().sum(), [x], { createGraph: true }), { code: 'ERR_LORA_UNSUPPORTED' })
  t.throws(() => x.square().sum().backward(null, { createGraph: true }), { code: 'ERR_LORA_UNSUPPORTED' })
  const z = lora.checkpoint((a: lora.Tensor) => a.square(), x).sum()
  t.throws(() => lora.grad(z, [x]), { code: 'ERR_LORA_UNSUPPORTED', message: /checkpoint/ })
})
