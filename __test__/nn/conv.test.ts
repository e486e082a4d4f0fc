import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, wave } from '../support/close.js'
import { convolution, eachProduct, size } from '../support/conv.js'
import { wrongUses } from '../support/errors.js'

const { nn } = lora
const F = nn.functional

function filled<T extends lora.nn.Module>(layer: T, dtype = 'f32'): T {
  const state = Object.entries(layer.stateDict()).map(([key, { shape }], i) => {
    return [key, lora.tensor(wave(size(shape), 0.7 + i / 3), { dtype: dtype as 'f32' }).reshape([...shape])]
  })
  layer.loadStateDict(Object.fromEntries(state))
  return layer
}

test('nn.Conv1d, 2d, 3d: stride, padding, dilation and groups against single products (f32, f64)', async (t) => {
  const cases = [
    [1, nn.Conv1d, [4, 6, 3], { stride: 2, padding: 1, groups: 2 }, [2, 4, 8]],
    [2, nn.Conv2d, [3, 4, [3, 2]], { stride: [2, 1], padding: [1, 2], dilation: [1, 2] }, [2, 3, 6, 5]],
    [2, nn.Conv2d, [4, 4, 3], { groups: 4, padding: 1 }, [1, 4, 5, 4]],
    [3, nn.Conv3d, [2, 3, [1, 2, 3]], { stride: [1, 2, 1], padding: [0, 1, 1] }, [1, 2, 3, 4, 5]],
  ] as const
  for (const [dims, Conv, [inC, outC, k], options, shape] of cases) {
    for (const dtype of ['f32', 'f64'] as const) {
      const layer = filled(new Conv(inC, outC, k, { ...options, dtype }), dtype)
      const y = layer.forward(lora.tensor(wave(size(shape), 0.4), { dtype }).reshape([...shape]))
      t.is(y.ndim, dims + 2)
      const [w, b] = [await numbers(layer.weight), await numbers(layer.bias!)]
      const x = { values: wave(size(shape), 0.4), shape }
      const want = convolution(x, { values: w, shape: layer.weight.shape }, b, options)
      t.deepEqual(y.shape, want.shape)
      await close(t, y, want.values, dtype)
    }
  }
})

test('nn.Conv2d: sizes of the output follow the formula; padding same keeps them', (t) => {
  const x = lora.zeros([1, 2, 9, 8])
  t.deepEqual(new nn.Conv2d(2, 3, 4, { stride: 3, padding: 1 }).forward(x).shape, [1, 3, 3, 3])
  t.deepEqual(new nn.Conv2d(2, 3, 4, { padding: 'same', dilation: 2 }).forward(x).shape, [1, 3, 9, 8])
  t.deepEqual(new nn.Conv2d(2, 3, 4, { padding: 'valid' }).forward(x).shape, [1, 3, 6, 5])
  t.deepEqual(new nn.Conv2d(2, 3, 3).forward(lora.zeros([0, 2, 9, 8])).shape, [0, 3, 7, 6])
})

test('nn.Conv2d: an even kernel with padding same has its extra padding at the end, as PyTorch', async (t) => {
  const layer = new nn.Conv1d(1, 1, 2, { padding: 'same', bias: false })
  layer.loadStateDict({ weight: lora.tensor([[[1, 10]]]) })
  t.deepEqual(await layer.forward(lora.tensor([[1, 2, 3]])).tolist(), [[21, 32, 3]])
})

test('nn.Conv1d: the four padding modes', async (t) => {
  const sums: Record<string, number[]> = {
    zeros: [3, 6, 9, 7],
    reflect: [5, 6, 9, 10],
    replicate: [4, 6, 9, 11],
    circular: [7, 6, 9, 8],
  }
  for (const [mode, want] of Object.entries(sums)) {
    const layer = new nn.Conv1d(1, 1, 3, { padding: 1, paddingMode: mode as 'zeros', bias: false })
    layer.loadStateDict({ weight: lora.ones([1, 1, 3]) })
    t.deepEqual(await layer.forward(lora.tensor([[1, 2, 3, 4]])).tolist(), [want], mode)
  }
})

test('nn.Conv2d: an input without a batch gives what it gives in one', async (t) => {
  const layer = filled(new nn.Conv2d(2, 3, 3, { padding: 1 }))
  const x = lora.tensor(wave(2 * 4 * 5)).reshape([2, 4, 5])
  const alone = layer.forward(x)
  t.deepEqual(alone.shape, [3, 4, 5])
  t.deepEqual(await alone.tolist(), (await layer.forward(x.unsqueeze(0)).squeeze(0).tolist()) as unknown)
})

