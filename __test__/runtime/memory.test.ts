import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'
import { isOnCandle } from '../support/kernels.js'

const { nn } = lora

async function live() {
  await lora.settle()
  const { total, tapeNodes } = lora.memory()
  return { ...total, tapeNodes }
}

/** Puts its intermediate results in every place that a forward may leave them. */
class Keeper extends nn.Module {
  proj = new nn.Linear(2, 2)
  last: lora.Tensor | null = null
  history: { seen: lora.Tensor[] } = { seen: [] }
  inner = new Inner()

  override forward(
    x: lora.Tensor,
    out: { cache?: lora.Tensor; list: lora.Tensor[] },
    seen: Map<string, lora.Tensor>,
  ): { deep: { y: lora.Tensor[] } } {
    const y = this.proj.forward(x)
    this.last = y.add(1)
    this.history.seen.push(y.add(2))
    out.cache = y.add(3)
    out.list.push(y.add(4))
    seen.set('argument', y.add(5))
    places.kept = lora.keep(y.add(6))
    places.lost = y.add(7)
    places.retained = y.mul(8)
    places.retained.retainGrad()
    return { deep: { y: [this.inner.forward(y)] } }
  }
}

class Inner extends nn.Module {
  stored: lora.Tensor | null = null
  override forward(x: lora.Tensor): lora.Tensor {
    this.stored = x.mul(1)
    return x.mul(2)
  }
}

const places: { kept?: lora.Tensor; lost?: lora.Tensor; retained?: lora.Tensor } = {}

test.serial('forward: keeps its result, fields, what arguments hold, keep() and nothing else', async (t) => {
  const [model, out, seen] = [
    new Keeper(),
    { list: [] as lora.Tensor[] } as { cache?: lora.Tensor; list: lora.Tensor[] },
    new Map<string, lora.Tensor>(),
  ]
  const result = model.forward(lora.ones([1, 2]), out, seen)
  for (const tensor of [
    result.deep.y[0]!,
    model.last!,
    model.history.seen[0]!,
    out.cache!,
    out.list[0]!,
    seen.get('argument')!,
    places.kept!,
    model.inner.stored!,
  ]) {
    t.false(tensor.isDisposed)
    await tensor.data()
  }
  t.true(places.lost!.isDisposed)
  const error = t.throws(() => places.lost!.add(1), { instanceOf: lora.DisposedError })
  t.regex(error!.message, /Keeper\.forward.*\n[^]*keep/)
})

test.serial('forward: what backward needs lives on in the tape', async (t) => {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Tanh(), new nn.Linear(3, 1))
  const before = await live()
  const loss = model
    .forward(lora.ones([4, 2]))
    .square()
    .sum()
  t.true(lora.memory().tapeNodes > 0)
  await loss.backward()
  t.true(model.parameters().every((p) => p.hasGrad))
  model.zeroGrad()
  loss.dispose()
  t.deepEqual(await live(), before)
})

test.serial('forward: inner modules do not release what the outer one still uses', async (t) => {
  class Outer extends nn.Module {
    inner = new Inner()
    override forward(x: lora.Tensor): lora.Tensor {
      const parts = [1, 2, 3].map((k) => this.inner.forward(x.mul(k)))
      return parts[0]!.add(parts[1]!).add(parts[2]!)
    }
  }
  await same(t, new Outer().forward(lora.ones([2])), [12, 12])
})

test.serial('scope: frees all but the result; memory() is back where it was', async (t) => {
  const before = await live()
  const result = lora.scope(() => {
    const x = lora.randn([100, 100])
    return { sums: [x.matmul(x).sum(), x.sum()] }
  })
  t.is((await live()).tensors, before.tensors + 2)
  for (const sum of result.sums) sum.dispose()
  t.deepEqual(await live(), before)
  t.throws(
    () =>
      lora.scope(() => {
        lora.ones([2])
        throw new Error('inside')
      }),
    { message: 'inside' },
  )
  t.deepEqual(await live(), before)
})

test.serial('using and dispose: freed at once, and only once', async (t) => {
  const before = await live()
  {
    using x = lora.zeros([1000])
    t.is((await live()).bytes, before.bytes + 4000)
    void x
  }
  t.deepEqual(await live(), before)
})

test.serial('views: counted once, freed with the last of them', async (t) => {
  const before = await live()
  const x = lora.zeros([1000])
  const view = x.reshape(10, 100)
  t.is((await live()).bytes, before.bytes + 4000)
  x.dispose()
  t.is((await live()).bytes, before.bytes + 4000)
  view.dispose()
  t.deepEqual(await live(), before)
})

test.serial('handles: unreachable tensors are freed by settle()', async (t) => {
  const before = await live()
  for (let i = 0; i < 50; i++)
    lora
      .randn([50, 50])
      .matmul(lora.randn([50, 50]))
      .sum()
  t.deepEqual(await live(), before)
})

// Full collections cost half a second beside a large JavaScript heap; young ones a few milliseconds beside any.
test.serial('handles: a young collection of V8 is enough to see that they ended', async (t) => {
  const before = await live()
  for (let i = 0; i < 20; i++) lora.ones([100])
  t.is(lora.memory().total.tensors, before.tensors + 20)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'minor' })
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.is(lora.memory().total.tensors, before.tensors)
})

