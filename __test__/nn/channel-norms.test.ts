import test from 'ava'
import * as lora from 'loralib'
import { close, same, wave } from '../support/close.js'

const { nn } = lora
const F = nn.functional

const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length
const spread = (x: number[], correction = 0): number =>
  x.reduce((sum, v) => sum + (v - mean(x)) ** 2, 0) / (x.length - correction)

/** Numbers of group `key(n, c)`, and a function that gives each element its group. */
function grouped(
  x: number[],
  [n, c, len]: [number, number, number],
  key: (n: number, c: number) => number,
): number[][] {
  const groups: number[][] = []
  for (let i = 0; i < n * c * len; i++) {
    const group = key(Math.floor(i / (c * len)), Math.floor(i / len) % c)
    ;(groups[group] ??= []).push(x[i]!)
  }
  return groups
}

/** `(x − mean) / √(var + eps) · w + b`, statistics per group, w and b per channel. */
function normalised(
  x: number[],
  dims: [number, number, number],
  key: (n: number, c: number) => number,
  w: number[],
  b: number[],
  eps = 1e-5,
): number[] {
  const [, c, len] = dims
  const groups = grouped(x, dims, key)
  return x.map((v, i) => {
    const channel = Math.floor(i / len) % c
    const group = groups[key(Math.floor(i / (c * len)), channel)]!
    return ((v - mean(group)) / Math.sqrt(spread(group) + eps)) * w[channel]! + b[channel]!
  })
}

const SHAPES: [lora.nn.BatchNorm1d, number[]][] = [
  [new nn.BatchNorm1d(3), [5, 3]],
  [new nn.BatchNorm1d(3), [2, 3, 7]],
  [new nn.BatchNorm2d(3), [2, 3, 4, 5]],
  [new nn.BatchNorm3d(3), [2, 3, 2, 3, 2]],
]

test('BatchNorm: in training each channel gets mean 0 and variance 1, then weight and bias', async (t) => {
  for (const [norm, shape] of SHAPES) {
    const [w, b] = [wave(3, 0.3), wave(3, 0.4)]
    norm.loadStateDict({ weight: lora.tensor(w), bias: lora.tensor(b) }, { strict: false })
    const n = shape.reduce((product, d) => product * d, 1)
    const x = wave(n, 1.3, 2)
    const y = norm.forward(lora.tensor(x).reshape(shape))
    t.deepEqual(y.shape, shape)
    await close(
      t,
      y,
      normalised(x, [shape[0]!, 3, n / shape[0]! / 3], (_, c) => c, w, b),
    )
  }
})

test('BatchNorm1d: running statistics by hand, the variance with 1/(count − 1)', async (t) => {
  const norm = new nn.BatchNorm1d(2)
  norm.forward(
    lora.tensor([
      [1, 0],
      [3, 0],
      [5, 6],
    ]),
  )
  await close(t, norm.runningMean!, [0.3, 0.2])
  await close(t, norm.runningVar!, [0.9 + 0.1 * 4, 0.9 + 0.1 * 12])
  t.is(await norm.numBatchesTracked!.item(), 1)
  norm.forward(
    lora.tensor([
      [2, 2],
      [2, 4],
    ]),
  )
  await close(t, norm.runningMean!, [0.9 * 0.3 + 0.2, 0.9 * 0.2 + 0.3])
  await close(t, norm.runningVar!, [0.9 * 1.3, 0.9 * 2.1 + 0.2])
  t.is(await norm.numBatchesTracked!.item(), 2)
  norm.resetRunningStats()
  await same(t, norm.runningVar!, [1, 1])
  t.is(await norm.numBatchesTracked!.item(), 0)
})

test('BatchNorm2d: momentum null averages over all batches evenly', async (t) => {
  const norm = new nn.BatchNorm2d(2, { momentum: null })
  const batches = [wave(24, 0.9), wave(24, 1.7, 3), wave(24, 0.2, 0.5)]
  for (const batch of batches) norm.forward(lora.tensor(batch).reshape([3, 2, 2, 2]))
  const stats = batches.map((batch) => grouped(batch, [3, 2, 4], (_, c) => c))
  await close(
    t,
    norm.runningMean!,
    [0, 1].map((c) => mean(stats.map((groups) => mean(groups[c]!)))),
  )
  await close(
    t,
    norm.runningVar!,
    [0, 1].map((c) => mean(stats.map((groups) => spread(groups[c]!, 1)))),
  )
})

