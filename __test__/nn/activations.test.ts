import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'

const { nn } = lora
const F = nn.functional

const POINTS = [-30, -3, -1, -0.5, -1e-4, 0, 1e-4, 0.5, 1, 3, 6, 7, 30]

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** Values and slopes of an activation at POINTS, in f32 and f64. */
async function is(
  t: ExecutionContext,
  layer: lora.nn.Module,
  value: (x: number) => number,
  slope: (x: number) => number,
): Promise<void> {
  for (const dtype of ['f32', 'f64'] as const) {
    const x = lora.tensor(POINTS, { dtype }).requiresGrad_()
    const y = layer.forward(x) as lora.Tensor
    t.is(y.dtype, dtype)
    await close(t, y, POINTS.map(value), dtype)
    await y.sum().backward()
    await close(t, x.grad!, POINTS.map(slope), dtype)
  }
}

test('LeakyReLU: the slope below 0 holds at 0, too', async (t) => {
  await is(
    t,
    new nn.LeakyReLU(),
    (x) => (x > 0 ? x : 0.01 * x),
    (x) => (x > 0 ? 1 : 0.01),
  )
  await is(
    t,
    new nn.LeakyReLU(0.3),
    (x) => (x > 0 ? x : 0.3 * x),
    (x) => (x > 0 ? 1 : 0.3),
  )
})

test('ELU: alpha · (eˣ − 1) below 0, with slope alpha at 0', async (t) => {
  await is(
    t,
    new nn.ELU(),
    (x) => (x > 0 ? x : Math.expm1(x)),
    (x) => (x > 0 ? 1 : Math.exp(x)),
  )
  await is(
    t,
    new nn.ELU(2),
    (x) => (x > 0 ? x : 2 * Math.expm1(x)),
    (x) => (x > 0 ? 1 : 2 * Math.exp(x)),
  )
})

test('Softplus: a smooth ReLU; above the threshold x itself', async (t) => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
  await is(t, new nn.Softplus(), softplus, sigmoid)
  await is(
    t,
    new nn.Softplus(2),
    (x) => softplus(2 * x) / 2,
    (x) => sigmoid(2 * x),
  )
  await same(t, new nn.Softplus(1, 2).forward(lora.tensor([2.5, 1000])), [2.5, 1000])
})

test('Softplus and LogSigmoid: small results keep their digits, large inputs overflow nothing', async (t) => {
  const [y] = await numbers(F.softplus(lora.tensor([-20])))
  t.true(Math.abs(y! / Math.exp(-20) - 1) < 1e-5, String(y))
  const [z] = await numbers(F.logSigmoid(lora.tensor([20])))
  t.true(Math.abs(z! / -Math.exp(-20) - 1) < 1e-5, String(z))
  await close(t, F.logSigmoid(lora.tensor([-1000, 1000])), [-1000, 0])
  await close(t, F.softplus(lora.tensor([-1000, 1000]), 1, 5000), [0, 1000])
})

test('LogSigmoid and Mish', async (t) => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
  await is(
    t,
    new nn.LogSigmoid(),
    (x) => -softplus(-x),
    (x) => sigmoid(-x),
  )
  const tanh = (x: number): number => Math.tanh(softplus(x))
  await is(
    t,
    new nn.Mish(),
    (x) => x * tanh(x),
    (x) => tanh(x) + x * (1 - tanh(x) ** 2) * sigmoid(x),
  )
})

test('Hardtanh and ReLU6: no slope at the bounds', async (t) => {
  const held = (low: number, high: number) => (x: number) => Math.min(Math.max(x, low), high)
  const slope = (low: number, high: number) => (x: number) => (x > low && x < high ? 1 : 0)
  await is(t, new nn.Hardtanh(), held(-1, 1), slope(-1, 1))
  await is(t, new nn.Hardtanh(-3, 0.5), held(-3, 0.5), slope(-3, 0.5))
  await is(t, new nn.ReLU6(), held(0, 6), slope(0, 6))
})

test('Hardswish: slope 0 up to −3 and 1 from 3 on', async (t) => {
  const value = (x: number): number => (x * Math.min(Math.max(x + 3, 0), 6)) / 6
  const slope = (x: number): number => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5)
  await is(t, new nn.Hardswish(), value, slope)
  await close(t, F.hardswish(lora.tensor([-2, -1, 1, 2])), [-1 / 3, -1 / 3, 2 / 3, 5 / 3])
})