test('nn.Conv2d: gradients of input, weight and bias meet single products', async (t) => {
  const layer = filled(new nn.Conv2d(2, 4, 3, { stride: 2, padding: 1, groups: 2 }))
  const [shape, n] = [[1, 2, 5, 4], 40] as const
  const x = lora.tensor(wave(n, 0.3), { requiresGrad: true })
  const y = layer.forward(x.reshape([...shape]))
  const dy = wave(size(y.shape), 0.9)
  await y.backward(lora.tensor(dy).reshape([...y.shape]))
  const w = await numbers(layer.weight)
  const [dx, dw] = [new Array<number>(n).fill(0), new Array<number>(w.length).fill(0)]
  eachProduct(shape, layer.weight.shape, { stride: 2, padding: 1, groups: 2 }, (ix, iw, iy) => {
    dx[ix]! += dy[iy]! * w[iw]!
    dw[iw]! += dy[iy]! * wave(n, 0.3)[ix]!
  })
  await close(t, x.grad!, dx)
  await close(t, layer.weight.grad!, dw)
  const perChannel = dy.length / 4
  await close(
    t,
    layer.bias!.grad!,
    [0, 1, 2, 3].map((o) => dy.slice(o * perChannel, (o + 1) * perChannel).reduce((a, b) => a + b, 0)),
  )
})

test('nn.ConvTranspose: is the transpose of the convolution with the same weight', async (t) => {
  const cases = [
    [F.conv1d, F.convTranspose1d, [1, 4, 9], [6, 2, 3], { stride: 2, padding: 1, groups: 2 }],
    [F.conv2d, F.convTranspose2d, [2, 3, 7, 5], [4, 3, 3, 3], { stride: 2, padding: 1 }],
    [F.conv3d, F.convTranspose3d, [1, 2, 3, 5, 3], [2, 2, 1, 3, 2], { dilation: 2 }],
  ] as const
  for (const [conv, back, xShape, wShape, options] of cases) {
    const x = lora.tensor(wave(size(xShape), 0.4), { dtype: 'f64' }).reshape([...xShape])
    const w = lora.tensor(wave(size(wShape), 0.9), { dtype: 'f64' }).reshape([...wShape])
    const y = conv(x, w, null, options)
    const z = lora.tensor(wave(y.numel, 1.3), { dtype: 'f64' }).reshape([...y.shape])
    // <conv(x), z> = <x, convTranspose(z)>, whatever the sizes.
    const there = await y.mul(z).sum().item()
    const up = back(z, w, null, options)
    t.deepEqual(up.shape, x.shape)
    t.true(Math.abs(there - (await up.mul(x).sum().item())) < 1e-9)
  }
})

test('nn.ConvTranspose2d: doubles an image, learns, and takes an output size', async (t) => {
  const up = new nn.ConvTranspose2d(2, 3, 4, { stride: 2, padding: 1 })
  const x = lora.tensor(wave(2 * 2 * 3 * 5), { requiresGrad: true })
  const y = up.forward(x.reshape([2, 2, 3, 5]))
  t.deepEqual(y.shape, [2, 3, 6, 10])
  await y.square().mean().backward()
  t.deepEqual(up.weight.grad!.shape, [2, 3, 4, 4])
  t.deepEqual(up.bias!.grad!.shape, [3])
  const odd = new nn.ConvTranspose1d(1, 1, 3, { stride: 2, padding: 1 })
  t.deepEqual(odd.forward(lora.zeros([1, 1, 5])).shape, [1, 1, 9])
  t.deepEqual(odd.forward(lora.zeros([1, 1, 5]), [10]).shape, [1, 1, 10])
  const error = t.throws(() => odd.forward(lora.zeros([1, 1, 5]), [11]), { instanceOf: lora.ShapeError })
  t.regex(error!.message, /9 to 10/)
})

test('nn.ConvTranspose: an output padding of at least the stride, which the dilation allows, has gradients of the right shape', async (t) => {
  const cases = [
    [nn.ConvTranspose1d, 3, { stride: 1, dilation: 3, outputPadding: 2 }, [2, 2, 4]],
    [nn.ConvTranspose1d, 2, { stride: 2, dilation: 5, outputPadding: 4, padding: 1 }, [1, 2, 3]],
    [nn.ConvTranspose2d, 2, { stride: [1, 2], dilation: [4, 3], outputPadding: [3, 2], padding: [1, 0] }, [1, 2, 3, 2]],
    [nn.ConvTranspose3d, 2, { stride: 1, dilation: 2, outputPadding: 1 }, [1, 2, 2, 3, 2]],
  ] as const
  for (const [Layer, taps, options, shape] of cases) {
    const layer = filled(new Layer(2, 4, taps, { ...options, groups: 2, dtype: 'f64' }), 'f64')
    const x = lora.tensor(wave(size(shape), 0.4), { dtype: 'f64' }).reshape([...shape])
    x.requiresGrad = true
    t.true(await lora.gradcheck((input) => layer.forward(input!), [x]))
    const y = layer.forward(x)
    const weights = lora.tensor(wave(y.numel, 1.3), { dtype: 'f64' }).reshape([...y.shape])
    await y.mul(weights).sum().backward()
    t.deepEqual(
      [x.grad!.shape, layer.weight.grad!.shape, layer.bias!.grad!.shape],
      [[...shape], layer.weight.shape, [4]],
    )
    const [h, at] = [1e-4, 5]
    const moved = async (by: number) => {
      const values = await numbers(layer.weight)
      values[at]! += by
      const weight = lora.tensor(values, { dtype: 'f64' }).reshape(layer.weight.shape)
      layer.loadStateDict({ weight, bias: layer.bias! })
      return (await numbers(lora.noGrad(() => layer.forward(x).mul(weights).sum())))[0]!
    }
    const slope = -((await moved(-h)) - (await moved(2 * h))) / (2 * h)
    t.true(Math.abs(slope - (await numbers(layer.weight.grad!))[at]!) < 1e-6)
  }
})

