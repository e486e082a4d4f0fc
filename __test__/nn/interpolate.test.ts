import test from 'ava'
import * as lora from 'loralib'
import { close, same, wave } from '../support/close.js'
import { rows } from '../support/reference.js'
import { pieces } from '../support/windows.js'

const { nn } = lora
const F = nn.functional

const square = lora.tensor([
  [
    [
      [1, 2],
      [3, 4],
    ],
  ],
])

test('interpolate: PyTorch’s documented values for a 2 × 2 image', async (t) => {
  await same(t, F.interpolate(square, { scaleFactor: 2 }), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
  await close(
    t,
    new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }).forward(square),
    [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4],
  )
  const third = 1 / 3
  await close(
    t,
    F.interpolate(square, { scaleFactor: 2, mode: 'bilinear', alignCorners: true }),
    [0, 2, 4, 6].flatMap((row) => [0, 1, 2, 3].map((column) => 1 + (row + column) * third)),
  )
})

test('interpolate: bicubic with slope −0.75, by known values', async (t) => {
  const image = lora.arange(1, 17, 1, { dtype: 'f32' }).reshape([1, 1, 4, 4])
  const y = F.interpolate(image, { scaleFactor: 2, mode: 'bicubic' })
  const first = [0.47265625, 0.76953125, 1.24609375, 1.875, 2.28125, 2.91015625, 3.38671875, 3.68359375]
  await close(t, y.at(0, 0, 0), first)
  // The last row mirrors the first: x becomes 17 − x.
  await close(
    t,
    y.at(0, 0, 7),
    first.toReversed().map((v) => 17 - v),
  )
  await close(t, F.interpolate(image, { size: 4, mode: 'bicubic', alignCorners: true }), image)
})

/** Piecewise linear function through the places of a row, constant behind the ends. */
const linearAt = (row: number[], source: number): number => {
  const at = Math.min(Math.max(source, 0), row.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, row.length - 1)
  return row[low]! + (at - low) * (row[high]! - row[low]!)
}

test('interpolate: linear is the line between neighbours, up and down, by size and by scale', async (t) => {
  const x = wave(2 * 3 * 7)
  const input = lora.tensor(x).reshape([2, 3, 7])
  for (const out of [3, 7, 10, 1]) {
    for (const alignCorners of [false, true]) {
      const step = alignCorners ? (out > 1 ? 6 / (out - 1) : 0) : 7 / out
      const source = (o: number): number => (alignCorners ? o * step : step * (o + 0.5) - 0.5)
      const want = rows(x, 7).flatMap((row) => Array.from({ length: out }, (_, o) => linearAt(row, source(o))))
      await close(t, F.interpolate(input, { size: out, mode: 'linear', alignCorners }), want)
    }
  }
  // ⌊7 · 1.5⌋ = 10 places, 1 / 1.5 apart and not 7 / 10.
  const scaled = F.interpolate(input, { scaleFactor: 1.5, mode: 'linear' })
  const want = (step: number): number[] =>
    rows(x, 7).flatMap((row) => Array.from({ length: 10 }, (_, o) => linearAt(row, step * (o + 0.5) - 0.5)))
  await close(t, scaled, want(1 / 1.5))
  const again = F.interpolate(input, { scaleFactor: 1.5, mode: 'linear', recomputeScaleFactor: true })
  await close(t, again, want(0.7))
})

test('interpolate: trilinear is linear in each dimension', async (t) => {
  const value = (d: number, h: number, w: number): number => 3 * d - 2 * h + 5 * w + d * h * w
  const places = (n: number): number[] => [...Array(n).keys()]
  const x = places(2).flatMap((d) => places(3).flatMap((h) => places(2).map((w) => value(d, h, w))))
  const y = F.interpolate(lora.tensor(x).reshape([1, 1, 2, 3, 2]), {
    size: [3, 5, 2],
    mode: 'trilinear',
    alignCorners: true,
  })
  await close(
    t,
    y,
    places(3).flatMap((d) => places(5).flatMap((h) => places(2).map((w) => value(d / 2, h / 2, w)))),
  )
})

test('interpolate: nearest takes ⌊o · in / out⌋, nearest-exact ⌊(o + ½) · in / out⌋', async (t) => {
  const row = lora.tensor([[[0, 1, 2, 3, 4]]])
  await same(t, F.interpolate(row, { size: 3 }), [0, 1, 3])
  await same(t, F.interpolate(row, { size: 3, mode: 'nearest-exact' }), [0, 2, 4])
  await same(t, F.interpolate(row, { size: 8 }), [0, 0, 1, 1, 2, 3, 3, 4])
  await same(t, F.interpolate(row, { scaleFactor: 0.5 }), [0, 2])
})

