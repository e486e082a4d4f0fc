import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'
import { wrongUses } from '../support/errors.js'

const { nn, optim, AsyncError, GradError, IndexError, DtypeError, OptionError, ShapeError } = lora

const leaf = (...values: number[]) => lora.tensor(values, { requiresGrad: true })
const merged = () => new lora.Linear(2, 2, { r: 1 }).merge()

wrongUses('gradients', [
  [
    'backward twice',
    () => {
      const y = leaf(1, 2).square().sum()
      y.backward()
      y.backward()
    },
    GradError,
    'ERR_LORA_GRAD',
    { hint: /retainGraph/ },
  ],
  [
    'backward twice through a shared part',
    () => {
      const y = leaf(1).exp()
      y.mul(2).backward()
      y.mul(3).backward()
    },
    GradError,
    'ERR_LORA_GRAD',
    {},
  ],
  [
    'backward without a graph',
    () => lora.ones([1]).backward(),
    GradError,
    'ERR_LORA_GRAD',
    { expected: /requiresGrad/, hint: /noGrad|train\(\)/ },
  ],
  ['backward of what noGrad made', () => lora.noGrad(() => leaf(1).mul(2)).backward(), GradError, 'ERR_LORA_GRAD', {}],
  ['backward of a detached result', () => leaf(1).mul(2).detach().backward(), GradError, 'ERR_LORA_GRAD', {}],
  ['backward of a comparison', () => leaf(1).gt(0).backward(), GradError, 'ERR_LORA_GRAD', {}],
  [
    'backward of several elements without a gradient',
    () => leaf(1, 2).mul(2).backward(),
    GradError,
    'ERR_LORA_GRAD',
    { received: /\(2/, hint: /sum\(\)/ },
  ],
  [
    'backward with a gradient of another shape',
    () =>
      leaf(1, 2)
        .mul(2)
        .backward(lora.ones([3])),
    ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /2/, received: /3/ },
  ],
  [
    'a grad of another shape',
    () => {
      leaf(1, 2).grad = lora.ones([3])
    },
    ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /2/, received: /3/ },
  ],
  [
    'a grad of another dtype',
    () => {
      leaf(1, 2).grad = lora.ones([2], { dtype: 'f64' })
    },
    DtypeError,
    'ERR_LORA_DTYPE',
    { received: /f64/ },
  ],
  [
    'a leaf changed in place',
    () => leaf(1).add_(1),
    GradError,
    'ERR_LORA_GRAD',
    { op: /^affineInplace$/, hint: /noGrad/ },
  ],
  [
    'a view changed in place',
    () => {
      const y = leaf(1, 2).mul(2)
      y.reshape(2, 1)
      return y.reshape(2, 1).mul_(2)
    },
    GradError,
    'ERR_LORA_GRAD',
    { hint: /clone/ },
  ],
  [
    'a saved tensor changed in place',
    () => {
      const y = leaf(1).exp()
      const z = y.mul(1)
      y.add_(1)
      z.backward()
    },
    GradError,
    'ERR_LORA_VERSION',
    { op: /exp/ },
  ],
  [
    'a frozen factor changed between forward and backward',
    () => {
      const f = lora.ones([1])
      const y = leaf(1).mul(f)
      f.fill_(2)
      y.backward()
    },
    GradError,
    'ERR_LORA_VERSION',
    { op: /mul/ },
  ],
  [
    'parameters changed by a step between forward and backward',
    () => {
      const p = nn.parameter(lora.ones([1]))
      const [first, second] = [p.square(), p.square()]
      first.backward()
      new optim.SGD([p], { lr: 0.1 }).step()
      second.backward()
    },
    GradError,
    'ERR_LORA_VERSION',
    {},
  ],
  [
    'a change in place that would need what it overwrites',
    () => leaf(1).mul(2).mul_(leaf(3)),
    GradError,
    'ERR_LORA_NO_GRAD',
    { op: /^mulInplace$/, hint: /underscore/ },
  ],
  [
    'requiresGrad off on a result',
    () => {
      leaf(1).mul(2).requiresGrad = false
    },
    GradError,
    'ERR_LORA_GRAD',
    { hint: /detach/ },
  ],
  [
    'requiresGrad on a truth value',
    () => {
      lora.ones([1], { dtype: 'bool' }).requiresGrad = true
    },
    DtypeError,
    'ERR_LORA_DTYPE',
    {},
  ],
  [
    'training on merged weights',
    () => merged().forward(lora.ones([1, 2])),
    GradError,
    'ERR_LORA_GRAD',
    { received: /merged/, hint: /unmerge\(\)/ },
  ],
])

