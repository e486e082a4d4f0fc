import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { rows } from '../support/reference.js'
import { largest, pieces, slidingWindows, sums } from '../support/windows.js'

const { nn } = lora
const F = nn.functional

interface Case {
  shape: number[]
  kernel: number[]
  stride: number[]
  padding: number[]
  dilation: number[]
  ceilMode: boolean
}

const CASES: Case[] = [
  { shape: [2, 3, 11], kernel: [3], stride: [2], padding: [1], dilation: [2], ceilMode: false },
  { shape: [2, 1, 10], kernel: [2], stride: [3], padding: [0], dilation: [1], ceilMode: true },
  { shape: [2, 2, 8, 6], kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceilMode: false },
  { shape: [1, 3, 7, 9], kernel: [3, 2], stride: [1, 3], padding: [1, 1], dilation: [1, 1], ceilMode: true },
  // Rounding up would give 4 windows; the last would start behind the input and is left out.
  { shape: [1, 1, 5, 5], kernel: [2, 2], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceilMode: true },
  {
    shape: [2, 2, 4, 5, 6],
    kernel: [2, 3, 2],
    stride: [2, 2, 1],
    padding: [1, 1, 0],
    dilation: [1, 1, 1],
    ceilMode: false,
  },
  {
    shape: [1, 2, 4, 6, 5],
    kernel: [2, 2, 3],
    stride: [3, 2, 2],
    padding: [0, 1, 1],
    dilation: [1, 2, 2],
    ceilMode: true,
  },
]

const volume = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1)

// Numbers without ties, out of order.
const mixed = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7919) % n) / 8)

function windowsOf(c: Case, dilated = true): number[][][] {
  return c.shape.slice(2).map((size, i) => {
    const [kernel, stride, padding] = [c.kernel[i]!, c.stride[i]!, c.padding[i]!]
    return slidingWindows({ size, kernel, stride, padding, dilation: dilated ? c.dilation[i]! : 1 }, c.ceilMode)
  })
}

const maxPools = [F.maxPool1dWithIndices, F.maxPool2dWithIndices, F.maxPool3dWithIndices]
const avgPools = [F.avgPool1d, F.avgPool2d, F.avgPool3d]
const maxLayers = [nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d]
const avgLayers = [nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d]

test('maxPool: values and flat indexes are those of a search of every window', async (t) => {
  for (const c of CASES) {
    const sizes = c.shape.slice(2)
    const x = mixed(volume(c.shape))
    const windows = windowsOf(c)
    const want = rows(x, volume(sizes)).flatMap((plane) => largest(plane, sizes, windows))
    const options = { stride: c.stride, padding: c.padding, dilation: c.dilation, ceilMode: c.ceilMode }
    const input = lora.tensor(x).reshape(c.shape)
    const [y, index] = maxPools[sizes.length - 1]!(input, c.kernel, options)
    t.deepEqual(y.shape, [...c.shape.slice(0, 2), ...windows.map((w) => w.length)])
    t.is(index.dtype, 'i64')
    await same(
      t,
      y,
      want.map(([value]) => value),
    )
    await same(
      t,
      index,
      want.map(([, place]) => place),
    )
    await same(t, new maxLayers[sizes.length - 1]!(c.kernel, options).forward(input), y)
  }
})

test('avgPool: means with and without the padding, and with another divisor', async (t) => {
  for (const c of CASES) {
    const sizes = c.shape.slice(2)
    const x = wave(volume(c.shape))
    const input = lora.tensor(x).reshape(c.shape)
    const windows = windowsOf(c, false)
    const parts = rows(x, volume(sizes)).flatMap((plane) => sums(plane, sizes, windows, c.padding))
    const options = { stride: c.stride, padding: c.padding, ceilMode: c.ceilMode }
    const pool = avgPools[sizes.length - 1]!
    const counted = pool(input, c.kernel, options)
    t.deepEqual(counted.shape, [...c.shape.slice(0, 2), ...windows.map((w) => w.length)])
    await close(
      t,
      counted,
      parts.map(({ sum, padded }) => sum / padded),
    )
    await close(
      t,
      pool(input, c.kernel, { ...options, countIncludePad: false }),
      parts.map(({ sum, inside }) => sum / inside),
    )
    await close(
      t,
      pool(input, c.kernel, { ...options, divisorOverride: 7 }),
      parts.map(({ sum }) => sum / 7),
    )
    await same(t, new avgLayers[sizes.length - 1]!(c.kernel, options).forward(input), counted)
  }
})

