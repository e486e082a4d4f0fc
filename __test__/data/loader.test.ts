import test from 'ava'
import * as lora from 'loralib'
import { philox } from '../../.cache/ts/data/loader/philox.js'
import { numbers, same } from '../support/close.js'

const { DataLoader, TensorDataset, randomSplit, defaultCollate } = lora.data

const plain = Array.from({ length: 10 }, (_, i) => i)

/** The samples of every batch of one epoch. */
async function epoch(loader: AsyncIterable<lora.Tensor>): Promise<number[][]> {
  const batches: number[][] = []
  for await (const batch of loader) batches.push(await numbers(batch))
  return batches
}

test('Philox: the known answers of Random123', (t) => {
  const hex = (words: number[]) => words.map((w) => w.toString(16).padStart(8, '0')).join(' ')
  t.is(hex(philox([0, 0, 0, 0], [0, 0])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  const ones = 0xffffffff
  t.is(hex(philox([ones, ones, ones, ones], [ones, ones])), '408f276d 41c83b0e a20bc7c6 6d5451fd')
  const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]
  t.is(hex(philox(pi, [0xa4093822, 0x299f31d0])), 'd16cfe09 94fdcceb 5001e420 24126ea1')
})

test.serial('DataLoader: in order, the last batch short or dropped', async (t) => {
  const loader = new DataLoader(plain, { batchSize: 4 })
  t.is(loader.length, 3)
  t.deepEqual(await epoch(loader), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]) // prettier-ignore
  const dropping = new DataLoader(plain, { batchSize: 4, dropLast: true })
  t.is(dropping.length, 2)
  t.deepEqual(await epoch(dropping), [[0, 1, 2, 3], [4, 5, 6, 7]]) // prettier-ignore
  t.deepEqual(await epoch(new DataLoader([], { batchSize: 4 })), [])
  t.is((await epoch(new DataLoader(plain))).length, 10)
})

test.serial('DataLoader: a seed gives the same orders everywhere, another one in each epoch', async (t) => {
  const make = (seed: number | bigint) => new DataLoader(plain, { batchSize: 10, shuffle: true, seed })
  const loader = make(7)
  const orders = [await epoch(loader), await epoch(loader)]
  // Written down: another machine or version must not draw another order.
  t.deepEqual(orders, [[[6, 9, 0, 5, 1, 3, 8, 2, 4, 7]], [[5, 6, 2, 9, 7, 1, 4, 3, 0, 8]]])
  const again = make(7n)
  t.deepEqual([await epoch(again), await epoch(again)], orders)
  t.notDeepEqual(await epoch(make(8)), orders[0])
  t.deepEqual(orders.map(([order]) => [...order!].sort()), [plain, plain]) // prettier-ignore
})

test.serial('DataLoader: without a seed manualSeed fixes the order, and each loader has one of its own', async (t) => {
  const two = async () => {
    lora.manualSeed(3)
    const make = () => new DataLoader(plain, { batchSize: 10, shuffle: true })
    return [await epoch(make()), await epoch(make())]
  }
  const first = await two()
  t.notDeepEqual(first[0], first[1])
  t.deepEqual(await two(), first)
})

test('DataLoader: every order is equally likely', (t) => {
  // 6000 orders of 3: each of the 6 comes 1000 times, give or take 5 standard deviations.
  const counts = new Map<string, number>()
  const loader = new DataLoader([0, 1, 2], { batchSize: 3, shuffle: true, seed: 1, collate: (s) => s.join('') })
  for (let i = 0; i < 6000; i++) for (const order of loader) counts.set(order, (counts.get(order) ?? 0) + 1)
  t.is(counts.size, 6)
  for (const [order, count] of counts)
    t.true(Math.abs(count - 1000) < 5 * Math.sqrt(6000 * (1 / 6) * (5 / 6)), `${order} ${count}`)
})

test.serial('DataLoader: a state gives exactly the batches that remain, then the same next epochs', async (t) => {
  for (const options of [
    { shuffle: true, seed: 5 },
    { shuffle: true },
    {},
    { shuffle: true, dropLast: true, seed: 1 },
  ]) {
    const make = () => new DataLoader(plain, { batchSize: 3, ...options })
    const whole = make()
    const start = whole.stateDict()
    const epochs = [await epoch(whole), await epoch(whole), await epoch(whole)]
    for (const stop of epochs[1]!.keys()) {
      const first = make()
      first.loadStateDict(start)
      await epoch(first)
      let state: lora.data.DataLoaderState | null = null
      let seen = 0
      for await (const _ of first) {
        if (seen++ === stop) {
          state = first.stateDict()
          break
        }
      }
      const resumed = make()
      resumed.loadStateDict(JSON.parse(JSON.stringify(state)))
      t.deepEqual(await epoch(resumed), epochs[1]!.slice(stop + 1))
      t.deepEqual(await epoch(resumed), epochs[2])
      // The one that was left early goes on with the next epoch.
      t.deepEqual(await epoch(first), epochs[2])
    }
  }
})