test('BatchNorm2d: evaluation uses the running statistics and leaves them alone', async (t) => {
  const norm = new nn.BatchNorm2d(2, { eps: 1e-3 }).eval()
  const state = {
    weight: lora.tensor([2, 3]),
    bias: lora.tensor([1, -1]),
    running_mean: lora.tensor([0.5, -2]),
    running_var: lora.tensor([4, 0.25]),
    num_batches_tracked: lora.full([], 7, { dtype: 'i64' }),
  }
  norm.loadStateDict(state)
  const x = wave(2 * 2 * 3)
  const y = norm.forward(lora.tensor(x).reshape([2, 2, 1, 3]))
  const of = (v: number, c: number): number =>
    c === 0 ? ((v - 0.5) / Math.sqrt(4.001)) * 2 + 1 : ((v + 2) / Math.sqrt(0.251)) * 3 - 1
  await close(
    t,
    y,
    x.map((v, i) => of(v, Math.floor(i / 3) % 2)),
  )
  await same(t, norm.runningMean!, [0.5, -2])
  t.is(await norm.numBatchesTracked!.item(), 7)
  // A batch of one value a channel is fine here.
  t.deepEqual(norm.forward(lora.zeros([1, 2, 1, 1])).shape, [1, 2, 1, 1])
})

