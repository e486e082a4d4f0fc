import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'

const { nn } = lora

class Log extends nn.Module {
  override forward(x: lora.Tensor): lora.Tensor {
    return x.log()
  }
}

class Root extends nn.Module {
  scale = nn.parameter(lora.tensor([1]))
  override forward(x: lora.Tensor): lora.Tensor {
    return x.mul(this.scale).sqrt()
  }
}

class Net extends nn.Module {
  blocks = [new nn.Sequential(new nn.Identity(), new Log()), new nn.Sequential(new Root())]
  override forward(x: lora.Tensor): lora.Tensor {
    return this.blocks[1]!.forward(this.blocks[0]!.forward(x).mul(1)) as lora.Tensor
  }
}

async function failure(run: () => lora.Tensor | lora.Tensor[]): Promise<lora.LoraError> {
  try {
    const made = lora.anomaly(run)
    for (const tensor of [made].flat()) await numbers(tensor)
  } catch (error) {
    return error as lora.LoraError
  }
  throw new Error('nothing failed')
}

test.serial('anomaly: the module and the operation of the first NaN of forward', async (t) => {
  const net = new Net()
  const error = await failure(() => net.forward(lora.tensor([[1, 2], [3, -1]])).sum()) // prettier-ignore
  t.true(error instanceof lora.NonFiniteError)
  t.is(error.code, 'ERR_LORA_NON_FINITE')
  t.is(error.path, 'blocks.0.1')
  t.is(error.op, 'log')
  t.regex(error.message, /log made a NaN in forward/)
  t.regex(error.received, /NaN at \[1, 1\] of result 0, shape \(2, 2\) f32, from \(2, 2\) f32/)
  t.regex(error.hint, /free of NaN/)
})

test.serial('anomaly: a NaN of backward: sqrt at 0, in its module', async (t) => {
  const net = new Net()
  const error = await failure(() => {
    const loss = net.forward(lora.tensor([1, 4])).sum()
    loss.backward()
    return net.parameters().map((p) => p.grad!)
  })
  t.is(error.code, 'ERR_LORA_NON_FINITE')
  t.is(error.path, 'blocks.1.0')
  t.is(error.op, 'sqrt')
  t.regex(error.message, /the gradient of sqrt made an? \w+ in backward/)
  t.regex(error.received, /of \w+, shape \(2,\) f32/)
})

test.serial('anomaly: masks of -infinity and integers are accepted; an overflow and log(0) are reported', async (t) => {
  const scores = lora.tensor([[1, 2], [3, 4]], { requiresGrad: true }) // prettier-ignore
  const mask = lora.tensor([
    [false, true],
    [false, false],
  ])
  const loss = lora.anomaly(() => {
    const masked = scores.maskedFill(mask, -Infinity)
    const loss = masked.add(0).softmax(1).square().sum()
    loss.backward()
    return loss
  })
  t.true(Number.isFinite(await loss.item()))
  await numbers(scores.grad!)
  await same(
    t,
    lora.anomaly(() => lora.full([2], -Infinity).clamp(-5)),
    [-5, -5],
  )
  t.regex((await failure(() => lora.tensor([1000]).exp())).message, /exp made an infinity/)
  t.regex((await failure(() => lora.tensor([0]).log())).received, /-inf at \[0\]/)
})

test.serial('anomaly: a NaN in the data is found where it is first used; one made in place, too', async (t) => {
  const data = await failure(() => lora.tensor([1, NaN]).mul(2))
  t.is(data.op, 'affine')
  t.regex(data.hint, /input 0 .* holds a NaN/)
  const change = await failure(() => {
    const x = lora.ones([2])
    x.div_(0).sub_(lora.full([2], Infinity))
    return x
  })
  t.is(change.op, 'divInplace')
  t.regex(change.received, /inf at \[0\] of input 0, changed in place/)
})