test.serial('DataLoader: the state between epochs, before the first one and of another loader', async (t) => {
  const make = (options = {}) => new DataLoader(plain, { batchSize: 5, shuffle: true, ...options })
  const loader = make()
  const start = loader.stateDict()
  const first = await epoch(loader)
  t.is(loader.stateDict().epoch, 1)
  t.is(loader.stateDict().batch, 0)
  const again = make()
  again.loadStateDict(start)
  t.deepEqual(await epoch(again), first)
  for (const other of [
    make({ batchSize: 2 }),
    make({ dropLast: true }),
    new DataLoader([1], { batchSize: 5, shuffle: true }),
  ]) {
    t.throws(() => other.loadStateDict(start), { code: 'ERR_LORA_OPTION', message: /another loader/ })
  }
  t.throws(() => loader.loadStateDict({ ...start, batch: -1 }), { code: 'ERR_LORA_OPTION' })
  t.throws(() => loader.loadStateDict(null as never), { code: 'ERR_LORA_OPTION' })
})

test.serial('DataLoader: async samples and collate; the plain for says that it needs for await', async (t) => {
  const dataset = {
    length: 5,
    get: async (i: number) => {
      await new Promise((resolve) => setTimeout(resolve, 5 - i))
      return i
    },
  }
  const loader = new DataLoader(dataset, { batchSize: 2, collate: async (samples: number[]) => samples.join() })
  const batches: string[] = []
  for await (const batch of loader) batches.push(batch)
  t.deepEqual(batches, ['0,1', '2,3', '4'])
  t.throws(() => [...new DataLoader(dataset)], { code: 'ERR_LORA_ASYNC', message: /for await/ })
  const sync = new DataLoader(plain, { collate: async () => 1 })
  t.throws(() => [...sync], { code: 'ERR_LORA_ASYNC' })
  const broken = new DataLoader({ length: 1, get: () => Promise.reject(new Error('no disk')) })
  await t.throwsAsync(async () => { for await (const _ of broken); }, { message: 'no disk' }) // prettier-ignore
})

test.serial('DataLoader: a sampler', async (t) => {
  const loader = new DataLoader(plain, { batchSize: 2, sampler: [9, 0, 9] })
  t.is(loader.length, 2)
  t.deepEqual(await epoch(loader), [[9, 0], [9]])
  t.deepEqual(await epoch(loader), [[9, 0], [9]])
  t.throws(() => [...new DataLoader(plain, { sampler: [10] })], { code: 'ERR_LORA_INDEX', message: /0 to 9/ })
  t.throws(() => new DataLoader(plain, { sampler: [1], shuffle: true }), { code: 'ERR_LORA_OPTION' })
})

test.serial('DataLoader: its length does not draw from a sampler; one without a length is asked for it', async (t) => {
  let drawn = 0
  const random = {
    length: 3,
    *[Symbol.iterator]() {
      drawn++
      yield* [0, 1, 2].map((i) => (i + drawn) % 3)
    },
  }
  const loader = new DataLoader(plain, { sampler: random })
  t.is(loader.length, 3)
  t.is(loader.length, 3)
  t.is(drawn, 0)
  t.deepEqual(await epoch(loader), [[1], [2], [0]])
  t.is(drawn, 1)
  t.is(new DataLoader(plain, { batchSize: 2, sampler: new Set([1, 2, 3]) }).length, 2)
  const endless = new DataLoader(plain, { sampler: { *[Symbol.iterator]() { yield 0 } } }) // prettier-ignore
  t.throws(() => endless.length, { code: 'ERR_LORA_OPTION', message: /length or size/ })
  t.deepEqual(await epoch(endless), [[0]])
})

test('DataLoader: options that are not usable', (t) => {
  for (const options of [
    { batchSize: 0 },
    { batchSize: 1.5 },
    { shuffle: 'yes' },
    { dropLast: 1 },
    { collate: 5 },
    { seed: -1 },
  ]) {
    t.throws(() => new DataLoader(plain, options as never), { code: 'ERR_LORA_OPTION' }, JSON.stringify(options))
  }
  t.throws(() => new DataLoader({ length: 3 } as never), { code: 'ERR_LORA_OPTION', message: /dataset/ })
})