test('interpolate: a dimension that keeps its size is copied, and one of twice the size repeats each element', async (t) => {
  const row = lora.tensor([[[0, 1, 2, 3, 4]]])
  for (const mode of ['nearest', 'linear'] as const) {
    await same(t, F.interpolate(row, { scaleFactor: 1.1, mode }), row)
  }
  await same(t, F.interpolate(row, { scaleFactor: 2.1 }), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
})

test('interpolate: area takes the means of adaptive pooling', async (t) => {
  const x = wave(7)
  const y = F.interpolate(lora.tensor([[x]]), { size: 3, mode: 'area' })
  await close(
    t,
    y,
    pieces(7, 3).map((piece) => piece.reduce((sum, i) => sum + x[i]!, 0) / piece.length),
  )
})

test('interpolate: the gradient of a resize sums the contributions of each element', async (t) => {
  const x = lora.tensor([[[1, 2, 3]]]).requiresGrad_()
  await F.interpolate(x, { size: 6 }).backward(lora.tensor([[[1, 2, 3, 4, 5, 6]]]))
  await same(t, x.grad!, [3, 7, 11])
  x.grad = null
  // Weights of the two ends and the middle: rows of the matrix of linear resizing from 3 to 5 with aligned corners.
  await F.interpolate(x, { size: 5, mode: 'linear', alignCorners: true }).backward(lora.tensor([[[1, 1, 1, 1, 1]]]))
  await close(t, x.grad!, [1.5, 2, 1.5])
})

test('interpolate: numbers that are not used do not spread, and half precision stays', async (t) => {
  const y = F.interpolate(lora.tensor([[[1, 3, Number.NaN]]]), { size: 6, mode: 'linear' })
  await close(t, y.at(0, 0, [0, 3]), [1, 1.5, 2.5])
  t.is(F.interpolate(square.to('bf16'), { scaleFactor: 2, mode: 'bilinear' }).dtype, 'bf16')
})

test('interpolate: wrong sizes, scales and modes are errors', (t) => {
  const option = { instanceOf: lora.OptionError }
  t.throws(() => F.interpolate(square, {}), { ...option, message: /neither/ })
  t.throws(() => F.interpolate(square, { size: 2, scaleFactor: 2 }), { ...option, message: /both/ })
  t.throws(() => F.interpolate(square, { size: [2, 2, 2] }), { ...option, message: /size/ })
  t.throws(() => F.interpolate(square, { scaleFactor: 0.1 }), { ...option, message: /scaleFactor/ })
  t.throws(() => F.interpolate(square, { scaleFactor: -1 }), { ...option, message: /scaleFactor/ })
  t.throws(() => F.interpolate(square, { size: 2, mode: 'linear' }), { ...option, message: /mode/ })
  t.throws(() => F.interpolate(square, { size: 2, alignCorners: false }), { ...option, message: /alignCorners/ })
  t.throws(() => new nn.Upsample({ scaleFactor: 2, mode: 'bilinaer' as never }), { ...option, message: /bilinear/ })
  t.throws(() => F.interpolate(lora.zeros([2, 2]), { size: 2 }), { instanceOf: lora.ShapeError })
})

test('Flatten and Unflatten: there and back', async (t) => {
  const x = lora.tensor(wave(48)).reshape([2, 4, 2, 3])
  const flat = new nn.Flatten().forward(x)
  t.deepEqual(flat.shape, [2, 24])
  const back = new nn.Unflatten(1, [4, -1, 3]).forward(flat)
  t.deepEqual(back.shape, [2, 4, 2, 3])
  await same(t, back, x)
  t.deepEqual(new nn.Flatten(0, 1).forward(x).shape, [8, 2, 3])
  t.deepEqual(new nn.Unflatten(-1, [3, 1]).forward(x).shape, [2, 4, 2, 3, 1])
  t.throws(() => new nn.Unflatten(1, [5, 5]).forward(flat), { instanceOf: lora.ShapeError, message: /24/ })
  t.throws(() => new nn.Unflatten(1, [-1, -1]), { instanceOf: lora.OptionError })
})

test('PixelShuffle: channel c·r² + i·r + j becomes position (h·r + i, w·r + j); PixelUnshuffle is the inverse', async (t) => {
  const x = lora.tensor([[[[1, 2]], [[3, 4]], [[5, 6]], [[7, 8]]]])
  const y = new nn.PixelShuffle(2).forward(x)
  t.deepEqual(y.shape, [1, 1, 2, 4])
  await same(t, y, [1, 3, 2, 4, 5, 7, 6, 8])
  await same(t, new nn.PixelUnshuffle(2).forward(y), x)
  t.deepEqual(F.pixelShuffle(lora.zeros([18, 2, 3]), 3).shape, [2, 6, 9])
  t.throws(() => F.pixelShuffle(x, 3), { instanceOf: lora.ShapeError })
  t.throws(() => F.pixelUnshuffle(x, 2), { instanceOf: lora.ShapeError })
})