class Async extends nn.Module {
  override async forward(x: lora.Tensor): Promise<lora.Tensor> {
    return x
  }
}

/** What a compiler makes of an async forward for an old target. */
class Promised extends nn.Module {
  override forward(x: lora.Tensor): Promise<lora.Tensor> {
    return Promise.resolve(x.mul(2))
  }
}

wrongUses('async functions', [
  [
    'behind a forward that returns a promise',
    () => new Promised().forward(leaf(1)),
    AsyncError,
    'ERR_LORA_ASYNC',
    { message: /Promised\.forward/ },
  ],
  [
    'in noGrad',
    () => lora.noGrad(async () => 1),
    AsyncError,
    'ERR_LORA_ASYNC',
    { message: /noGrad/, hint: /await outside/ },
  ],
  ['in enableGrad', () => lora.enableGrad(async () => 1), AsyncError, 'ERR_LORA_ASYNC', { message: /enableGrad/ }],
  ['in scope', () => lora.scope(async () => 1), AsyncError, 'ERR_LORA_ASYNC', { message: /scope/ }],
  [
    'in checkpoint',
    () => lora.checkpoint((async (x: lora.Tensor) => x) as never, leaf(1)),
    AsyncError,
    'ERR_LORA_ASYNC',
    { message: /checkpoint/ },
  ],
  ['as forward', () => new Async(), AsyncError, 'ERR_LORA_ASYNC', { message: /Async/, expected: /synchronous/ }],
  [
    'that throws by itself, in noGrad',
    () =>
      lora.noGrad(async () => {
        throw new Error('of its own')
      }),
    AsyncError,
    'ERR_LORA_ASYNC',
    {},
  ],
  [
    'a number of another kind as an input',
    () => leaf(1).matmul(undefined as never),
    OptionError,
    'ERR_LORA_OPTION',
    { op: /^$/, expected: /Tensor/ },
  ],
])

const table = () => new nn.Embedding(3, 2)
const wrongIds = () => lora.tensor([7n])

wrongUses('failures while running', [
  [
    'what depends on a failed result',
    () => table().forward(wrongIds()).mul(2).sum().item(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^embedding$/, path: /^Embedding$/, expected: /0 to 2/, received: /^7$/, at: 'await' },
  ],
  [
    'a backward that is awaited',
    () => table().forward(wrongIds()).sum().backward(),
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^embedding$/, at: 'await' },
  ],
  [
    'a step after a failed backward',
    () => {
      const model = table()
      model.forward(wrongIds()).sum().backward()
      return new optim.SGD(model.parameters(), { lr: 1 }).step()
    },
    IndexError,
    'ERR_LORA_INDEX',
    { op: /^embedding$/, at: 'either' },
  ],
])

test.serial('a failed step changes no parameter, not even those with sound gradients', async (t) => {
  const [sound, broken] = [nn.parameter(lora.ones([2])), table()]
  const before = await numbers(broken.weight)
  const optimizer = new optim.AdamW([sound, ...broken.parameters()], { lr: 1 })
  sound.square().sum().backward()
  broken.forward(wrongIds()).sum().backward()
  await t.throwsAsync(async () => await optimizer.step(), { code: 'ERR_LORA_INDEX' })
  await same(t, sound, [1, 1])
  await same(t, broken.weight, before)
  optimizer.zeroGrad()
  sound.square().sum().backward()
  await optimizer.step()
  t.true((await numbers(sound))[0]! < 1)
})

test.serial('an error that was not awaited is thrown at the next step', async (t) => {
  const model = table()
  model.forward(wrongIds()).sum().backward()
  await new Promise((resolve) => setTimeout(resolve, 100))
  const error = t.throws(() => new optim.SGD(model.parameters(), { lr: 1 }).step(), { instanceOf: IndexError })
  t.is(error?.op, 'embedding')
  model.zeroGrad()
  model
    .forward(lora.tensor([1n]))
    .sum()
    .backward()
  await new optim.SGD(model.parameters(), { lr: 1 }).step()
})
