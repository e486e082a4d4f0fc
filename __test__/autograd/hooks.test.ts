import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'

const leaf = (...values: number[]) => lora.tensor(values, { requiresGrad: true })

// First: what earlier tests still hold would blur the counts.
test.serial('registerHook: hooks on results go with their graph, walked or abandoned', async (t) => {
  await lora.settle()
  const before = lora.memory()
  lora.scope(() => {
    const x = leaf(1, 2)
    for (const walked of [true, false]) {
      const y = x.exp()
      // A hook that knows its own tensor keeps nothing alive once backward was there.
      if (walked) y.registerHook(() => void y.shape)
      else y.registerHook((grad) => grad.mul(2))
      if (walked) y.sum().backward()
    }
  })
  await lora.settle()
  t.is(lora.memory().tapeNodes, before.tapeNodes)
  t.deepEqual(lora.memory().total, before.total)
})

test.serial('registerHook: a leaf: the whole gradient once, before it is added to grad', async (t) => {
  const x = leaf(1, 2)
  x.square().sum().backward()
  const seen: lora.Tensor[] = []
  x.registerHook((grad) => {
    seen.push(grad)
    t.false(grad.requiresGrad)
  })
  // Two uses of x, one gradient: 2x + 3.
  await x.square().add(x.mul(3)).sum().backward()
  t.is(seen.length, 1)
  await same(t, seen[0]!, [5, 7])
  await same(t, x.grad!, [2 + 5, 4 + 7])
})

test.serial('registerHook: a result: what a hook returns goes on, also to retainGrad', async (t) => {
  const x = leaf(1, 2)
  const y = x.square()
  y.retainGrad()
  const order: string[] = []
  y.registerHook((grad) => {
    order.push('first')
    return grad.mul(10)
  })
  y.registerHook((grad) => {
    order.push('second')
    return grad.add(1)
  })
  x.registerHook(() => void order.push('leaf'))
  await y
    .mul(lora.tensor([1, 2]))
    .sum()
    .backward()
  t.deepEqual(order, ['first', 'second', 'leaf'])
  await same(t, y.grad!, [11, 21])
  await same(t, x.grad!, [22, 84])
})

test.serial('registerHook: every backward while it is registered, none after remove()', async (t) => {
  const x = leaf(3)
  let calls = 0
  const hook = x.registerHook((grad) => {
    calls++
    return grad.neg()
  })
  await x.square().backward()
  await x.square().backward()
  t.is(calls, 2)
  await same(t, x.grad!, [-12])
  hook.remove()
  hook.remove()
  await x.square().backward()
  t.is(calls, 2)
  await same(t, x.grad!, [-6])
  {
    using _ = x.registerHook(() => void calls++)
  }
  await x.square().backward()
  t.is(calls, 2)
})

test.serial('registerHook: a hook may remove itself and the next one', async (t) => {
  const x = leaf(3)
  const calls: string[] = []
  const first = x.registerHook(() => {
    calls.push('first')
    first.remove()
    second.remove()
  })
  const second = x.registerHook(() => void calls.push('second'))
  await x.square().backward()
  await x.square().backward()
  t.deepEqual(calls, ['first'])
})

test.serial(
  'registerHook: with retainGraph it is called once more; a parameter that two heads share gets one sum',
  async (t) => {
    const w = lora.nn.parameter(lora.tensor([[2]]))
    const seen: number[][] = []
    const grads: lora.Tensor[] = []
    w.registerHook((grad) => void grads.push(grad))
    const y = lora
      .ones([1, 1])
      .matmul(w)
      .add(lora.full([1, 1], 3).matmul(w))
      .sum()
    y.backward(null, { retainGraph: true })
    y.backward()
    for (const grad of grads) seen.push(await numbers(grad))
    t.deepEqual(seen, [[4], [4]])
    await same(t, w.grad!, [8])
  },
)

test.serial('registerHook: a bf16 tensor has f32 gradients', async (t) => {
  const x = lora.tensor([1, 2], { dtype: 'bf16', requiresGrad: true })
  x.registerHook((grad) => {
    t.is(grad.dtype, 'f32')
    return grad.mul(2)
  })
  await x.mul(3).sum().backward()
  await same(t, x.grad!, [6, 6])
})

test.serial('registerHook: wrong uses', async (t) => {
  t.throws(() => lora.ones([1]).registerHook(() => null), { code: 'ERR_LORA_GRAD', message: /registerHook/ })
  const x = leaf(1, 2)
  const wrong = (hook: (grad: lora.Tensor) => unknown) => {
    const handle = x.registerHook(hook as lora.GradientHook)
    const error = t.throws(() => x.square().sum().backward()) as lora.LoraError
    handle.remove()
    return error
  }
  t.is(wrong(() => lora.ones([3])).code, 'ERR_LORA_SHAPE')
  t.is(wrong(() => lora.ones([2], { dtype: 'f64' })).code, 'ERR_LORA_DTYPE')
  t.is(wrong(() => 5).code, 'ERR_LORA_OPTION')
  t.is(wrong(async () => {}).code, 'ERR_LORA_ASYNC')
  t.regex(wrong(() => { throw new Error('mine') }).message, /^mine$/) // prettier-ignore
  t.is(x.grad, null)
  await x.square().sum().backward()
  await same(t, x.grad!, [2, 4])
})