test('MaxPool2d and AvgPool2d: a 4 × 4 image by hand', async (t) => {
  const image = lora.arange(16, undefined, 1, { dtype: 'f32' }).reshape([1, 1, 4, 4])
  await same(t, new nn.MaxPool2d(2).forward(image), [5, 7, 13, 15])
  await same(t, new nn.AvgPool2d(2).forward(image), [2.5, 4.5, 10.5, 12.5])
  // A zero-padded corner window holds 0, 1, 4, 5 of nine places.
  const padded = await numbers(F.avgPool2d(image, 3, { stride: 1, padding: 1 }))
  t.is(padded.length, 16)
  await close(t, [padded[0]!], [10 / 9])
  await same(t, F.maxPool2dWithIndices(image, [1, 4])[1], [3, 7, 11, 15])
})

test('pooling: an input without a batch gives a result without one', async (t) => {
  const x = lora.tensor(wave(3 * 4 * 6)).reshape([3, 4, 6])
  const alone = new nn.MaxPool2d(2).forward(x)
  t.deepEqual(alone.shape, [3, 2, 3])
  await same(t, alone, new nn.MaxPool2d(2).forward(x.unsqueeze(0)))
  t.deepEqual(new nn.AvgPool1d(2).forward(x.reshape([3, 24])).shape, [3, 12])
  t.deepEqual(new nn.AdaptiveAvgPool3d(1).forward(x.reshape([3, 2, 2, 6])).shape, [3, 1, 1, 1])
  t.deepEqual(
    F.adaptiveMaxPool2dWithIndices(x, 2).map((each) => each.shape),
    [
      [3, 2, 2],
      [3, 2, 2],
    ],
  )
})

test('adaptive pooling: pieces from ⌊o·in/out⌋ to ⌈(o+1)·in/out⌉; null keeps a size', async (t) => {
  for (const [shape, size] of [
    [[2, 3, 7], [3]],
    [
      [1, 2, 5, 6],
      [1, 1],
    ],
    [
      [2, 2, 5, 7],
      [3, null],
    ],
    [
      [1, 2, 3, 2],
      [5, 4],
    ],
    [
      [1, 2, 3, 5, 4],
      [2, null, 3],
    ],
  ] as [number[], (number | null)[]][]) {
    const sizes = shape.slice(2)
    const windows = sizes.map((n, i) => pieces(n, size[i] ?? n))
    const x = mixed(volume(shape))
    const input = lora.tensor(x).reshape(shape)
    const n = sizes.length - 1
    const avg = [nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d][n]!
    const max = [nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d][n]!
    const places = [F.adaptiveMaxPool1dWithIndices, F.adaptiveMaxPool2dWithIndices, F.adaptiveMaxPool3dWithIndices][n]!
    const planes = rows(x, volume(sizes))
    const none = sizes.map(() => 0)
    const means = planes.flatMap((plane) => sums(plane, sizes, windows, none).map(({ sum, inside }) => sum / inside))
    const best = planes.flatMap((plane) => largest(plane, sizes, windows))
    await close(t, new avg(size).forward(input), means)
    await same(
      t,
      new max(size).forward(input),
      best.map(([value]) => value),
    )
    await same(
      t,
      places(input, size)[1],
      best.map(([, place]) => place),
    )
  }
})

test('maxPool: the gradient goes to the largest, to the first of ties, and adds up where windows overlap', async (t) => {
  const x = lora.tensor([[[1, 5, 5, 2, 7]]]).requiresGrad_()
  const y = F.maxPool1d(x, 3, { stride: 1 })
  await same(t, y, [5, 5, 7])
  await y.backward(lora.tensor([[[1, 10, 100]]]))
  await same(t, x.grad!, [0, 11, 0, 0, 100])
})

