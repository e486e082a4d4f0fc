import test from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'
import { wrongUses } from '../support/errors.js'

const { nn, optim, BacklogError, DisposedError, MemoryError, ThreadError } = lora
const CODE = 'ERR_LORA_DISPOSED'

function gone(): lora.Tensor {
  const tensor = lora.ones([2])
  tensor.dispose()
  tensor.dispose()
  return tensor
}

/** Leaves an intermediate result behind, where only the caller's array holds it. */
class Leaky extends nn.Module {
  proj = new nn.Linear(2, 2)
  override forward(x: lora.Tensor, seen: (t: lora.Tensor) => void): lora.Tensor {
    const y = this.proj.forward(x)
    seen(y)
    return y.mul(2)
  }
}

function released(): lora.Tensor {
  let inner: lora.Tensor | undefined
  new Leaky().forward(lora.ones([1, 2]), (y) => (inner = y))
  return inner!
}

function outOfScope(): lora.Tensor {
  let inner: lora.Tensor | undefined
  lora.scope(() => {
    inner = lora.ones([2])
  })
  return inner!
}

wrongUses('disposed tensors', [
  ['an operation', () => gone().add(1), DisposedError, CODE, { hint: /clone\(\)/ }],
  ['an operation, as the second operand', () => lora.ones([2]).add(gone()), DisposedError, CODE, {}],
  ['an operation in place', () => gone().add_(1), DisposedError, CODE, {}],
  ['its values', () => gone().data(), DisposedError, CODE, { at: 'await' }],
  ['its gradient', () => gone().grad, DisposedError, CODE, {}],
  ['backward', () => gone().backward(), DisposedError, CODE, {}],
  ['a file', () => lora.save({ x: gone() }, '/nowhere/x.safetensors'), DisposedError, CODE, { at: 'await' }],
  [
    'a state dict',
    () => new nn.Linear(2, 1).loadStateDict({ weight: lora.ones([1, 2]), bias: gone().reshape(1) }),
    DisposedError,
    CODE,
    {},
  ],
  [
    'an optimizer whose parameter is gone',
    () => {
      const p = nn.parameter(lora.ones([1]))
      const optimizer = new optim.SGD([p], { lr: 1 })
      p.square().backward()
      p.dispose()
      return optimizer.step()
    },
    DisposedError,
    CODE,
    {},
  ],
  [
    'what a forward left behind',
    () => released().add(1),
    DisposedError,
    CODE,
    { message: /Leaky\.forward/, received: /intermediate result/, hint: /lora\.keep/ },
  ],
  [
    'what a scope left behind',
    () => outOfScope().add(1),
    DisposedError,
    CODE,
    { message: /scope\(\)/, hint: /lora\.keep/ },
  ],
])

wrongUses('limits', [
  [
    'a range longer than memory',
    () => lora.arange(1e15),
    MemoryError,
    'ERR_LORA_MEMORY',
    { received: /1000000000000000/ },
  ],
  [
    'a tensor larger than memory',
    () => lora.zeros([1e6, 1e6]),
    MemoryError,
    'ERR_LORA_MEMORY',
    { op: /^full$/, received: /1000000/, hint: /smaller/ },
  ],
  [
    'a result larger than memory',
    () => lora.zeros([1e6, 1]).add(lora.zeros([1, 1e6])),
    MemoryError,
    'ERR_LORA_MEMORY',
    { op: /^add$/, expected: /MB/ },
  ],
  ['more elements than can be counted', () => lora.zeros([2 ** 40, 2 ** 40]), MemoryError, 'ERR_LORA_MEMORY', {}],
  ['an expand beyond memory', () => lora.ones([1]).expand(2 ** 45), MemoryError, 'ERR_LORA_MEMORY', { op: /^expand$/ }],
  [
    'a copy of a tensor, as postMessage makes it',
    () => lora.ones([2]).add(structuredClone(lora.ones([2]))),
    ThreadError,
    'ERR_LORA_THREAD',
    { hint: /postMessage/ },
  ],
])

test.serial('limits: 65 steps ahead of the computation are ERR_LORA_BACKLOG, and waiting mends it', async (t) => {
  const p = nn.parameter(lora.ones([2]))
  const optimizer = new optim.SGD([p], { lr: 0 })
  p.grad = lora.ones([2])
  await optimizer.step()
  // Something long in front keeps the steps behind it in the queue.
  const slow = lora.randn([1500, 1500])
  const product = slow.matmul(slow).matmul(slow)
  const steps = () => {
    for (let i = 0; i < 70; i++) optimizer.step()
  }
  const error = t.throws(steps, { instanceOf: BacklogError })
  t.is(error?.code, 'ERR_LORA_BACKLOG')
  t.regex(error!.expected, /64 steps/)
  t.regex(error!.hint, /await/)
  await product.data()
  await optimizer.step()
  await same(t, p, [1, 1])
})

test.serial('limits: 256 MB of numbers in the queue are ERR_LORA_BACKLOG, and waiting mends it', async (t) => {
  const slow = lora.randn([1500, 1500])
  const product = slow.matmul(slow).matmul(slow)
  const numbers = new Float32Array(16 << 20)
  const error = t.throws(
    () => {
      for (let i = 0; i < 6; i++) lora.tensor(numbers).dispose()
    },
    { instanceOf: BacklogError },
  )
  t.regex(error!.received, /MB/)
  await product.data()
  t.is(await lora.tensor([3]).item(), 3)
})

test.serial('disposed tensors: a forward that fails frees what it made', async (t) => {
  await lora.settle()
  const before = lora.memory().total
  const model = new Leaky()
  t.throws(() => model.forward(lora.ones([1, 3]), () => {}), { code: 'ERR_LORA_SHAPE' })
  for (const p of model.parameters()) p.dispose()
  await lora.settle()
  t.deepEqual(lora.memory().total, before)
})