test('F.pad: the last dimension first, negative cuts, any dtype', async (t) => {
  const x = lora.tensor([
    [1, 2],
    [3, 4],
  ])
  t.deepEqual(await F.pad(x, [1, 0]).tolist(), [
    [0, 1, 2],
    [0, 3, 4],
  ])
  t.deepEqual(await F.pad(x, [0, -1, 1, 0], 'constant', 9).tolist(), [[9], [1], [3]])
  const ids = lora.tensor([[7, 8]], { dtype: 'i64' })
  const padded = F.pad(ids, [0, 2], 'constant', 50256)
  t.is(padded.dtype, 'i64')
  t.deepEqual(await padded.tolist(), [[7, 8, 50256, 50256]])
  t.deepEqual(await F.pad(lora.tensor([1, 2, 3]), [2, 2], 'reflect').tolist(), [3, 2, 1, 2, 3, 2, 1])
  t.deepEqual(await F.pad(lora.tensor([1, 2, 3]), [1, 2], 'circular').tolist(), [3, 1, 2, 3, 1, 2])
  const g = lora.tensor([1, 2, 3], { requiresGrad: true })
  await F.pad(g, [2, 1], 'replicate')
    .mul(lora.tensor([1, 10, 100, 1000, 10000, 100000]))
    .sum()
    .backward()
  t.deepEqual(await g.grad!.tolist(), [111, 1000, 110000])
})

test('nn.Conv2d: a bf16 weight serves an f32 input', async (t) => {
  const layer = filled(new nn.Conv2d(2, 3, 3))
  const x = lora.tensor(wave(2 * 5 * 5)).reshape([1, 2, 5, 5])
  const want = await numbers(layer.forward(x))
  await close(t, layer.to('bf16').forward(x), want, 'bf16')
})

const conv = () => new nn.Conv2d(4, 6, 3)

wrongUses('convolutions', [
  [
    'channels that do not fit',
    () => conv().forward(lora.zeros([1, 3, 8, 8])),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /x \(N, 4, H, W\)/, hint: /permute/ },
  ],
  [
    'a vector as the input',
    () => conv().forward(lora.zeros([8])),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /\(N, C, H, W\)/ },
  ],
  [
    'an input smaller than the kernel',
    () => conv().forward(lora.zeros([1, 4, 2, 8])),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /at least 3/ },
  ],
  [
    'an input of integers',
    () => conv().forward(lora.zeros([1, 4, 8, 8], { dtype: 'i64' })),
    lora.DtypeError,
    'ERR_LORA_DTYPE',
    {},
  ],
  [
    'groups that do not divide',
    () => new nn.Conv2d(4, 6, 3, { groups: 4 }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { expected: /outChannels = 6/ },
  ],
  [
    'a stride of 0',
    () => new nn.Conv2d(4, 6, 3, { stride: 0 }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { expected: /1 or more/ },
  ],
  [
    'a kernel of three sizes in two dimensions',
    () => new nn.Conv2d(4, 6, [3, 3, 3]),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { expected: /a list of 2/ },
  ],
  [
    'padding same with a stride',
    () => new nn.Conv2d(4, 6, 3, { stride: 2, padding: 'same' }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    {},
  ],
  [
    'a padding mode that is none',
    () => new nn.Conv2d(4, 6, 3, { paddingMode: 'zero' as 'zeros' }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { hint: /zeros/ },
  ],
  [
    'more reflected elements than there are',
    () => new nn.Conv1d(1, 1, 3, { padding: 4, paddingMode: 'reflect' }).forward(lora.zeros([1, 1, 4])),
    lora.ShapeError,
    'ERR_LORA_SHAPE',
    { expected: /0 to 3/ },
  ],
  [
    'an output padding as large as the stride',
    () => new nn.ConvTranspose2d(4, 6, 3, { stride: 2, outputPadding: 2 }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    {},
  ],
  ['padding of half an element', () => F.pad(lora.zeros([4]), [0.5, 0]), lora.OptionError, 'ERR_LORA_OPTION', {}],
  ['more padding than dimensions', () => F.pad(lora.zeros([4]), [1, 1, 1, 1]), lora.OptionError, 'ERR_LORA_OPTION', {}],
])
