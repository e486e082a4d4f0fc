// Failures that only running can find change nothing that lasts, and name where they began.
import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'
import { wrongUses } from '../support/errors.js'

const { nn, optim } = lora
const weak = (value: unknown) => value as never
/** A scalar that fails when it runs: behind long products, so that the failure is not known before all is recorded. */
function broken(): lora.Tensor {
  const x = lora.ones([700, 700])
  for (let i = 0; i < 4; i++) x.matmul(x)
  return new nn.Embedding(3, 2).forward(lora.tensor([7n])).sum()
}
const counts = (optimizer: lora.optim.AdamW) => Object.values(optimizer.stateDict().state).map(({ step }) => step)

// A failure that the test before was not told.
test.beforeEach(() => lora.settle().catch(() => {}))

test.serial('a step that failed is not counted, and its moments are recreated', async (t) => {
  const [p, twin] = [nn.parameter(lora.ones([2])), nn.parameter(lora.ones([2]))]
  const [optimizer, reference] = [new optim.AdamW([p], { lr: 0.1 }), new optim.AdamW([twin], { lr: 0.1 })]
  const step = async (x: lora.Tensor, by: lora.optim.AdamW, factor?: lora.Tensor) => {
    x.square()
      .mul(factor ?? 1)
      .sum()
      .backward()
    await by.step()
    by.zeroGrad()
  }
  await t.throwsAsync(step(p, optimizer, broken()), { code: 'ERR_LORA_INDEX' })
  // The failure of backward may be told a second time, by what is recorded next.
  await lora.settle().catch(() => {})
  t.deepEqual(counts(optimizer), [0])
  await same(t, p, [1, 1])
  optimizer.zeroGrad()
  for (let i = 0; i < 2; i++) await step(p, optimizer)
  await t.throwsAsync(step(p, optimizer, broken()), { code: 'ERR_LORA_INDEX' })
  // The failure of backward may be told a second time, by what is recorded next.
  await lora.settle().catch(() => {})
  optimizer.zeroGrad()
  await step(p, optimizer)
  for (let i = 0; i < 3; i++) await step(twin, reference)
  t.deepEqual(counts(optimizer), [3])
  t.deepEqual(await numbers(p), await numbers(twin))
})

test.serial('failed steps that are not awaited one by one are undone, too', async (t) => {
  const p = nn.parameter(lora.ones([2]))
  const optimizer = new optim.AdamW([p], { lr: 0.1 })
  for (const factor of [1, broken(), 1]) {
    try {
      p.square().mul(factor).sum().backward()
      optimizer.step()
    } catch {
      // The second failure may be known already.
    }
    p.grad = null
  }
  await lora.settle().catch(() => {})
  await lora.settle().catch(() => {})
  t.true(Number(counts(optimizer)[0]) <= 2)
  t.true((await numbers(p))[0]! < 1)
})

test.serial('a loss that failed gives no gradient that a step would take', async (t) => {
  const p = nn.parameter(lora.ones([2]))
  const optimizer = new optim.SGD([p], { lr: 1 })
  // The gradient of p does not depend on the failed part, but it is one of a loss that there is not.
  p.sum().add(broken()).backward()
  await t.throwsAsync(async () => await optimizer.step(), { code: 'ERR_LORA_INDEX' })
  await same(t, p, [1, 1])
  optimizer.zeroGrad()
  p.sum().reshape(1, 1).backward()
  await optimizer.step()
  await same(t, p, [0, 0])
})

test.serial('a NaN that anomaly mode finds in the loss keeps the step from being made', async (t) => {
  const p = nn.parameter(lora.tensor([-1, 1]))
  lora.anomaly(() => p.log().sum().backward())
  await t.throwsAsync(async () => await new optim.SGD([p], { lr: 1 }).step(), { code: 'ERR_LORA_NON_FINITE' })
  await same(t, p, [-1, 1])
})

test.serial('a state dict with one failed tensor loads nothing', async (t) => {
  const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1))
  const before = await Promise.all(model.parameters().map(numbers))
  const dict = Object.fromEntries(Object.entries(model.stateDict()).map(([key, x]) => [key, x.detach().add(1)]))
  model.loadStateDict({ ...dict, '1.bias': dict['1.bias']!.mul(broken()) })
  await t.throwsAsync(lora.settle(), { code: 'ERR_LORA_INDEX' })
  t.deepEqual(await Promise.all(model.parameters().map(numbers)), before)
  model.loadStateDict(dict)
  await same(t, model.parameters()[3]!, [Math.fround(before[3]![0]! + 1)])
})

class Outer extends nn.Module {
  inner = new nn.Sequential(new nn.LayerNorm(3))
  override forward(x: lora.Tensor): lora.Tensor {
    return this.inner.forward(x)
  }
}

wrongUses('where errors are', [
  [
    'a check of TypeScript inside of a model: its path',
    () => new Outer().forward(lora.ones([2, 4])),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { path: /^inner\.0$/, message: /\(at inner\.0\)\n/ },
  ],
  [
    'an operation that the sentence does not name',
    () => lora.ones([2]).add(lora.ones([3])),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { message: /^add: /, hint: /unsqueeze/ },
  ],
  [
    'sizes as the caller wrote them',
    () => lora.ones([2, 3]).reshape(4, -1),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /asked for \(4, -1\)/, hint: /reshape/ },
  ],
])

wrongUses('options of what makes tensors', [
  [
    'a misspelt one',
    () => lora.zeros([2], weak({ dtpye: 'f64' })),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { hint: /write dtype/ },
  ],
  ['a shape instead of them', () => lora.tensor([1, 2], weak([2])), lora.OptionError, 'ERR_LORA_OPTION', {}],
  [
    'a device',
    () => lora.ones([2], weak({ device: 'cuda' })),
    lora.DeviceError,
    'ERR_LORA_DEVICE',
    { hint: /LORALIB_DEVICE/ },
  ],
  [
    'a device in to()',
    () => lora.ones([2]).to(weak('cuda:0')),
    lora.DeviceError,
    'ERR_LORA_DEVICE',
    { received: /cuda:0/ },
  ],
  [
    'a state dict of another thread',
    () => new nn.Linear(1, 1).loadStateDict(structuredClone({ weight: lora.ones([1, 1]), bias: lora.ones([1]) })),
    lora.ThreadError,
    'ERR_LORA_THREAD',
    { hint: /postMessage/ },
  ],
])
