// Bugs of loralib's Embedding, by their numbers in docs/porting-from-loralib.md. Each test fails on upstream's behaviour, which
// `npm run proof:bugs` measures.
import { readFileSync } from 'node:fs'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { plus, product, rows, transposed } from '../support/reference.js'

const [W, A, B] = [rows(wave(15, 0.7), 3), rows(wave(10, 1.1), 5), rows(wave(6, 1.7), 2)]
const TABLE = plus(W, transposed(product(B, A)), 2) // scaling 2
const ids = (...list: number[]) => lora.tensor(new Int32Array(list))

test('B21: an embedding made around a table keeps its numbers, and the tensor itself', async (t) => {
  const table = lora.tensor(W)
  for (const layer of [
    new lora.Embedding(5, 3, { r: 2, weight: table }),
    lora.Embedding.fromPretrained(table, { r: 2 }),
  ]) {
    t.is(layer.weight, table)
    await same(t, layer.weight, lora.tensor(W))
    await same(t, layer.forward(ids(0, 1, 2, 3, 4)), lora.tensor(W))
  }
})

test('B22: a fresh padding column of A is 0 and gets no gradient; a loaded one is applied, merged or not', async (t) => {
  const layer = new lora.Embedding(5, 3, { r: 2, loraAlpha: 4, paddingIdx: 1 })
  await same(t, layer.forward(ids(1)), [0, 0, 0])
  await layer
    .forward(ids(0, 1, 2, 1))
    .sum()
    .backward()
  const grad = rows(await numbers(layer.loraA!.grad!), 5)
  for (const row of grad)
    t.deepEqual(
      row.slice(0, 3).map((value) => value !== 0),
      [true, false, true],
    )
  const weight = W.map((row, i) => (i === 1 ? [0, 0, 0] : row))
  layer.loadStateDict({ weight: lora.tensor(weight), lora_A: lora.tensor(A), lora_B: lora.tensor(B) })
  const row = TABLE[1]!.map((v, j) => v - W[1]![j]!)
  await close(t, layer.forward(ids(1)), row)
  await close(
    t,
    lora.noGrad(() => layer.eval().forward(ids(1))),
    row,
  )
  // Upstream's merging writes the row into the table for as long as it is merged, and saves it so.
  await same(t, layer.stateDict().weight!, lora.tensor(weight))
})

test('B23: maxNorm: no row comes out longer, merged and unmerged agree, and no tensor is changed', async (t) => {
  const layer = new lora.Embedding(5, 3, { r: 2, loraAlpha: 4, maxNorm: 1 })
  layer.loadStateDict({ weight: lora.tensor(W), lora_A: lora.tensor(A), lora_B: lora.tensor(B) })
  const want = TABLE.flatMap((row) => row.map((v) => v * Math.min(1, 1 / Math.hypot(...row))))
  t.true(TABLE.some((row) => Math.hypot(...row) > 1) && TABLE.some((row) => Math.hypot(...row) < 1))
  for (const mode of [true, false]) {
    const y = lora.noGrad(() => layer.train(mode).forward(ids(0, 1, 2, 3, 4)))
    await close(t, y, want)
    for (const row of rows(await numbers(y), 3)) t.true(Math.hypot(...row) <= 1 + 1e-6)
  }
  layer.train()
  await same(t, layer.weight, lora.tensor(W))
  await same(t, layer.loraA!, lora.tensor(A))
})

test('B24: sparse: true is an error in the constructor, and what does work is said', (t) => {
  const error = t.throws(() => new lora.Embedding(5, 3, { r: 2, sparse: true }), { instanceOf: lora.UnsupportedError })
  t.regex(error!.message, /lora\.Embedding/)
  t.regex(error!.hint, /leave sparse out/)
})

test('B25: the factors start as the documentation says: Embedding A 0 and B N(0, 1), the others A uniform and B 0', async (t) => {
  lora.manualSeed(5)
  const embedding = new lora.Embedding(400, 16, { r: 8 })
  t.true((await numbers(embedding.loraA!)).every((v) => v === 0))
  const b = await numbers(embedding.loraB!)
  t.true(Math.max(...b.map(Math.abs)) > 1.5)
  t.true(Math.abs(b.reduce((sum, v) => sum + v * v, 0) / b.length - 1) < 0.4)
  for (const dense of [new lora.Linear(16, 8, { r: 8 }), new lora.MergedLinear(16, 8, { r: 8, enableLora: [true] })]) {
    const a = await numbers(dense.loraA!)
    t.true(a.every((v) => Math.abs(v) <= 0.25) && Math.max(...a) > 0.2)
    t.true((await numbers(dense.loraB!)).every((v) => v === 0))
  }
  const docs = (file: string) => {
    const types = readFileSync(new URL(`../../types/lora/${file}.d.ts`, import.meta.url), 'utf8')
    return /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export declare class \w+ extends LoraLayer/.exec(types)?.[1]
  }
  t.regex(docs('embedding') ?? '', /A is zero and B from N\(0, 1\)/)
  t.regex(docs('linear') ?? '', /A uniform in ±1\/√inFeatures, B zero/)
})
