import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'

const leaf = (...values: number[]) => lora.tensor(values, { requiresGrad: true })

class Cube extends lora.Function {
  static override forward(ctx: lora.FunctionContext, x: lora.Tensor): lora.Tensor {
    ctx.saveForBackward(x)
    return x.square().mul(x)
  }
  static override backward(ctx: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
    return grad.mul(ctx.savedTensors[0]!.square().mul(3))
  }
}

/** `x · scale` and `x + y`, with an argument that is no tensor between them. */
class Mixed extends lora.Function {
  static calls: (boolean | null)[][] = []
  static override forward(ctx: lora.FunctionContext, x: lora.Tensor, scale: number, y: lora.Tensor) {
    ctx['scale'] = scale
    return [x.mul(scale), x.add(y)] as [lora.Tensor, lora.Tensor]
  }
  static override backward(ctx: lora.FunctionContext, dp: lora.Tensor, ds: lora.Tensor): lora.Gradients {
    Mixed.calls.push([...ctx.needsInputGrad])
    const dx = dp.mul(ctx['scale'] as number).add(ds)
    return [dx, null, ctx.needsInputGrad[2] ? ds : null]
  }
}

// First: what earlier tests still hold would blur the counts.
test.serial('Function: what it saves and makes goes with the graph, walked or abandoned', async (t) => {
  await lora.settle()
  const before = lora.memory()
  class Keeps extends lora.Function {
    static override forward(ctx: lora.FunctionContext, x: lora.Tensor) {
      const [between, y] = [x.exp(), x.exp().mul(2)]
      ctx.saveForBackward(between, y)
      return y
    }
    static override backward(ctx: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
      return grad.mul(ctx.savedTensors[1]!)
    }
  }
  const x = leaf(1, 2)
  lora.scope(() => {
    Keeps.apply(x).sum().backward()
    Keeps.apply(x.mul(2)).sum()
    t.throws(() => Keeps.apply(x).backward())
  })
  x.grad = null
  x.dispose()
  await lora.settle()
  t.is(lora.memory().tapeNodes, before.tapeNodes)
  t.deepEqual(lora.memory().total, before.total)
})

test.serial('Function, hooks: a plain loop without scopes leaves no graph behind', async (t) => {
  await lora.settle()
  const nodes = lora.memory().tapeNodes
  const layer = new lora.nn.Linear(2, 2)
  layer.registerFullBackwardHook(() => {})
  const x = leaf(1, 2)
  for (let i = 0; i < 20; i++) {
    const y = Cube.apply(x.mul(2))
    y.registerHook((grad) => grad.mul(2))
    const z = layer.forward(y)
    // Half of the graphs are never walked.
    if (i % 2) await z.sum().backward()
  }
  await lora.settle()
  t.true(lora.memory().tapeNodes - nodes < 8, `${lora.memory().tapeNodes - nodes} nodes`)
})

test.serial('Function: forward and backward in a graph, with retainGraph', async (t) => {
  const x = leaf(1, 2)
  const y = Cube.apply(x.mul(2))
  t.true(y.requiresGrad)
  t.false(y.isLeaf)
  await same(t, y, [8, 64])
  const loss = y.sum()
  loss.backward(null, { retainGraph: true })
  await loss.backward()
  await same(t, x.grad!, [2 * 24, 2 * 96])
  t.throws(() => loss.backward(), { code: 'ERR_LORA_GRAD' })
})

test.serial('Function: a second backward from its own result is an error, too', async (t) => {
  const y = Cube.apply(leaf(2))
  await y.backward()
  t.throws(() => y.backward(), { code: 'ERR_LORA_GRAD', message: /before/ })
})

test.serial(
  'Function: several inputs and outputs, one of them a number; zeros for an output without use',
  async (t) => {
    const [x, y] = [leaf(1, 2), lora.tensor([10, 20])]
    Mixed.calls = []
    const [p, s] = Mixed.apply(x, 3, y)
    await same(t, p, [3, 6])
    await same(t, s, [11, 22])
    await s.sum().backward()
    await same(t, x.grad!, [1, 1])
    t.is(y.grad, null)
    t.deepEqual(Mixed.calls, [[true, false, false]])
    x.grad = null
    const [p2, s2] = Mixed.apply(x, 3, y)
    await p2.mul(10).add(s2).sum().backward()
    await same(t, x.grad!, [31, 31])
  },
)

