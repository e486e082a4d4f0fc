import test from 'ava'
import * as lora from 'loralib'
import { close, same, wave } from '../support/close.js'

const leaf = (...values: number[]) => lora.tensor(values, { requiresGrad: true })

test.serial('backward: gradients add up over calls until they are set to null', async (t) => {
  const x = leaf(1, 2)
  t.is(x.grad, null)
  t.false(x.hasGrad)
  await x.square().sum().backward()
  await same(t, x.grad!, [2, 4])
  x.mul(3).sum().backward()
  await same(t, x.grad!, [5, 7])
  t.true(x.hasGrad)
  x.grad = null
  t.is(x.grad, null)
  await x.mul(3).sum().backward()
  await same(t, x.grad!, [3, 3])
})

test.serial('backward: a value used twice gets both gradients, a deep graph and a wide one too', async (t) => {
  const x = leaf(2)
  const y = x.mul(x).add(x)
  await y.add(y).backward()
  await same(t, x.grad!, [10])
  const deep = leaf(1)
  let z: lora.Tensor = deep
  for (let i = 0; i < 3000; i++) z = z.add(1)
  await z.backward()
  await same(t, deep.grad!, [1])
  const wide = leaf(1)
  await lora
    .stack(Array.from({ length: 200 }, () => wide.mul(2)))
    .sum()
    .backward()
  await same(t, wide.grad!, [400])
})

test.serial('backward: a gradient of the caller for a result of several elements', async (t) => {
  const x = leaf(1, 2, 3)
  await x.square().backward(lora.tensor([1, 10, 100]))
  await same(t, x.grad!, [2, 40, 600])
})

test.serial('grad: can be set, read and used', async (t) => {
  const x = leaf(1, 2)
  x.grad = lora.tensor([5, 6])
  await same(t, x.grad!, [5, 6])
  t.is(x.grad, x.grad)
  await x.sum().backward()
  await same(t, x.grad!, [6, 7])
  t.false(x.grad!.requiresGrad)
})

test.serial('retainGraph: backward a second time over the same graph', async (t) => {
  const x = leaf(3)
  const y = x.square().sum()
  y.backward(null, { retainGraph: true })
  y.backward()
  await same(t, x.grad!, [12])
  t.throws(() => y.backward(), { code: 'ERR_LORA_GRAD' })
})

test.serial('retainGrad: the gradient of a result', async (t) => {
  const x = leaf(1, 2)
  const [kept, plain] = [x.mul(3), x.mul(5)]
  kept.retainGrad()
  await kept.add(plain).square().sum().backward()
  await same(t, kept.grad!, [16, 32])
  t.is(plain.grad, null)
  await same(t, x.grad!, [128, 256])
})

test.serial('detach, noGrad, enableGrad, requiresGrad: where the graph ends', async (t) => {
  const x = leaf(2)
  const y = x.mul(3)
  t.false(y.isLeaf)
  t.true(x.isLeaf)
  t.true(y.requiresGrad)
  t.false(y.detach().requiresGrad)
  t.true(y.detach().isLeaf)
  await y.detach().mul(x).sum().backward()
  await same(t, x.grad!, [6])
  lora.noGrad(() => {
    t.false(lora.isGradEnabled())
    t.false(x.mul(2).requiresGrad)
    t.true(lora.enableGrad(() => x.mul(2)).requiresGrad)
  })
  t.true(lora.isGradEnabled())
  t.throws(
    () =>
      lora.noGrad(() => {
        throw new Error('from inside')
      }),
    { message: 'from inside' },
  )
  t.true(lora.isGradEnabled())
  t.true(lora.ones([1]).requiresGrad_().mul(1).requiresGrad)
})

test.serial('frozen inputs: no gradient, and no memory for one', async (t) => {
  await lora.settle()
  const before = lora.memory().gradient.bytes
  const [x, frozen] = [leaf(...wave(8)), lora.ones([8])]
  await x.mul(frozen).sum().backward()
  await lora.settle()
  t.is(frozen.grad, null)
  t.is(lora.memory().gradient.bytes - before, 32)
})

test.serial('backward frees the graph: the tape is empty afterwards', async (t) => {
  await lora.settle()
  const nodes = lora.memory().tapeNodes
  const loss = leaf(1, 2).exp().square().sum()
  t.true(lora.memory().tapeNodes > nodes)
  await loss.backward()
  loss.dispose()
  await lora.settle()
  t.is(lora.memory().tapeNodes, nodes)
})

test.serial('a graph without a backward is freed with its last handle', async (t) => {
  await lora.settle()
  const before = lora.memory()
  lora.scope(() => {
    leaf(1, 2).exp().square().sum()
  })
  await lora.settle()
  t.is(lora.memory().tapeNodes, before.tapeNodes)
  t.deepEqual(lora.memory().total, before.total)
})

test.serial('backward meets central differences (f64)', async (t) => {
  const start = wave(6, 0.9)
  const f = (x: lora.Tensor) =>
    x.reshape(2, 3).softmax(1).mul(x.reshape(2, 3).tanh()).sum().add(x.square().mean().sqrt())
  const x = lora.tensor(start, { dtype: 'f64', requiresGrad: true })
  await f(x).backward()
  const h = 1e-6
  const at = async (i: number, step: number) =>
    f(
      lora.tensor(
        start.map((v, j) => (i === j ? v + step : v)),
        { dtype: 'f64' },
      ),
    ).item()
  const want = await Promise.all(start.map(async (_, i) => ((await at(i, h)) - (await at(i, -h))) / (2 * h)))
  const got = await x.grad!.data()
  want.forEach((w, i) => t.true(Math.abs(w - Number(got[i])) < 1e-8, `${i}: ${got[i]}, not ${w}`))
})

test.serial('a lazy thenable: awaited, chained, or left alone', async (t) => {
  const x = leaf(1)
  const done = x.square().backward()
  t.is(await done, undefined)
  t.is(await done.then(() => 5), 5)
  await done.finally(() => t.pass())
  x.square().backward()
  await close(t, x.grad!, [4])
})