test('BatchNorm: keys and files as PyTorch’s, the count as an i64 scalar', async (t) => {
  const norm = new nn.BatchNorm2d(3)
  t.deepEqual(Object.keys(norm.stateDict()), ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'])
  t.deepEqual(
    [...norm.namedParameters()].map(([name]) => name),
    ['weight', 'bias'],
  )
  t.deepEqual([norm.numBatchesTracked!.dtype, norm.numBatchesTracked!.shape], ['i64', []])
  norm.forward(lora.tensor(wave(24)).reshape([2, 3, 2, 2]))
  const path = `${process.env['TMPDIR'] ?? '/tmp'}/batch-norm-${process.pid}.safetensors`
  await lora.save(norm.stateDict(), path)
  const other = new nn.BatchNorm2d(3)
  other.loadStateDict(await lora.load(path))
  await same(t, other.runningVar!, norm.runningVar!)
  t.is(await other.numBatchesTracked!.item(), 1)
  t.deepEqual(Object.keys(new nn.BatchNorm2d(3, { affine: false }).stateDict()).length, 3)
  t.deepEqual(Object.keys(new nn.BatchNorm2d(3, { trackRunningStats: false }).stateDict()), ['weight', 'bias'])
})

test('BatchNorm: an old checkpoint without the count loads, and leaves the count as it is', async (t) => {
  const model = new nn.Sequential(new nn.BatchNorm2d(2), new nn.BatchNorm2d(2))
  const dict = Object.fromEntries(Object.entries(model.stateDict()).filter(([key]) => !key.includes('tracked')))
  const first = model.at(0) as lora.nn.BatchNorm2d
  first.forward(lora.tensor(wave(8)).reshape([1, 2, 2, 2]))
  t.deepEqual(model.loadStateDict(dict), { missingKeys: [], unexpectedKeys: [] })
  t.is(await first.numBatchesTracked!.item(), 1)
  delete dict['1.running_var']
  const error = t.throws(() => model.loadStateDict(dict), { instanceOf: lora.KeyError })
  t.regex(error!.message, /1\.running_var/)
})

test('BatchNorm1d: without running statistics evaluation uses the batch’s, too', async (t) => {
  const norm = new nn.BatchNorm1d(3, { trackRunningStats: false, affine: false })
  const x = lora.tensor(wave(12)).reshape([4, 3])
  const trained = norm.forward(x)
  await same(t, norm.eval().forward(x), trained)
})

test('BatchNorm1d: gradients of a training step, by hand', async (t) => {
  // Two samples: x̂ is ±1 but for eps, so y does not depend on x to first order; dw = Σ dy·x̂, db = Σ dy.
  const norm = new nn.BatchNorm1d(1, { eps: 0, dtype: 'f64' })
  const x = lora.tensor([[1], [5]], { dtype: 'f64' }).requiresGrad_()
  await norm.forward(x).backward(lora.tensor([[3], [10]], { dtype: 'f64' }))
  await close(t, norm.weight!.grad!, [7], 'f64')
  await close(t, norm.bias!.grad!, [13], 'f64')
  await close(t, x.grad!, [0, 0], 'f64')
})

test('BatchNorm1d: evaluation gradients survive a later training forward', async (t) => {
  const norm = new nn.BatchNorm1d(2)
  const x = lora
    .tensor([
      [1, 2],
      [3, 5],
    ])
    .requiresGrad_()
  const y = norm.eval().forward(x)
  norm.train().forward(
    lora.tensor([
      [9, 9],
      [7, 3],
    ]),
  )
  await y.sum().backward()
  const rstd = 1 / Math.sqrt(1 + 1e-5)
  await close(t, x.grad!, [rstd, rstd, rstd, rstd])
  await close(t, norm.weight!.grad!, [4 * rstd, 7 * rstd])
  await close(t, norm.bias!.grad!, [2, 2])
})

test('BatchNorm1d: two training forwards before one backward', async (t) => {
  const norm = new nn.BatchNorm1d(2)
  const [a, b] = [lora.tensor(wave(6)).reshape([3, 2]), lora.tensor(wave(6, 1.1)).reshape([3, 2])]
  const loss = norm.forward(a).square().mean().add(norm.forward(b).square().mean())
  await t.notThrowsAsync(async () => loss.backward())
  t.is(await norm.numBatchesTracked!.item(), 2)
})

test.serial(
  'BatchNorm1d: frozen beside LoRA layers it still follows the batches, and a loop leaves no tensors',
  async (t) => {
    const model = new nn.Sequential(new nn.BatchNorm1d(4), new lora.Linear(4, 2, { r: 2 }))
    lora.markOnlyLoraAsTrainable(model)
    const norm = model.at(0) as lora.nn.BatchNorm1d
    t.deepEqual([norm.weight!.requiresGrad, norm.bias!.requiresGrad], [false, false])
    const x = lora.tensor(wave(32)).reshape([8, 4])
    const step = async (): Promise<void> => {
      const y = model.forward(x)
      const loss = y.square().mean()
      await loss.backward()
      for (const each of [y, loss]) each.dispose()
      model.zeroGrad()
      await lora.settle()
    }
    await step()
    const before = lora.memory().total
    for (let i = 0; i < 5; i++) await step()
    t.deepEqual(lora.memory().total, before)
    t.is(await norm.numBatchesTracked!.item(), 6)
  },
)

test('BatchNorm1d: a cloned model has running statistics of its own', async (t) => {
  const norm = new nn.BatchNorm1d(2)
  const copy = lora.cloneModule(norm)
  copy.forward(
    lora.tensor([
      [1, 2],
      [3, 4],
    ]),
  )
  await same(t, norm.runningMean!, [0, 0])
  await close(t, copy.runningMean!, [0.2, 0.3])
  t.is(await norm.numBatchesTracked!.item(), 0)
})

test('BatchNorm: half-precision models keep it in f32', (t) => {
  const norm = new nn.BatchNorm2d(3).to('bf16')
  t.deepEqual([norm.weight!.dtype, norm.runningVar!.dtype, norm.numBatchesTracked!.dtype], ['f32', 'f32', 'i64'])
  t.is(norm.to('f64').runningMean!.dtype, 'f64')
})

test('BatchNorm: one value a channel in training is an error and not counted; so are other channels', async (t) => {
  const norm = new nn.BatchNorm1d(3)
  t.throws(() => norm.forward(lora.zeros([1, 3])), { instanceOf: lora.ShapeError, message: /eval\(\)/ })
  t.is(await norm.numBatchesTracked!.item(), 0)
  t.throws(() => norm.forward(lora.zeros([2, 4])), { instanceOf: lora.ShapeError, message: /\(N, 3\)/ })
  t.throws(() => new nn.BatchNorm2d(3).forward(lora.zeros([2, 3])), { instanceOf: lora.ShapeError })
  t.throws(() => new nn.BatchNorm2d(0), { instanceOf: lora.OptionError })
  t.throws(() => new nn.BatchNorm2d(3, { momentum: -1 }), { instanceOf: lora.OptionError })
  t.throws(() => new nn.BatchNorm2d(3, { track_running: true } as never), { instanceOf: lora.OptionError })
  t.throws(() => F.batchNorm(lora.zeros([2, 3]), null, null), { instanceOf: lora.OptionError, message: /runningMean/ })
  t.throws(() => F.batchNorm(lora.zeros([2, 3]), lora.zeros([1]), lora.ones([1]), null, null, true), {
    instanceOf: lora.ShapeError,
    message: /runningMean \(3\)/,
  })
})

test('GroupNorm: statistics of each group of channels of each sample', async (t) => {
  for (const groups of [1, 2, 6]) {
    const norm = new nn.GroupNorm(groups, 6)
    const [w, b] = [wave(6, 0.3), wave(6, 0.4)]
    norm.loadStateDict({ weight: lora.tensor(w), bias: lora.tensor(b) })
    const x = wave(2 * 6 * 4, 1.3, 2)
    const want = normalised(x, [2, 6, 4], (n, c) => n * groups + Math.floor(c / (6 / groups)), w, b)
    await close(t, norm.forward(lora.tensor(x).reshape([2, 6, 2, 2])), want)
    await close(t, F.groupNorm(lora.tensor(x).reshape([2, 6, 4]), groups, lora.tensor(w), lora.tensor(b)), want)
  }
  t.deepEqual(Object.keys(new nn.GroupNorm(2, 6, { affine: false }).stateDict()), [])
})

test('GroupNorm: wrong groups, channels and single values are errors', (t) => {
  t.throws(() => new nn.GroupNorm(4, 6), { instanceOf: lora.OptionError, message: /divisor/ })
  t.throws(() => new nn.GroupNorm(2, 6).forward(lora.zeros([2, 4, 3])), { instanceOf: lora.ShapeError })
  t.throws(() => F.groupNorm(lora.zeros([2, 5, 3]), 2), { instanceOf: lora.OptionError })
  t.throws(() => F.groupNorm(lora.zeros([1, 4, 1]), 4), { instanceOf: lora.ShapeError })
})

test('InstanceNorm: statistics of each channel of each sample, with and without a batch', async (t) => {
  const norm = new nn.InstanceNorm2d(3, { affine: true })
  const [w, b] = [wave(3, 0.3), wave(3, 0.4)]
  norm.loadStateDict({ weight: lora.tensor(w), bias: lora.tensor(b) })
  const x = wave(2 * 3 * 4, 1.3, 2)
  const want = normalised(x, [2, 3, 4], (n, c) => n * 3 + c, w, b)
  const input = lora.tensor(x).reshape([2, 3, 2, 2])
  await close(t, norm.forward(input), want)
  await close(t, norm.forward(input.at(1)), want.slice(12))
  t.deepEqual(norm.forward(input.at(1)).shape, [3, 2, 2])
  t.throws(() => norm.forward(lora.zeros([2, 3, 1, 1])), { instanceOf: lora.ShapeError })
  t.deepEqual(Object.keys(new nn.InstanceNorm1d(3).stateDict()), [])
})

test('InstanceNorm1d: running statistics move towards the mean over the samples, and evaluation uses them', async (t) => {
  const norm = new nn.InstanceNorm1d(2, { trackRunningStats: true })
  const x = wave(3 * 2 * 5, 1.3, 2)
  const input = lora.tensor(x).reshape([3, 2, 5])
  norm.forward(input)
  const groups = grouped(x, [3, 2, 5], (n, c) => n * 2 + c)
  const over = (f: (group: number[]) => number, c: number): number => mean([0, 1, 2].map((n) => f(groups[n * 2 + c]!)))
  const means = [0, 1].map((c) => 0.1 * over(mean, c))
  const variances = [0, 1].map((c) => 0.9 + 0.1 * over((group) => spread(group, 1), c))
  await close(t, norm.runningMean!, means)
  await close(t, norm.runningVar!, variances)
  const want = x.map((v, i) => {
    const c = Math.floor(i / 5) % 2
    return (v - means[c]!) / Math.sqrt(variances[c]! + 1e-5)
  })
  await close(t, norm.eval().forward(input), want)
})
