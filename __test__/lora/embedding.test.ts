import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { plus, product, rows, transposed } from '../support/reference.js'

const [W, A, B] = [rows(wave(15, 0.7), 3), rows(wave(10, 1.1), 5), rows(wave(6, 1.7), 2)]
const DELTA = transposed(product(B, A)) // (5, 3)
const IDS = [4, 0, 2, 4]

function filled(options: object = {}): lora.Embedding {
  const layer = new lora.Embedding(5, 3, { r: 2, loraAlpha: 4, ...options })
  layer.loadStateDict({ weight: lora.tensor(W), lora_A: lora.tensor(A), lora_B: lora.tensor(B) })
  return layer
}

const ids = () => lora.tensor(new Int32Array(IDS)).reshape([2, 2])

test('lora.Embedding: W[ids] + scaling · Aᵀ[ids] Bᵀ, unmerged and merged', async (t) => {
  const layer = filled()
  const want = IDS.flatMap((id) => plus(W, DELTA, 2)[id]!)
  await close(t, layer.forward(ids()), want)
  await close(
    t,
    lora.noGrad(() => layer.eval().forward(ids())),
    want,
  )
  await close(t, layer.weight, plus(W, DELTA, 2).flat())
  await same(t, layer.train().weight, lora.tensor(W))
})

test('lora.Embedding: A starts at 0 and B does not, the padding row at 0', async (t) => {
  const layer = new lora.Embedding(5, 3, { r: 2, paddingIdx: 1 })
  t.true((await numbers(layer.loraA!)).every((v) => v === 0))
  t.true((await numbers(layer.loraB!)).some((v) => v !== 0))
  t.deepEqual((await numbers(layer.weight)).slice(3, 6), [0, 0, 0])
  t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'lora_A', 'lora_B'])
})

test('lora.Embedding: the column of A at the padding index is applied but gets no gradient', async (t) => {
  const layer = filled({ paddingIdx: 4 })
  await close(
    t,
    layer.forward(ids()),
    IDS.flatMap((id) => plus(W, DELTA, 2)[id]!),
  )
  await layer.forward(ids()).sum().backward()
  const grad = rows(await numbers(layer.loraA!.grad!), 5)
  t.deepEqual(
    grad.map((row) => row.map((v) => v !== 0)),
    [
      [true, false, true, false, false],
      [true, false, true, false, false],
    ],
  )
})

test('lora.Embedding: maxNorm limits the finished rows, merged or not, and changes no tensor', async (t) => {
  const layer = filled({ maxNorm: 0.5 })
  const long = plus(W, DELTA, 2)
  const want = IDS.flatMap((id) => {
    const norm = Math.hypot(...long[id]!)
    return long[id]!.map((v) => v * Math.min(1, 0.5 / norm))
  })
  await close(t, layer.forward(ids()), want)
  await close(
    t,
    lora.noGrad(() => layer.eval().forward(ids())),
    want,
  )
  await same(t, layer.loraA!, lora.tensor(A))
  await same(t, layer.train().weight, lora.tensor(W))
})

test('lora.Embedding: a fresh padding column of A stays 0 through training', async (t) => {
  const layer = new lora.Embedding(4, 3, { r: 2, paddingIdx: 1 })
  lora.markOnlyLoraAsTrainable(layer)
  const optimizer = new lora.optim.SGD([layer.loraA!, layer.loraB!], { lr: 0.1 })
  await layer
    .forward(lora.tensor(new Int32Array([0, 1, 2])))
    .square()
    .sum()
    .backward()
  await optimizer.step()
  const a = rows(await numbers(layer.loraA!), 4)
  t.true(a.every((row) => row[1] === 0))
  t.true(a.some((row) => row[0] !== 0))
})

test('lora.Embedding: fromPretrained keeps the vectors', async (t) => {
  const vectors = lora.tensor(W)
  const layer = lora.Embedding.fromPretrained(vectors, { r: 2 })
  t.is(layer.weight, vectors)
  await close(
    t,
    layer.forward(ids()),
    IDS.flatMap((id) => W[id]!),
  )
})
