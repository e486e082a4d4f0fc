import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'

const { tensor } = lora

test.serial('tensor: shape and dtype follow the data', async (t) => {
  const cases: [data: lora.TensorLike, shape: number[], dtype: lora.Dtype][] = [
    [1.5, [], 'f32'],
    [[1, 2, 3], [3], 'f32'],
    [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [3, 2],
      'f32',
    ],
    [[[[1]]], [1, 1, 1], 'f32'],
    [[], [0], 'f32'],
    [[[], []], [2, 0], 'f32'],
    [true, [], 'bool'],
    [[true, false], [2], 'bool'],
    [5n, [], 'i64'],
    [new Float32Array(2), [2], 'f32'],
    [new Float64Array(2), [2], 'f64'],
    [new BigInt64Array(2), [2], 'i64'],
    [new Int32Array(2), [2], 'i64'],
    [new Uint32Array(2), [2], 'i64'],
    [new Int8Array(2), [2], 'i64'],
    [new Uint8Array(2), [2], 'u8'],
  ]
  for (const [data, shape, dtype] of cases) {
    const made = tensor(data)
    t.deepEqual(made.shape, shape)
    t.is(made.dtype, dtype)
    t.is((await made.data()).length, made.numel)
  }
})

test.serial('tensor: the data is copied', async (t) => {
  const source = Float32Array.of(1, 2)
  const made = tensor(source)
  source[0] = 9
  await same(t, made, [1, 2])
  const back = await made.data()
  back[0] = 7
  await same(t, made, [1, 2])
})

test.serial('tensor: a typed array takes a shape, an array a dtype', async (t) => {
  const made = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] })
  t.deepEqual(await made.tolist(), [
    [1, 2, 3],
    [4, 5, 6],
  ])
  t.is(tensor([1, 2], { dtype: 'i64' }).dtype, 'i64')
  t.deepEqual(await tensor([0, 2], { dtype: 'bool' }).tolist(), [false, true])
  t.true(tensor([1], { requiresGrad: true }).requiresGrad)
  await same(t, tensor(new Int16Array([-3, 4])), [-3, 4])
})

test.serial('tensor: half types round to nearest, once', async (t) => {
  await same(t, tensor([1.00390625, -1e40, 3], { dtype: 'bf16' }), [1, -Infinity, 3])
  await same(t, tensor([0.1, 65504], { dtype: 'f16' }), [0.0999755859375, 65504])
})

test.serial('tensorAsync: the same as tensor, for data of many pieces, while the event loop runs', async (t) => {
  const n = 700_001
  const values = Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i)))
  let turns = 0
  const count = setInterval(() => (turns += 1), 1)
  for (const dtype of ['f32', 'f64', 'bf16'] as const) {
    const [slow, quick] = [
      await lora.tensorAsync(values, { dtype, shape: [1, n] }),
      tensor(values, { dtype, shape: [1, n] }),
    ]
    t.is(slow.dtype, dtype)
    t.deepEqual(slow.shape, [1, n])
    t.deepEqual(await slow.data(), await quick.data())
  }
  clearInterval(count)
  t.true(turns > 0)
  const whole = BigInt64Array.from({ length: 100_000 }, (_, i) => 2n ** 40n * BigInt(i))
  t.deepEqual(await (await lora.tensorAsync(whole)).data(), whole)
  t.true((await lora.tensorAsync(new Float32Array(3), { requiresGrad: true })).requiresGrad)
  t.deepEqual((await lora.tensorAsync(new Float32Array(0), { shape: [0, 2] })).shape, [0, 2])
})

test.serial('tensorAsync: wrong data is an error', async (t) => {
  await t.throwsAsync(lora.tensorAsync([1, 2] as never), { code: 'ERR_LORA_OPTION', message: /tensorAsync/ })
  await t.throwsAsync(lora.tensorAsync(new Float32Array(3), { shape: [2] }), { code: 'ERR_LORA_SHAPE' })
  await t.throwsAsync(lora.tensorAsync(new Float32Array(3), { dtype: 'f8' as never }), { code: 'ERR_LORA_DTYPE' })
  await t.throwsAsync(lora.tensorAsync(new Float32Array([1.5]), { dtype: 'i64' }), { code: 'ERR_LORA_DTYPE' })
})

test.serial('data: of a large tensor, a snapshot at its point in the queue', async (t) => {
  const n = 300_007
  const x = tensor(Float32Array.from({ length: n }, (_, i) => i))
  const before = x.data()
  lora.noGrad(() => x.add_(1))
  const [first, then] = [await before, await x.data()]
  t.true(first.length === n && first.every((value, i) => value === i))
  t.true(then.length === n && then.every((value, i) => value === i + 1))
  x.dispose()
  await t.throwsAsync(x.data(), { code: 'ERR_LORA_DISPOSED' })
})

test.serial('zeros, ones, full: every dtype', async (t) => {
  for (const dtype of ['f32', 'f64', 'bf16', 'f16', 'i64', 'u8', 'bool'] as const) {
    const made = lora.ones([2, 2], { dtype })
    t.is(made.dtype, dtype)
    await same(t, made, [1, 1, 1, 1])
    await same(t, lora.zeros([3], { dtype }), [0, 0, 0])
  }
  t.deepEqual(await lora.full([1, 2], -2.5).tolist(), [[-2.5, -2.5]])
  t.is(await lora.full([], 3).item(), 3)
})