test.serial('memory: kinds of a training step', async (t) => {
  const before = await live()
  const kinds = lora.memory()
  const model = new lora.Linear(64, 32, { r: 4, bias: false })
  lora.markOnlyLoraAsTrainable(model)
  const optimizer = new lora.optim.AdamW([model.loraA!, model.loraB!])
  const loss = model.forward(lora.ones([2, 64])).sum()
  await loss.backward()
  await optimizer.step()
  await lora.settle()
  const now = lora.memory()
  const factors = 4 * (64 + 32) * 4
  t.is(now.base.bytes - kinds.base.bytes, 64 * 32 * 4)
  t.is(now.adapter.bytes - kinds.adapter.bytes, factors)
  t.is(now.gradient.bytes - kinds.gradient.bytes, factors)
  t.is(now.optimizer.bytes - kinds.optimizer.bytes, 2 * factors)
  t.true(now.peakBytes >= now.liveBytes)
  loss.dispose()
  optimizer.zeroGrad()
  for (const state of Object.values(optimizer.stateDict().state))
    for (const m of Object.values(state)) if (m instanceof lora.Tensor) m.dispose()
  for (const p of model.parameters()) p.dispose()
  t.deepEqual(await live(), before)
})

test.serial('memory: a plain loop without dispose or scope does not grow', async (t) => {
  const model = new nn.Sequential(new nn.Linear(32, 64), new nn.GELU(), new nn.Linear(64, 32))
  const optimizer = new lora.optim.AdamW(model.parameters())
  const step = async () => {
    const loss = model
      .forward(lora.randn([16, 32]))
      .square()
      .mean()
    loss.backward()
    await optimizer.step()
    optimizer.zeroGrad()
    return loss.item()
  }
  for (let i = 0; i < 5; i++) await step()
  const early = await live()
  for (let i = 0; i < 50; i++) await step()
  t.deepEqual(await live(), early)
})

test.serial('memory: eval() costs one copy of the adapted weight, train() gives it back', async (t) => {
  const layer = new lora.Linear(64, 32, { r: 4 })
  const before = await live()
  layer.eval()
  const y = lora.noGrad(() => layer.forward(lora.ones([1, 64])))
  await y.data()
  y.dispose()
  t.is((await live()).bytes, before.bytes + 64 * 32 * 4)
  layer.train()
  t.deepEqual(await live(), before)
})

test.serial('settle: waits for what other streams have queued, closed ones too', async (t) => {
  if (isOnCandle(t, 'bytes are not counted')) return
  const [open, closed] = [lora.stream(), lora.stream()]
  const before = await live()
  for (const stream of [open, closed]) {
    stream.run(() =>
      lora.scope(() => {
        const x = lora.randn([500, 500])
        for (let i = 0; i < 5; i++) x.matmul(x).sum()
      }),
    )
  }
  closed.close()
  t.deepEqual(await live(), before)
  const { values, liveValues, total, numberBytes, mappedBytes } = lora.memory()
  t.is(liveValues, values)
  t.is(numberBytes + mappedBytes, total.bytes)
  open.close()
})

test.serial('settle: leaves the error of another stream to the code that awaits that stream', async (t) => {
  const stream = lora.stream()
  // A label outside of the classes is found when the numbers are there.
  const failed = stream.run(() => {
    return nn.functional.crossEntropy(lora.randn([1, 3]), lora.tensor([1], { dtype: 'i64' }).add(7))
  })
  await lora.settle()
  await t.throwsAsync(stream.run(() => failed.item()))
  stream.close()
  failed.dispose()
  await lora.settle()
})

test.serial('handles: a tensor that leaves nested scopes lives on, and keep() outlives all of them', async (t) => {
  const before = await live()
  const kept: lora.Tensor[] = []
  const result = lora.scope(() =>
    lora.scope(() => {
      kept.push(lora.keep(lora.ones([3])))
      const lost = lora.ones([2])
      return lost.add(1)
    }),
  )
  await same(t, result, [2, 2])
  await same(t, kept[0]!, [1, 1, 1])
  t.is((await live()).tensors, before.tensors + 2)
  for (const tensor of [result, ...kept]) tensor.dispose()
  t.deepEqual(await live(), before)
})

test.serial('graphs: a loop that drops them without backward holds two of them at most', async (t) => {
  const model = new nn.Sequential(new nn.Linear(256, 256), new nn.GELU(), new nn.Linear(256, 256), new nn.GELU())
  const x = lora.randn([8192, 256])
  const loss = () => model.forward(x).square().mean()
  const none = await live()
  const one = loss()
  const nodes = lora.memory().tapeNodes - none.tapeNodes
  await one.item()
  one.dispose()
  const held: number[] = []
  for (let i = 0; i < 12; i++) {
    await loss().item()
    held.push((lora.memory().tapeNodes - none.tapeNodes) / nodes)
  }
  t.true(nodes > 0)
  t.true(held.filter((n) => n > 2).length <= 2, `graphs held: ${held.join(', ')}`)
  t.deepEqual(await live(), none)
})

test.serial('tensor: integers cross without loss, from the smallest to the largest', async (t) => {
  const list = [
    0,
    -1,
    1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    -(2 ** 32) - 1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]
  t.deepEqual(await lora.tensor(list, { dtype: 'i64' }).tolist(), list)
  const wide = [2n ** 62n, -(2n ** 63n), 2n ** 63n - 1n, -1n]
  t.deepEqual(await lora.tensor(wide).data(), BigInt64Array.from(wide))
  t.deepEqual(await lora.tensor([2 ** 60, true, 5n], { dtype: 'i64' }).data(), BigInt64Array.of(2n ** 60n, 1n, 5n))
  t.throws(() => lora.tensor([0.5], { dtype: 'i64' }), { instanceOf: lora.DtypeError })
  t.throws(() => lora.tensor([2 ** 63], { dtype: 'i64' }), { instanceOf: lora.DtypeError })
})