test.serial('Function: without an input that needs a gradient, or under noGrad, it only computes', async (t) => {
  await lora.settle()
  const nodes = lora.memory().tapeNodes
  const plain = Cube.apply(lora.tensor([2]))
  const under = lora.noGrad(() => Cube.apply(leaf(3)))
  t.deepEqual([plain.requiresGrad, under.requiresGrad, lora.memory().tapeNodes], [false, false, nodes])
  await same(t, plain, [8])
  await same(t, under, [27])
})

test.serial(
  'Function: materialized gradients can be turned off; what has no gradient stays out of the graph',
  async (t) => {
    const seen: (readonly number[] | null)[] = []
    class Sorted extends lora.Function {
      static override forward(ctx: lora.FunctionContext, x: lora.Tensor, materialize: boolean) {
        ctx.setMaterializeGrads(materialize)
        const floor = x.floor()
        ctx.markNonDifferentiable(floor)
        return [x.mul(2), x.mul(3), floor, x.gt(0), 'a note'] as [
          lora.Tensor,
          lora.Tensor,
          lora.Tensor,
          lora.Tensor,
          string,
        ]
      }
      static override backward(_: lora.FunctionContext, ...grads: (lora.Tensor | null)[]): lora.Gradients {
        seen.push(...grads.map((g) => g?.shape ?? null))
        return [grads[0]!.mul(2), null]
      }
    }
    for (const materialize of [true, false]) {
      const x = leaf(1.5)
      const [a, b, floor, mask, note] = Sorted.apply(x, materialize)
      t.deepEqual([a, b, floor, mask].map((y) => y.requiresGrad), [true, true, false, false]) // prettier-ignore
      t.is(note, 'a note')
      await a.sum().backward()
      await same(t, x.grad!, [2])
    }
    t.deepEqual(seen, [[1], [1], [1], [1], null, [1], null, null, null, null])
  },
)

test.serial('Function: an input that is returned, and one that is replaced by a constant', async (t) => {
  const constant = lora.tensor([7])
  class Odd extends lora.Function {
    static override forward(_: lora.FunctionContext, x: lora.Tensor) {
      return [x, constant, x] as [lora.Tensor, lora.Tensor, lora.Tensor]
    }
    static override backward(_: lora.FunctionContext, a: lora.Tensor, b: lora.Tensor, c: lora.Tensor): lora.Gradients {
      return a.add(b.mul(10)).add(c.mul(100))
    }
  }
  const x = leaf(2)
  const [a, b, c] = Odd.apply(x)
  t.false(constant.requiresGrad)
  t.true(x.isLeaf)
  await a.add(b).add(c).backward()
  await same(t, x.grad!, [111])
})

test.serial('Function: null gradients, an input used twice, half types and integers', async (t) => {
  class Pick extends lora.Function {
    static override forward(ctx: lora.FunctionContext, x: lora.Tensor, ids: lora.Tensor, y: lora.Tensor) {
      ctx.saveForBackward(ids, null, x)
      return x.mul(2).add(y.to(x.dtype))
    }
    static override backward(ctx: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
      const [ids, none, x] = ctx.savedTensors
      t.deepEqual([ids!.dtype, none, x!.dtype, x!.requiresGrad], ['i64', null, 'bf16', false])
      t.is(grad.dtype, 'f32')
      return [grad.mul(2), undefined, null, null]
    }
  }
  const x = lora.tensor([1, 2], { dtype: 'bf16', requiresGrad: true })
  const y = leaf(1, 1)
  await Pick.apply(x, lora.tensor([1n]), y)
    .sum()
    .backward()
  await same(t, x.grad!, [2, 2])
  t.is(x.grad!.dtype, 'f32')
  t.is(y.grad, null)
  const z = leaf(3)
  class Product extends lora.Function {
    static override forward(ctx: lora.FunctionContext, a: lora.Tensor, b: lora.Tensor) {
      const product = a.mul(b)
      ctx.saveForBackward(a, b, product)
      return product
    }
    static override backward(ctx: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
      const [a, b, product] = ctx.savedTensors
      return [grad.mul(b!).add(product!.mul(0)), grad.mul(a!)]
    }
  }
  await Product.apply(z, z).backward()
  await same(t, z.grad!, [6])
})