test.serial('arange: integers give i64, others f32', async (t) => {
  t.deepEqual(await lora.arange(4).tolist(), [0, 1, 2, 3])
  t.is(lora.arange(4).dtype, 'i64')
  t.deepEqual(await lora.arange(1, 7, 2).tolist(), [1, 3, 5])
  t.deepEqual(await lora.arange(3, 0, -1).tolist(), [3, 2, 1])
  t.deepEqual(await lora.arange(2, 2).tolist(), [])
  await close(t, lora.arange(0, 1, 0.25), [0, 0.25, 0.5, 0.75])
  t.is(lora.arange(0, 3, 1, { dtype: 'f64' }).dtype, 'f64')
  t.deepEqual(await lora.arange(3, { dtype: 'f64' }).tolist(), [0, 1, 2])
  t.is(lora.arange(1, 3, { dtype: 'f32' }).dtype, 'f32')
  for (const wrong of [
    [0, { dtype: 'i64' }, 1],
    [0, Number.NaN],
    [0, 4, 0],
  ] as [number, number, number][]) {
    t.throws(() => lora.arange(...wrong), { code: 'ERR_LORA_OPTION', message: /arange[^]*options come last/ })
  }
})

test.serial('rand, randn: within their range, of their moments, the same for a seed', async (t) => {
  lora.manualSeed(1)
  const [u, n] = [await numbers(lora.rand([4000])), await numbers(lora.randn([4000]))]
  t.true(u.every((x) => x >= 0 && x < 1))
  const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length
  t.true(Math.abs(mean(u) - 0.5) < 0.02)
  t.true(Math.abs(mean(n)) < 0.05)
  t.true(Math.abs(mean(n.map((x) => x * x)) - 1) < 0.1)
  lora.manualSeed(1)
  await same(t, lora.rand([4000]), u)
  await same(t, lora.randn([4000]), n)
})

test.serial('Generator: its own numbers, not those of the stream; state can be set', async (t) => {
  const generator = new lora.Generator(7)
  lora.manualSeed(3)
  const plain = await numbers(lora.rand([4]))
  lora.manualSeed(3)
  const first = await numbers(lora.rand([4], { generator }))
  await same(t, lora.rand([4]), plain)
  const state = generator.getState()
  const second = await numbers(lora.rand([4], { generator }))
  t.notDeepEqual(second, first)
  generator.setState(state)
  await same(t, lora.rand([4], { generator }), second)
  await same(t, lora.rand([4], { generator: generator.manualSeed(7n) }), first)
})

test.serial('item, itemBigInt, tolist: numbers, truth values, and integers of any size', async (t) => {
  t.is(await tensor(2.5).item(), 2.5)
  t.is(await tensor([[7]]).item(), 7)
  t.is(await tensor([true]).item(), 1)
  t.is(await tensor(3n).item(), 3)
  const big = 2n ** 62n
  t.is(await tensor([big]).itemBigInt(), big)
  t.deepEqual(await tensor([1n, big]).tolist(), [1, big])
  t.is(await tensor(5).tolist(), 5)
  t.deepEqual(await lora.zeros([2, 0]).tolist(), [[], []])
  t.deepEqual(await tensor([[true], [false]]).tolist(), [[true], [false]])
})

test.serial('data: the array of the dtype', async (t) => {
  const kinds = {
    f32: Float32Array,
    f64: Float64Array,
    bf16: Float32Array,
    f16: Float32Array,
    i64: BigInt64Array,
    u8: Uint8Array,
    bool: Uint8Array,
  }
  for (const [dtype, kind] of Object.entries(kinds)) {
    t.true((await lora.ones([3], { dtype: dtype as lora.Dtype }).data()) instanceof kind, dtype)
  }
})

test.serial('to: between all dtypes', async (t) => {
  const dtypes = ['f32', 'f64', 'bf16', 'f16', 'i64', 'u8', 'bool'] as const
  for (const from of dtypes) {
    for (const to of dtypes) {
      const made = tensor([0, 1], { dtype: from }).to(to)
      t.is(made.dtype, to)
      await same(t, made, [0, 1])
    }
  }
  await same(t, tensor([-1.7, 2.9]).to('i64'), [-1, 2])
  await same(t, tensor([0.5, 0]).to('bool'), [1, 0])
  const x = tensor([1])
  t.is(x.to('f32'), x)
})

test.serial('what is known at once', (t) => {
  const x = lora.zeros([2, 3, 4])
  t.is(x.ndim, 3)
  t.is(x.numel, 24)
  t.deepEqual(x.size(), [2, 3, 4])
  t.is(x.size(-1), 4)
  t.is(typeof x.device, 'string')
  t.regex(String(x), /2, 3, 4.*f32/)
  x.dispose()
  t.true(x.isDisposed)
  t.regex(String(x), /disposed/)
})
