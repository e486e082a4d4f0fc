import test from 'ava'
import * as lora from 'loralib'
import { numbers, same, wave } from '../support/close.js'

const { nn } = lora

class Mlp extends nn.Module {
  up = new nn.Linear(16, 64)
  drop = new nn.Dropout(0.3)
  down = new nn.Linear(64, 16)
  override forward(x: lora.Tensor): lora.Tensor {
    return x.add(this.down.forward(this.drop.forward(this.up.forward(x).gelu('tanh'))))
  }
}

class Net extends nn.Module {
  blocks = Array.from({ length: 4 }, () => new Mlp())
  save = false
  override forward(x: lora.Tensor): lora.Tensor {
    return this.blocks.reduce(
      (y, block) => (this.save ? lora.checkpoint((z: lora.Tensor) => block.forward(z), y) : block.forward(y)),
      x,
    )
  }
}

/** Loss, gradients and what the tape saved, for one forward and backward from a fixed seed. */
async function run(net: Net, save: boolean) {
  net.save = save
  net.zeroGrad()
  lora.manualSeed(9)
  const x = lora.tensor(new Float32Array(wave(32 * 16)), { shape: [32, 16], requiresGrad: true })
  const loss = net.forward(x).square().mean()
  await lora.settle()
  const saved = lora.memory().activation.bytes
  const next = lora.noGrad(() => lora.rand([3]))
  await loss.backward()
  const grads = await Promise.all([x, ...net.parameters()].map((p) => numbers(p.grad!)))
  return { loss: await loss.item(), grads, saved, next: await numbers(next) }
}

test.serial('checkpoint: what it holds goes with the graph', async (t) => {
  await lora.settle()
  const before = lora.memory().total
  const x = lora.tensor([2, 3], { requiresGrad: true })
  // Of two graphs one is walked and one is abandoned.
  lora.checkpoint((y: lora.Tensor) => y.exp(), x).dispose()
  const loss = lora.checkpoint((y: lora.Tensor) => y.exp().square(), x).sum()
  await loss.backward()
  loss.dispose()
  x.grad = null
  x.dispose()
  await lora.settle()
  t.deepEqual(lora.memory().total, before)
})

test.serial(
  'checkpoint: the same loss and gradients with dropout and parameters inside, for less memory',
  async (t) => {
    lora.manualSeed(5)
    const net = new Net()
    const plain = await run(net, false)
    const saved = await run(net, true)
    t.is(saved.loss, plain.loss)
    t.deepEqual(saved.grads, plain.grads)
    t.deepEqual(saved.next, plain.next, 'the generator goes on as if nothing had been recomputed')
    t.true(saved.saved < 0.5 * plain.saved, `${saved.saved} bytes for ${plain.saved}`)
  },
)

test.serial('checkpoint: several inputs and outputs, one of them an input', async (t) => {
  const [a, b] = [lora.tensor([2], { requiresGrad: true }), lora.tensor([3], { requiresGrad: true })]
  const [product, sum, same1] = lora.checkpoint((x, y) => [x.mul(y), x.add(y), x], a, b) as [
    lora.Tensor,
    lora.Tensor,
    lora.Tensor,
  ]
  await same(t, product, [6])
  await product.add(sum.mul(10)).add(same1.mul(100)).backward()
  await same(t, a.grad!, [3 + 10 + 100])
  await same(t, b.grad!, [2 + 10])
})

test.serial('checkpoint: an input without a gradient, and one of integers', async (t) => {
  const table = nn.parameter(lora.tensor([[1], [2], [3]]))
  const scale = lora.tensor([10])
  const y = lora.checkpoint((ids, s) => nn.functional.embedding(ids, table).mul(s), lora.tensor([2n, 2n]), scale)
  await y.sum().backward()
  await same(t, table.grad!, [0, 0, 20])
  t.is(scale.grad, null)
})

test.serial('checkpoint: inside checkpoint', async (t) => {
  const x = lora.tensor([0.5], { requiresGrad: true })
  const inner = (z: lora.Tensor) => lora.checkpoint((y: lora.Tensor) => y.exp(), z).mul(2)
  await lora.checkpoint(inner, x).square().backward()
  await same(t, x.grad!, await numbers(lora.tensor([0.5]).exp().square().mul(8)))
})

test.serial('checkpoint: under noGrad it only computes', async (t) => {
  const x = lora.tensor([2], { requiresGrad: true })
  const y = lora.noGrad(() => lora.checkpoint((z: lora.Tensor) => z.square(), x))
  t.false(y.requiresGrad)
  await same(t, y, [4])
})

test.serial('checkpoint: an error in the second run reaches the caller of backward and leaves no trace', async (t) => {
  const x = lora.tensor([2], { requiresGrad: true })
  let runs = 0
  const y = lora.checkpoint((z: lora.Tensor) => {
    if (++runs > 1) throw new Error('no second time')
    return z.square()
  }, x)
  t.throws(() => y.backward(), { message: 'no second time' })
  await x.square().backward()
  await same(t, x.grad!, [4])
})

test.serial('checkpoint: an input changed in place before backward is an error, not a wrong gradient', (t) => {
  const x = lora.tensor([2], { requiresGrad: true })
  const input = x.mul(1).detach()
  const y = lora.checkpoint((a: lora.Tensor, b: lora.Tensor) => a.mul(b), x, input)
  input.add_(1)
  t.throws(() => y.backward(), { instanceOf: lora.GradError, code: 'ERR_LORA_VERSION' })
})
