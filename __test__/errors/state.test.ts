// Parameters, buffers and states of optimizers change all or nothing, and no failure destroys them.
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'

const { nn, optim } = lora
const INDEX = { code: 'ERR_LORA_INDEX' } as const

/** A scalar that fails when it runs. */
const broken = () => new nn.Embedding(3, 2).forward(lora.tensor([7n])).sum()

/** 1, after products that take some tenths of a second or more. */
function slowOne(): lora.Tensor {
  const x = lora.rand([1200, 1200])
  let y = x
  for (let i = 0; i < 16; i++) y = y.matmul(x).div(1200)
  return y.sum().mul(0).add(1)
}

const settled = () => lora.settle().catch(() => {})
test.beforeEach(settled)

/**
 * Runs `work` in a stream and aborts it when only a part of it could run: another stream reads `held` behind something slow, and who changes it waits
 * for the reader.
 */
async function abortedHalfway(held: lora.Tensor, work: () => unknown): Promise<void> {
  const [reader, doomed] = [lora.stream(), lora.stream()]
  const read = reader.run(() => lora.noGrad(() => held.mul(slowOne().to(held.dtype))))
  doomed.run(work)
  // An await elsewhere hands over what was recorded in all streams.
  await lora.ones([1]).data()
  await new Promise((resolve) => setTimeout(resolve, 20))
  let isRead = false
  const reading = reader.run(() => read.data()).then(() => (isRead = true))
  await new Promise((resolve) => setImmediate(resolve))
  if (isRead) throw new Error('the reader was done before the abort: this machine needs a slower one')
  doomed.abort('the client left')
  await doomed.synchronize().catch(() => {})
  await reading
  for (const stream of [reader, doomed]) stream.close()
}

class Averaged extends nn.Module {
  constructor() {
    super()
    this.registerBuffer('ema', lora.tensor([4, 8]))
  }
  declare ema: lora.Tensor
  override forward(x: lora.Tensor): lora.Tensor {
    lora.noGrad(() => this.ema.mul_(0.5).add_(x))
    return x
  }
}

test.serial(
  'buffers: a step that fails leaves the running statistics as they were, and the next one counts',
  async (t) => {
    const norm = new nn.BatchNorm1d(2)
    const before = async () => [
      await numbers(norm.runningMean!),
      await numbers(norm.runningVar!),
      await norm.numBatchesTracked!.item(),
    ]
    const x = lora.tensor([
      [1, 2],
      [3, 4],
    ])
    const y = norm.forward(x.mul(broken()))
    await t.throwsAsync(y.data(), INDEX)
    await settled()
    t.deepEqual(await before(), [[0, 0], [1, 1], 0])
    norm.forward(x)
    t.is(await norm.numBatchesTracked!.item(), 1)
    await close(t, norm.runningMean!, [0.2, 0.3])
  },
)

test.serial('buffers: a step that is aborted changes all three statistics or none', async (t) => {
  const norm = new nn.BatchNorm1d(1)
  await abortedHalfway(norm.runningMean!, () => norm.forward(lora.tensor([[1], [3]])))
  t.is(await norm.numBatchesTracked!.item(), 0)
  await same(t, norm.runningMean!, [0])
  await same(t, norm.runningVar!, [1])
  await lora.settle()
})

test.serial(
  'buffers: a failed change in place keeps an average of the user, its copy and its conversion',
  async (t) => {
    const model = new Averaged()
    for (const each of [model, lora.cloneModule(model), lora.cloneModule(model).to('f64')]) {
      await t.throwsAsync(async () => {
        each.forward(lora.ones([2], { dtype: each.ema.dtype }).mul(broken().to(each.ema.dtype)))
        await lora.settle()
      }, INDEX)
      await settled()
      await same(t, each.ema, [2, 4])
      each.forward(lora.ones([2], { dtype: each.ema.dtype }))
      await same(t, each.ema, [2, 3])
    }
  },
)