test.serial('defaultCollate: tensors, typed arrays, numbers, strings, arrays and objects, to any depth', async (t) => {
  const batch = defaultCollate([
    { x: lora.tensor([1, 2]), label: 0n, pair: [1.5, 'a'] as const, row: Int32Array.of(1, 2), on: true },
    { x: lora.tensor([3, 4]), label: 2n, pair: [2.5, 'b'] as const, row: Int32Array.of(3, 4), on: false },
  ])
  t.deepEqual([batch.x.shape, batch.x.dtype], [[2, 2], 'f32'])
  await same(t, batch.x, [1, 2, 3, 4])
  t.deepEqual([batch.label.shape, batch.label.dtype], [[2], 'i64'])
  await same(t, batch.label, [0, 2])
  await same(t, batch.pair[0], [1.5, 2.5])
  t.deepEqual(batch.pair[1], ['a', 'b'])
  t.deepEqual([batch.row.shape, batch.row.dtype, batch.on.dtype], [[2, 2], 'i64', 'bool'])
  await same(t, batch.row, [1, 2, 3, 4])
})

test('defaultCollate: samples that do not fit together', (t) => {
  const wrong: [unknown[], lora.ErrorCode, RegExp][] = [
    [[], 'ERR_LORA_OPTION', /no samples/],
    [[1, 'a'], 'ERR_LORA_OPTION', /number and string/],
    [[null, null], 'ERR_LORA_OPTION', /null/],
    [
      [
        { a: 1, b: null },
        { a: 1, b: null },
      ],
      'ERR_LORA_OPTION',
      /sample\.b/,
    ],
    [[{ a: 1 }, { b: 1 }], 'ERR_LORA_SHAPE', /keys a and keys b/],
    [[[1, 2], [1]], 'ERR_LORA_SHAPE', /length 2 and length 1/],
    [[{ x: [lora.ones([2])] }, { x: [lora.ones([3])] }], 'ERR_LORA_SHAPE', /sample\.x\[0\][^]*\(2\) f32 and \(3\) f32/],
    [[Float32Array.of(1), Float32Array.of(1, 2)], 'ERR_LORA_SHAPE', /Float32Array\(1\) and Float32Array\(2\)/],
  ]
  for (const [samples, code, message] of wrong) t.throws(() => defaultCollate(samples), { code, message })
})

test.serial('TensorDataset: rows by number and by batch; Subset and randomSplit', async (t) => {
  const rows = lora.tensor([[0, 0], [1, 10], [2, 20], [3, 30], [4, 40]]) // prettier-ignore
  const dataset = new TensorDataset(rows, lora.tensor([0n, 1n, 2n, 3n, 4n]))
  t.is(dataset.length, 5)
  await same(t, dataset.get(2)[0]!, [2, 20])
  t.deepEqual(dataset.get(2)[1]!.shape, [])
  for (const [x, y] of new lora.DataLoader(dataset, { batchSize: 5, shuffle: true, seed: 2 })) {
    t.deepEqual([x!.shape, y!.shape, y!.dtype], [[5, 2], [5], 'i64']) // prettier-ignore
    await same(t, x!.at('...', 0), await numbers(y!))
    t.notDeepEqual(await numbers(y!), [0, 1, 2, 3, 4])
  }
  const [a, b, c] = randomSplit(dataset, [0.5, 0.3, 0.2], { seed: 4 })
  t.deepEqual([a!.length, b!.length, c!.length], [3, 1, 1])
  t.deepEqual([...a!.indices, ...b!.indices, ...c!.indices].sort(), [0, 1, 2, 3, 4])
  t.deepEqual(randomSplit(dataset, [3, 1, 1], { seed: 4 })[0]!.indices, a!.indices)
  await same(t, (a!.get(0) as lora.Tensor[])[1]!, [a!.indices[0]!])
  const [inner] = randomSplit(['x', 'y'], [2])
  t.deepEqual([inner!.get(0), inner!.get(1)].sort(), ['x', 'y'])
  t.throws(() => randomSplit(dataset, [2, 2]), { code: 'ERR_LORA_OPTION', message: /add up to 5/ })
  t.throws(() => dataset.get(5), { code: 'ERR_LORA_INDEX' })
  t.throws(() => new lora.data.Subset(dataset, [7]), { code: 'ERR_LORA_INDEX' })
  t.throws(() => new TensorDataset(rows, lora.ones([4])), { code: 'ERR_LORA_SHAPE' })
  t.throws(() => new TensorDataset(), { code: 'ERR_LORA_SHAPE' })
})