test('activations: NaN stays NaN', async (t) => {
  const x = lora.tensor([Number.NaN])
  const layers = [
    new nn.LeakyReLU(),
    new nn.ELU(),
    new nn.Softplus(),
    new nn.ReLU6(),
    new nn.Mish(),
    new nn.Hardswish(),
  ]
  for (const layer of layers) t.deepEqual(await numbers(layer.forward(x)), [Number.NaN], layer.constructor.name)
})

test('PReLU: one slope, or one a channel, with gradients', async (t) => {
  const layer = new nn.PReLU(2)
  t.deepEqual(Object.keys(layer.stateDict()), ['weight'])
  layer.loadStateDict({ weight: lora.tensor([0.5, 2]) })
  const x = lora
    .tensor([
      [
        [1, -2],
        [-3, 4],
      ],
    ])
    .requiresGrad_()
  const y = layer.forward(x)
  await same(t, y, [1, -1, -6, 4])
  await y.sum().backward()
  await same(t, x.grad!, [1, 0.5, 2, 1])
  await same(t, layer.weight.grad!, [-2, -3])
  await same(t, new nn.PReLU().forward(lora.tensor([-4, 4])), [-1, 4])
  t.throws(() => layer.forward(lora.zeros([1, 3])), { instanceOf: lora.ShapeError })
})

test('GLU: the first half times σ of the second', async (t) => {
  const x = lora.tensor([
    [1, 2, 0, Math.log(3)],
    [5, 6, 0, 0],
  ])
  await close(t, new nn.GLU().forward(x), [0.5, 1.5, 2.5, 3])
  await close(t, F.glu(x, 0), [1 / (1 + Math.exp(-5)), 2 / (1 + Math.exp(-6)), 0, Math.log(3) / 2])
  t.throws(() => F.glu(lora.zeros([3])), { instanceOf: lora.ShapeError })
})

test('Dropout1d, 2d, 3d: whole channels are dropped, the others divided by 1 − p; nothing in evaluation', async (t) => {
  lora.manualSeed(3)
  for (const [layer, shape] of [
    [new nn.Dropout1d(0.5), [8, 16, 5]],
    [new nn.Dropout2d(0.5), [8, 16, 2, 3]],
    [new nn.Dropout3d(0.5), [8, 16, 2, 1, 3]],
    [new nn.Dropout1d(0.5), [128, 5]],
  ] as [lora.nn.Dropout2d, number[]][]) {
    const x = lora.ones(shape).requiresGrad_()
    const y = layer.forward(x)
    const channels = (await numbers(y.reshape([128, -1]).sum(1))).map((sum) => sum / (y.numel / 128))
    t.true(channels.every((value) => value === 0 || value === 2))
    const kept = channels.filter((value) => value === 2).length
    t.true(kept > 40 && kept < 88, `${kept} of 128 channels kept`)
    await y.sum().backward()
    await same(t, x.grad!, y)
    t.is(layer.eval().forward(x), x)
    layer.train()
  }
  t.throws(() => new nn.Dropout2d(0.5).forward(lora.zeros([2, 2])), { instanceOf: lora.ShapeError })
  t.throws(() => new nn.Dropout2d(2), { instanceOf: lora.OptionError })
})

test('activations: options that are not usable are errors', (t) => {
  const option = { instanceOf: lora.OptionError }
  t.throws(() => new nn.LeakyReLU('0.1' as never), option)
  t.throws(() => new nn.Softplus(0), option)
  t.throws(() => new nn.Hardtanh(1, -1), option)
  t.throws(() => new nn.PReLU(0), option)
  t.throws(() => F.softplus(lora.tensor(wave(2)), -1), option)
})

test('siluMul: values and gradients are those of silu and a product', async (t) => {
  for (const dtype of ['f32', 'f64'] as const) {
    const make = () => [
      lora.tensor(POINTS, { dtype }).requiresGrad_(),
      lora.tensor(wave(POINTS.length), { dtype }).requiresGrad_(),
    ]
    const [gate, up] = make() as [lora.Tensor, lora.Tensor]
    const [otherGate, otherUp] = make() as [lora.Tensor, lora.Tensor]
    const [y, want] = [F.siluMul(gate, up), otherGate.silu().mul(otherUp)]
    await close(t, y, want, dtype)
    await y.square().sum().backward()
    await want.square().sum().backward()
    await close(t, gate.grad!, otherGate.grad!, dtype)
    await close(t, up.grad!, otherUp.grad!, dtype)
  }
  t.throws(() => F.siluMul(lora.ones([2]), lora.ones([3])), { instanceOf: lora.ShapeError })
})