test.serial('functional.batchNorm: statistics that the caller keeps are not lost either', async (t) => {
  const [mean, variance] = [lora.zeros([1]), lora.ones([1])]
  const x = lora.tensor([[1], [3]])
  const y = nn.functional.batchNorm(x.mul(broken()), mean, variance, null, null, true)
  await t.throwsAsync(y.data(), INDEX)
  await settled()
  await same(t, mean, [0])
  await same(t, variance, [1])
})

test.serial('loadStateDict: a source that failed changes neither parameters nor buffers', async (t) => {
  const model = new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2), new Averaged())
  const values = () => Promise.all(Object.values(model.stateDict()).map(numbers))
  const before = await values()
  const dict = Object.fromEntries(Object.entries(model.stateDict()).map(([key, x]) => [key, x.detach().add(1)]))
  for (const key of ['1.running_var', '2.ema', '0.weight']) {
    model.loadStateDict({ ...dict, [key]: dict[key]!.mul(broken()) })
    await t.throwsAsync(lora.settle(), INDEX)
    await settled()
    t.deepEqual(await values(), before)
  }
  model.loadStateDict(dict)
  await same(t, model.stateDict()['2.ema']!, [5, 9])
  await same(t, model.stateDict()['1.num_batches_tracked']!, [1])
})

test.serial('loadStateDict: aborted between two tensors, it changes none', async (t) => {
  const model = new nn.Linear(1, 1)
  const before = await Promise.all(model.parameters().map(numbers))
  const dict = { weight: lora.full([1, 1], 7), bias: lora.full([1], 7) }
  await abortedHalfway(model.bias!, () => model.loadStateDict(dict))
  t.deepEqual(await Promise.all(model.parameters().map(numbers)), before)
})

test.serial('loadStateDict: two layers exchange their weights, and a tied weight takes the last', async (t) => {
  const [a, b] = [new nn.Linear(1, 1, { bias: false }), new nn.Linear(1, 1, { bias: false })]
  const model = new nn.Sequential(a, b)
  const [x, y] = [await a.weight.item(), await b.weight.item()]
  model.loadStateDict({ '0.weight': b.weight, '1.weight': a.weight })
  t.deepEqual([await a.weight.item(), await b.weight.item()], [y, x])
  model.loadStateDict({ '0.weight': a.weight.detach(), '1.weight': a.weight })
  t.deepEqual([await a.weight.item(), await b.weight.item()], [y, y])
  const tied = new nn.Sequential(a, a)
  tied.loadStateDict({ '0.weight': lora.full([1, 1], 3), '1.weight': lora.full([1, 1], 4) })
  t.is(await a.weight.item(), 4)
})

const KINDS: [string, (groups: lora.Tensor[]) => lora.optim.AdamW | lora.optim.SGD | lora.optim.Adafactor][] = [
  ['AdamW', ([p, q]) => new optim.AdamW([{ params: [p!] }, { params: [q!], lr: 0.5 }], { lr: 0.1 })],
  ['SGD', ([p, q]) => new optim.SGD([{ params: [p!] }, { params: [q!], momentum: 0.9 }], { lr: 0.1 })],
  ['Adafactor', ([p, q]) => new optim.Adafactor([{ params: [p!] }, { params: [q!], beta1: 0.9 }])],
]

for (const [name, make] of KINDS) {
  test.serial(`optim.${name}: a step of two groups that is aborted between them changes nothing`, async (t) => {
    const params = [nn.parameter(lora.tensor([1, 2])), nn.parameter(lora.tensor([3]))]
    const optimizer = make(params)
    const step = async () => {
      for (const p of params) p.grad = lora.ones(p.shape)
      await optimizer.step()
    }
    await step()
    const all = async () => {
      const { state } = optimizer.stateDict()
      const moments = Object.values(state).flatMap((each) => Object.values(each))
      const values = moments.map((each) => (each instanceof lora.Tensor ? numbers(each) : [each]))
      return Promise.all([...params.map(numbers), ...values])
    }
    const before = await all()
    for (const p of params) p.grad = lora.ones(p.shape)
    await abortedHalfway(params[1]!, () => optimizer.step())
    t.deepEqual(await all(), before)
    await step()
    t.notDeepEqual(await all(), before)
  })

  test.serial(`optim.${name}: a gradient that failed in one group keeps the other group, too`, async (t) => {
    const params = [nn.parameter(lora.tensor([1, 2])), nn.parameter(lora.tensor([3]))]
    const optimizer = make(params)
    params[0]!.grad = lora.ones([2])
    params[1]!.grad = lora.ones([1]).mul(broken())
    await t.throwsAsync(async () => await optimizer.step(), INDEX)
    await settled()
    await same(t, params[0]!, [1, 2])
    await same(t, params[1]!, [3])
    t.deepEqual(
      Object.values(optimizer.stateDict().state).map(({ step }) => step),
      [0, 0],
    )
  })
}

