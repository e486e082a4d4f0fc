import test from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'

const { nn } = lora

/** `x · factor`, with a parameter. */
class Scale extends nn.Module {
  factor: lora.Tensor
  constructor(factor: number) {
    super()
    this.factor = nn.parameter(lora.tensor([factor]))
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return x.mul(this.factor)
  }
}

class Sum extends Scale {
  override forward(x: lora.Tensor, y: lora.Tensor = lora.zeros([1])): lora.Tensor {
    return super.forward(x).add(y)
  }
}

class Net extends nn.Module {
  first = new Scale(2)
  rest = [new Sum(3)]
  override forward(x: lora.Tensor): lora.Tensor {
    return this.rest[0]!.forward(this.first.forward(x), x)
  }
}

test.serial('forward hooks: around every forward, in order, through super.forward once, until remove()', async (t) => {
  const net = new Net()
  const calls: string[] = []
  const log = (what: string) => (module: lora.nn.Module, args: lora.Tensor[]) =>
    void calls.push(`${what} ${module.constructor.name} ${args.length}`)
  const handles = [
    net.registerForwardHook(log('net')),
    net.first.registerForwardPreHook(log('pre')),
    net.rest[0]!.registerForwardHook(log('post')),
    net.rest[0]!.registerForwardHook(log('earlier'), { prepend: true }),
  ]
  const x = lora.tensor([1, 2])
  await same(t, net.forward(x), [7, 14])
  t.deepEqual(calls, ['pre Scale 1', 'earlier Sum 2', 'post Sum 2', 'net Net 1'])
  handles.forEach((handle) => handle.remove())
  net.forward(x)
  t.is(calls.length, 4)
})

test.serial('forward hooks: may replace arguments and results; gradients go through', async (t) => {
  const net = new Net()
  net.first.registerForwardPreHook((_, [x]: lora.Tensor[]) => x!.add(1))
  net.rest[0]!.registerForwardPreHook((_, [x, y]: lora.Tensor[]) => [x, y!.mul(10)])
  net.registerForwardHook((_, __, y: lora.Tensor) => y.mul(100))
  const x = lora.tensor([1], { requiresGrad: true })
  const y = net.forward(x)
  await same(t, y, [100 * ((1 + 1) * 6 + 10)])
  await y.backward()
  await same(t, x.grad!, [100 * (6 + 10)])
})

test.serial('forward hooks: keep(t) lets an activation outlive the call', async (t) => {
  const net = new Net()
  const seen: lora.Tensor[] = []
  net.first.registerForwardHook((_, __, y: lora.Tensor) => void seen.push(seen.length ? y : lora.keep(y)))
  net.forward(lora.tensor([1]))
  net.forward(lora.tensor([1]))
  await same(t, seen[0]!, [2])
  t.throws(() => seen[1]!.add(1), { code: 'ERR_LORA_DISPOSED', message: /Net\.forward/ })
})

test.serial('forward hooks: are in no walk and no print; errors pass and leave the path as it was', (t) => {
  const net = new Net()
  const text = String(net)
  const handle = net.first.registerForwardHook(() => { throw new Error('mine') }) // prettier-ignore
  t.deepEqual([...net.children()].length, 2)
  t.is(String(net), text)
  t.throws(() => net.forward(lora.tensor([1])), { message: 'mine' })
  handle.remove()
  t.throws(() => net.forward(lora.ones([1], { dtype: 'f64' })), { code: 'ERR_LORA_DTYPE', message: /at first/ })
  net.first.registerForwardPreHook(async () => {})
  t.throws(() => net.forward(lora.tensor([1])), { code: 'ERR_LORA_ASYNC', message: /pre-hook of Scale/ })
  t.throws(() => net.registerForwardHook(undefined as never), { code: 'ERR_LORA_OPTION' })
})

test.serial('full backward hooks: gradients of the arguments and the output of the module alone', async (t) => {
  const net = new Net()
  const seen: Record<string, (lora.Tensor | null)[][]> = {}
  for (const [name, module] of net.namedModules()) {
    module.registerFullBackwardHook((_, gradInput, gradOutput) => void (seen[name] = [gradInput, gradOutput]))
  }
  const x = lora.tensor([1], { requiresGrad: true })
  await net.forward(x).mul(5).backward()
  await same(t, x.grad!, [5 * 7])
  await same(t, seen['']![0]![0]!, [35])
  await same(t, seen['']![1]![0]!, [5])
  // x goes to `first` and to `rest`: each hook sees its own share.
  await same(t, seen['first']![0]![0]!, [30])
  await same(t, seen['first']![1]![0]!, [15])
  await same(t, seen['rest.0']![0]![0]!, [15])
  await same(t, seen['rest.0']![0]![1]!, [5])
  await same(t, net.first.factor.grad!, [15])
})

test.serial(
  'full backward hooks: may replace gradients; see nulls; are called without a trainable input',
  async (t) => {
    const net = new Net()
    const handle = net.first.registerFullBackwardHook((_, [grad]) => [grad!.mul(100)])
    const x = lora.tensor([1], { requiresGrad: true })
    await net.forward(x).backward()
    await same(t, x.grad!, [600 + 1])
    handle.remove()
    const calls: unknown[][] = []
    net.rest[0]!.registerFullBackwardHook((_, gradInput, gradOutput) => {
      calls.push([gradInput.map((g) => g?.shape ?? null), gradOutput.map((g) => g?.shape ?? null)])
    })
    await net.rest[0]!.forward(x, lora.tensor([5])).backward()
    await net.rest[0]!.forward(lora.tensor([5])).backward()
    t.deepEqual(calls, [
      [[[1], null], [[1]]],
      [[], [[1]]],
    ])
    net.rest[0]!.registerFullBackwardHook(() => [])
    t.throws(() => net.rest[0]!.forward(x).backward(), { code: 'ERR_LORA_OPTION', message: /backward hook of Sum/ })
    net.first.registerFullBackwardHook(() => [lora.ones([7])])
    t.throws(() => net.first.forward(x).backward(), { code: 'ERR_LORA_SHAPE' })
  },
)