test.serial(
  'anomaly: a step that makes an infinity leaves parameters, moments and the count of steps as they were',
  async (t) => {
    const { AdamW, SGD } = lora.optim
    const weights = [new Float32Array([-3.4e38, 6]), new Float32Array([1, 2])]
    for (const optimizer of [
      (params: lora.Tensor[]) => new AdamW(params, { lr: 1e38, weightDecay: 0 }),
      (params: lora.Tensor[]) => new SGD(params, { lr: 1e38, momentum: 0.9 }),
    ].map((make) => make(weights.map((values) => nn.parameter(lora.tensor(values)))))) {
      const params = optimizer.paramGroups[0]!.params
      params[0]!.grad = lora.tensor([1, -1])
      params[1]!.grad = lora.tensor([1e-3, 0])
      const error = (await t.throwsAsync(async () => lora.anomaly(() => [optimizer.step()])[0]!)) as lora.LoraError
      t.is(error.code, 'ERR_LORA_NON_FINITE', optimizer.constructor.name)
      for (const [i, values] of weights.entries()) await same(t, params[i]!, [...values])
      for (const { step, ...moments } of Object.values(optimizer.stateDict().state)) {
        t.is(step, 0, optimizer.constructor.name)
        for (const moment of Object.values(moments)) await same(t, moment as lora.Tensor, [0, 0])
      }
    }
  },
)

test.serial('anomaly: half types and f64', async (t) => {
  for (const dtype of ['bf16', 'f16', 'f64'] as const) {
    const error = await failure(() => lora.tensor([-1], { dtype }).sqrt())
    t.is(error.op, 'sqrt')
    t.regex(error.received, new RegExp(`shape \\(1,\\) ${dtype}`))
  }
})

test.serial('anomaly: inside checkpoint and a Function', async (t) => {
  class Bad extends lora.Function {
    static override forward(_: lora.FunctionContext, x: lora.Tensor) {
      return x.mul(2)
    }
    static override backward(_: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
      return grad.sub(5).log()
    }
  }
  class Holder extends nn.Module {
    inner = new (class Inner extends nn.Module {
      override forward(x: lora.Tensor): lora.Tensor {
        return Bad.apply(x)
      }
    })()
    override forward(x: lora.Tensor): lora.Tensor {
      return this.inner.forward(x)
    }
  }
  const x = lora.ones([2], { requiresGrad: true })
  const error = await failure(() => {
    new Holder().forward(x).sum().backward()
    return x.grad!
  })
  t.deepEqual([error.op, error.path], ['log', 'inner'])
  x.grad = null
  const replayed = await failure(() => {
    lora.checkpoint((y: lora.Tensor) => y.sub(1).sqrt(), x).sum().backward() // prettier-ignore
    return x.grad!
  })
  t.is(replayed.op, 'sqrt')
})

test.serial('anomaly: what a checkpoint in a module recomputes has its path', async (t) => {
  class Saving extends Net {
    override forward(x: lora.Tensor): lora.Tensor {
      return lora.checkpoint((y: lora.Tensor) => super.forward(y), x)
    }
  }
  const net = new Saving()
  const error = await failure(() => {
    net
      .forward(lora.tensor([1, 4]))
      .sum()
      .backward()
    return net.parameters().map((p) => p.grad!)
  })
  t.deepEqual([error.op, error.path], ['sqrt', 'blocks.1.0'])
})

test.serial('anomaly: off again afterwards, by setAnomalyMode too; async functions are refused', async (t) => {
  t.throws(() => lora.anomaly(() => { throw new Error('mine') }), { message: 'mine' }) // prettier-ignore
  t.throws(() => lora.anomaly(async () => {}), { code: 'ERR_LORA_ASYNC' })
  t.true(Number.isNaN(await lora.tensor([-1]).log().item()))
  t.false(lora.setAnomalyMode(true))
  t.true(lora.setAnomalyMode(true))
  const bad = lora.tensor([-1]).log()
  t.true(lora.setAnomalyMode(false))
  await t.throwsAsync(bad.item(), { code: 'ERR_LORA_NON_FINITE' })
  t.true(Number.isNaN(await lora.tensor([-1]).log().item()))
})