test.serial('optimizer.loadStateDict: a moment that failed leaves state and options as they were', async (t) => {
  const [p, q] = [nn.parameter(lora.tensor([1, 2])), nn.parameter(lora.tensor([3]))]
  const optimizer = new optim.AdamW([{ params: [p] }, { params: [q], lr: 0.5 }], { lr: 0.1 })
  const step = async () => {
    for (const each of [p, q]) each.grad = lora.ones(each.shape)
    await optimizer.step()
  }
  await step()
  const saved = optimizer.stateDict()
  const values = async () => {
    const { state, param_groups: groups } = optimizer.stateDict()
    const moments = Object.values(state).flatMap((each) => Object.values(each))
    return [groups, await Promise.all(moments.map((each) => (each instanceof lora.Tensor ? numbers(each) : [each])))]
  }
  const before = await values()
  const doubled = (factor: lora.Tensor): lora.optim.OptimizerState => ({
    state: Object.fromEntries(
      Object.entries(saved.state).map(([number, { exp_avg, exp_avg_sq }]) => [
        number,
        {
          step: 9,
          exp_avg: (exp_avg as lora.Tensor).mul(2),
          exp_avg_sq: (exp_avg_sq as lora.Tensor).mul(number === '1' ? factor : 2),
        },
      ]),
    ),
    param_groups: saved.param_groups.map((group) => ({ ...group, lr: 0.7 })),
  })
  optimizer.loadStateDict(doubled(broken()))
  // Recorded before the failure is known: it must not use what was not loaded, also not for the parameter whose moments are sound.
  const params = await Promise.all([p, q].map(numbers))
  p.grad = lora.ones([2])
  q.grad = null
  await t.throwsAsync(async () => await optimizer.step(), INDEX)
  await settled()
  t.deepEqual(await Promise.all([p, q].map(numbers)), params)
  t.deepEqual(await values(), before)
  optimizer.loadStateDict(doubled(lora.tensor(2)))
  await lora.settle()
  const [groups, moments] = await values()
  t.deepEqual(
    (groups as unknown as { lr: number }[]).map(({ lr }) => lr),
    [0.7, 0.7],
  )
  t.deepEqual((moments as number[][])[0], [9])
  await step()
  t.deepEqual(
    Object.values(optimizer.stateDict().state).map((each) => each['step']),
    [10, 10],
  )
})

test.serial('limits: an evaluation that never awaits is ERR_LORA_BACKLOG, and waiting mends it', async (t) => {
  const stream = lora.stream()
  const model = new nn.Linear(4, 4)
  const evaluate = () =>
    stream.run(() =>
      lora.noGrad(() => {
        // In front of the queue, long enough for all the rest to be recorded.
        const x = lora.randn([1200, 1200])
        for (let i = 0; i < 100; i++) lora.scope(() => void x.matmul(x))
        for (let i = 0; i < 2 ** 19; i++) lora.scope(() => void model.forward(lora.ones([1, 4])))
      }),
    )
  const error = t.throws(evaluate, { instanceOf: lora.BacklogError })
  t.regex(error!.expected, /262144 operations/)
  t.regex(error!.hint, /await/)
  stream.abort('enough')
  await stream.synchronize().catch(() => {})
  await stream.run(() => same(t, model.forward(lora.zeros([1, 4])), model.bias!))
  stream.close()
})