test('avgPool: each element gets its share of every window', async (t) => {
  const x = lora.tensor([[[1, 2, 3, 4]]]).requiresGrad_()
  await F.avgPool1d(x, 2, { stride: 1, padding: 1 }).backward(lora.tensor([[[2, 4, 6, 8, 10]]]))
  await same(t, x.grad!, [3, 5, 7, 9])
  x.grad = null
  await F.adaptiveAvgPool1d(x, 3).backward(lora.tensor([[[2, 4, 6]]]))
  // Pieces 0..2, 1..3, 2..4.
  await same(t, x.grad!, [1, 3, 5, 3])
})

test('maxPool: NaN counts as the largest, and the padding as −∞', async (t) => {
  const x = lora.tensor([[[Number.NaN, 1, -3, -5]]])
  t.deepEqual(await numbers(F.maxPool1d(x, 2)), [Number.NaN, -3])
  await same(t, F.maxPool1d(lora.tensor([[[-3, -5]]]), 2, { padding: 1 }), [-3, -5])
})

test('pooling: half-precision numbers keep their type', async (t) => {
  const x = lora.tensor(wave(16)).reshape([1, 1, 4, 4]).to('bf16')
  const [y, index] = F.maxPool2dWithIndices(x, 2)
  t.deepEqual([y.dtype, index.dtype, F.avgPool2d(x, 2).dtype], ['bf16', 'i64', 'bf16'])
  await same(t, y, F.maxPool2d(x.to('f32'), 2))
})

test('pooling: a batch of none gives a result of none', async (t) => {
  const y = new nn.MaxPool2d(2).forward(lora.zeros([0, 3, 4, 4]))
  t.deepEqual(y.shape, [0, 3, 2, 2])
  t.deepEqual(await numbers(y), [])
})

test('pooling: bad options and shapes are errors that say what fits', (t) => {
  const option = { instanceOf: lora.OptionError }
  t.throws(() => new nn.MaxPool2d(0), { ...option, message: /kernelSize/ })
  t.throws(() => new nn.MaxPool2d([2, 2, 2]), { ...option, message: /list of 2/ })
  t.throws(() => new nn.MaxPool2d(2, { stride: 0 }), { ...option, message: /stride/ })
  t.throws(() => new nn.MaxPool2d(2, { padding: 2 }), { ...option, message: /at most half/ })
  t.throws(() => new nn.MaxPool2d(2, { dilation: 1.5 }), { ...option, message: /dilation/ })
  t.throws(() => new nn.AvgPool2d(2, { divisorOverride: 0 }), { ...option, message: /divisorOverride/ })
  t.throws(() => new nn.AvgPool2d(2, { countIncludePad: 1 as never }), { ...option, message: /true or false/ })
  t.throws(() => new nn.AvgPool2d(2, { ceil_mod: true } as never), { ...option, message: /ceilMode/ })
  t.throws(() => new nn.AdaptiveAvgPool2d([0, 2]), { ...option, message: /outputSize/ })
  t.throws(() => F.maxPool1d(lora.zeros([1, 1, 2]), 2, { padding: 1, dilation: 5 }), { ...option, message: /padding/ })
  const shape = { instanceOf: lora.ShapeError }
  t.throws(() => new nn.MaxPool2d(5).forward(lora.zeros([1, 1, 4, 4])), { ...shape, message: /5 or more/ })
  t.throws(() => new nn.MaxPool2d(2).forward(lora.zeros([4, 4])), { ...shape, message: /\(N, C, H, W\)/ })
  t.throws(() => new nn.AvgPool1d(2).forward(lora.zeros([1, 1, 4, 4])), shape)
  t.throws(() => F.maxPool2d(lora.zeros([1, 1, 0, 4]), 2), shape)
  t.throws(() => F.maxPool2d(lora.zeros([1, 1, 4, 4], { dtype: 'i64' }), 2), { instanceOf: lora.DtypeError })
})
