import test from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'

const { tensor } = lora

test('in place: the tensor itself comes back, with its new numbers', async (t) => {
  const x = tensor([1, 2, 3])
  t.is(x.add_(1), x)
  await same(t, x, [2, 3, 4])
  await same(t, x.sub_(tensor([1, 1, 1])), [1, 2, 3])
  await same(t, x.mul_(2), [2, 4, 6])
  await same(t, x.div_(tensor([2])), [1, 2, 3])
  await same(t, x.clamp_(1.5, 2.5), [1.5, 2, 2.5])
  await same(t, x.copy_(tensor([7n, 8n, 9n])), [7, 8, 9])
  await same(t, x.copy_(tensor([4])), [4, 4, 4])
  await same(t, x.fill_(5), [5, 5, 5])
  await same(t, x.zero_(), [0, 0, 0])
})

test('in place: each change bumps the version, nothing else does', async (t) => {
  const x = tensor([1, 2])
  t.is(x.version, 0)
  x.add_(1)
  x.fill_(3)
  t.is(x.version, 2)
  x.add(1)
  await x.data()
  t.is(x.version, 2)
})

test('in place: a view and a detached tensor share numbers and version', async (t) => {
  const x = tensor([1, 2, 3, 4])
  const [view, detached, copy] = [x.reshape(2, 2), x.detach(), x.clone()]
  view.fill_(9)
  await same(t, x, [9, 9, 9, 9])
  await same(t, detached, [9, 9, 9, 9])
  await same(t, copy, [1, 2, 3, 4])
  t.is(x.version, 1)
  t.is(detached.version, 1)
  t.is(copy.version, 0)
})

test('in place: a read that was requested before sees the old numbers', async (t) => {
  const x = tensor([1])
  const before = x.data()
  x.fill_(2)
  const after = x.data()
  t.is((await before)[0], 1)
  t.is((await after)[0], 2)
})

test('in place: gradients go through a changed result', async (t) => {
  const x = tensor([1, 2], { requiresGrad: true })
  const y = x.mul(3)
  y.add_(1).mul_(2)
  await same(t, y, [8, 14])
  await y.sum().backward()
  await same(t, x.grad!, [6, 6])
})

test('in place: an operand that requires a gradient gets one', async (t) => {
  const [x, b] = [tensor([1, 2], { requiresGrad: true }), tensor([5], { requiresGrad: true })]
  const y = x.mul(3)
  y.add_(b)
  await y.sum().backward()
  await same(t, b.grad!, [2])
  await same(t, x.grad!, [3, 3])
})

test('in place: a leaf may be changed under noGrad', async (t) => {
  const x = tensor([1, 2], { requiresGrad: true })
  lora.noGrad(() => x.mul_(10))
  await same(t, x, [10, 20])
  await x.square().sum().backward()
  await same(t, x.grad!, [20, 40])
})

test('in place: half types', async (t) => {
  for (const dtype of ['bf16', 'f16'] as const) {
    const x = tensor([1, 2], { dtype })
    x.add_(tensor([1, 1], { dtype })).mul_(2)
    t.is(x.dtype, dtype)
    await same(t, x, [4, 6])
  }
})