test.serial('Function: inside a module, inside checkpoint, with frozen inputs', async (t) => {
  class Net extends lora.nn.Module {
    up = new lora.nn.Linear(4, 4)
    override forward(x: lora.Tensor): lora.Tensor {
      return Cube.apply(this.up.forward(x))
    }
  }
  lora.manualSeed(1)
  const net = new Net()
  const x = lora.tensor(new Float32Array(wave(8)), { shape: [2, 4] })
  await net.forward(x).sum().backward()
  const plain = await numbers(net.up.weight.grad!)
  net.zeroGrad()
  await lora.checkpoint((y: lora.Tensor) => net.forward(y), x).sum().backward() // prettier-ignore
  await same(t, net.up.weight.grad!, plain)
  const y = net.up.forward(x)
  const [dw] = lora.grad(y.square().mul(y).sum(), [net.up.weight])
  await close(t, dw!, plain)
  const [direct] = lora.grad(net.forward(x).sum(), [net.up.weight])
  await same(t, direct!, plain)
})

test.serial('Function: a saved tensor that was changed in place is an error', (t) => {
  const x = leaf(2)
  const input = x.mul(1)
  const y = Cube.apply(input)
  lora.noGrad(() => input.add_(1))
  const error = t.throws(() => y.backward(), { instanceOf: lora.GradError })
  t.is(error.code, 'ERR_LORA_VERSION')
})

const wrong: [title: string, code: lora.ErrorCode, message: RegExp, backward: (grad: lora.Tensor) => unknown][] = [
  ['too few gradients', 'ERR_LORA_GRAD', /Bad\.backward returned a wrong number.*\n.*2, one.*\n.*1/, (g) => [g]],
  ['too many gradients', 'ERR_LORA_GRAD', /Bad\.backward returned a wrong number/, (g) => [g, null, g]],
  ['a gradient for a number', 'ERR_LORA_GRAD', /Bad\.backward.*argument 1/, (g) => [g, g]],
  ['another shape', 'ERR_LORA_SHAPE', /Bad\.backward.*argument 0[^]*\(2\)[^]*\(1\)/, () => [lora.ones([1]), null]],
  ['another dtype', 'ERR_LORA_DTYPE', /Bad\.backward.*argument 0/, (g) => [g.to('f64'), null]],
  ['a number', 'ERR_LORA_OPTION', /Bad\.backward.*argument 0/, () => [3, null]],
  ['a promise', 'ERR_LORA_ASYNC', /Bad\.backward/, async (g) => [g, null]],
]
for (const [title, code, message, backward] of wrong) {
  test.serial(`Function: backward that returns ${title} is ${code}`, async (t) => {
    class Bad extends lora.Function {
      static override forward(_: lora.FunctionContext, x: lora.Tensor, k: number) {
        return x.mul(k)
      }
      static override backward(_: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
        return backward(grad) as lora.Gradients
      }
    }
    const x = leaf(1, 2)
    t.throws(() => Bad.apply(x, 2).sum().backward(), { code, message })
    t.is(x.grad, null)
    await x.sum().backward()
    await same(t, x.grad!, [1, 1])
  })
}

test.serial('Function: other wrong uses', (t) => {
  class Fails extends lora.Function {
    static override forward(_: lora.FunctionContext, x: lora.Tensor, mode: string, list: lora.Tensor[] = []): unknown {
      if (mode === 'in place') return x.mul_(2)
      if (mode === 'nothing') return undefined
      if (mode === 'saved') return _.savedTensors
      return list.length ? x : Promise.resolve(x)
    }
  }
  const x = leaf(1)
  const input = x.mul(1)
  t.throws(() => Fails.apply(input, 'in place'), {
    code: 'ERR_LORA_GRAD',
    message: /Fails\.forward.*argument 0 in place/,
  })
  t.throws(() => Fails.apply(x, 'nothing'), { code: 'ERR_LORA_OPTION', message: /Fails\.forward returned no tensor/ })
  t.throws(() => Fails.apply(x, 'saved'), { code: 'ERR_LORA_GRAD', message: /savedTensors/ })
  t.throws(() => Fails.apply(x, 'async'), { code: 'ERR_LORA_ASYNC', message: /Fails\.forward/ })
  t.throws(() => Fails.apply(lora.ones([1]), 'list', [x]), { code: 'ERR_LORA_OPTION', message: /argument 2/ })
  class Empty extends lora.Function {}
  t.throws(() => (Empty as unknown as typeof Cube).apply(x), {
    code: 'ERR_LORA_OPTION',
    message: /Empty has no forward/,
  })
  class Half extends lora.Function {
    static override forward(_: lora.FunctionContext, y: lora.Tensor) {
      return y.mul(2)
    }
  }
  const half = Half.apply(x)
  t.throws(() => half.backward(), { code: 'ERR_LORA_OPTION', message: /Half has no backward/ })
})
