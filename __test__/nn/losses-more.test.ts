import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, same, wave } from '../support/close.js'
import { gradientsMeetDifferences } from '../support/gradients.js'

const { nn } = lora
const F = nn.functional

const INPUT = [-2, -0.4, 0, 0.3, 3]
const TARGET = [0.5, -0.2, 0, -0.5, 1]
const [x, y] = [lora.tensor(INPUT), lora.tensor(TARGET)]
const byElement = (f: (x: number, y: number) => number) => INPUT.map((value, i) => f(value, TARGET[i]!))
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
const mean = (values: number[]) => sum(values) / values.length

type Fn = (input: Tensor, target: Tensor, options: { reduction?: 'none' | 'sum' | 'mean' }) => Tensor
const REGRESSIONS: [string, Fn, number[]][] = [
  ['l1Loss', F.l1Loss, byElement((a, b) => Math.abs(a - b))],
  ['mseLoss', F.mseLoss, byElement((a, b) => (a - b) ** 2)],
  [
    'smoothL1Loss',
    (a, b, options) => F.smoothL1Loss(a, b, { beta: 0.5, ...options }),
    byElement((a, b) => (Math.abs(a - b) < 0.5 ? (a - b) ** 2 : Math.abs(a - b) - 0.25)),
  ],
  [
    'smoothL1Loss with beta 0',
    (a, b, options) => F.smoothL1Loss(a, b, { beta: 0, ...options }),
    byElement((a, b) => Math.abs(a - b)),
  ],
  [
    'huberLoss',
    (a, b, options) => F.huberLoss(a, b, { delta: 0.5, ...options }),
    byElement((a, b) => (Math.abs(a - b) <= 0.5 ? (a - b) ** 2 / 2 : 0.5 * (Math.abs(a - b) - 0.25))),
  ],
]

for (const [name, loss, want] of REGRESSIONS) {
  test(`${name}: none, sum, mean; gradient; shapes that differ`, async (t) => {
    await close(t, loss(x, y, { reduction: 'none' }), want)
    await close(t, loss(x, y, { reduction: 'sum' }), [sum(want)])
    await close(t, loss(x, y, {}), [mean(want)])
    const inputs = [INPUT, TARGET].map((values) => ({ values: values.map((v, i) => v + 0.01 * i * i), shape: [5] }))
    await gradientsMeetDifferences(t, (a, b) => loss(a.at([1, null]), b.at([1, null]), { reduction: 'none' }), inputs)
    t.throws(() => loss(x, y.at([0, 1]), {}), { instanceOf: lora.ShapeError, message: /different shapes/ })
    t.throws(() => loss(x, y, { reduction: 'average' as 'mean' }), { instanceOf: lora.OptionError })
  })
}

test('smoothL1Loss, huberLoss: options out of range', (t) => {
  t.throws(() => F.smoothL1Loss(x, y, { beta: -1 }), { instanceOf: lora.OptionError })
  t.throws(() => F.huberLoss(x, y, { delta: 0 }), { instanceOf: lora.OptionError })
  t.throws(() => new nn.HuberLoss({ delta: 0 }), { instanceOf: lora.OptionError, message: /nn\.HuberLoss/ })
  t.throws(() => new nn.SmoothL1Loss({ betta: 1 } as object), { instanceOf: lora.OptionError, message: /write beta/ })
})

const P = [0.1, 0.5, 0.9, 0.3]
const T = [0, 1, 1, 0.4]
const bce = (p: number, t: number) => -(t * Math.log(p) + (1 - t) * Math.log(1 - p))

test('binaryCrossEntropy: by its formula, with weights, and at 0 and 1', async (t) => {
  const [p, target] = [lora.tensor(P), lora.tensor(T)]
  const want = P.map((value, i) => bce(value, T[i]!))
  await close(t, F.binaryCrossEntropy(p, target, { reduction: 'none' }), want)
  await close(t, F.binaryCrossEntropy(p, target), [mean(want)])
  const weight = lora.tensor([1, 2, 3, 4])
  await close(t, F.binaryCrossEntropy(p, target, { weight }), [mean(want.map((loss, i) => (i + 1) * loss))])
  const edge = lora.tensor([0, 1, 0, 1], { requiresGrad: true })
  const losses = F.binaryCrossEntropy(edge, lora.tensor([1, 0, 0, 1]), { reduction: 'none' })
  await same(t, losses, [100, 100, 0, 0])
  await losses.sum().backward()
  // PyTorch's slope there: (p - t) / max(p (1 - p), 1e-12).
  await close(t, edge.grad!.div(1e12), [-1, 1, 0, 0])
  t.throws(() => F.binaryCrossEntropy(p, target, { weight: lora.ones([3]) }), { instanceOf: lora.ShapeError })
  t.throws(() => F.binaryCrossEntropy(p, lora.ones([4, 1])), { instanceOf: lora.ShapeError })
})

test('binaryCrossEntropy, binaryCrossEntropyWithLogits: gradients of input and target', async (t) => {
  const inputs = [
    { values: P, shape: [4] },
    { values: T, shape: [4] },
  ]
  const weight = lora.tensor([1, 2, 3, 4], { dtype: 'f64' })
  await gradientsMeetDifferences(t, (p, y) => F.binaryCrossEntropy(p, y, { weight }), inputs)
  const logits = [{ values: wave(4, 1.7, 3), shape: [4] }, inputs[1]!]
  await gradientsMeetDifferences(
    t,
    (p, y) => F.binaryCrossEntropyWithLogits(p, y, { posWeight: weight, reduction: 'none' }),
    logits,
  )
})

test('binaryCrossEntropyWithLogits: as of probabilities, exact for large logits, half a slope at 0', async (t) => {
  const logits = [-3, 0, 2, 1]
  const want = logits.map((z, i) => bce(1 / (1 + Math.exp(-z)), T[i]!))
  await close(t, F.binaryCrossEntropyWithLogits(lora.tensor(logits), lora.tensor(T), { reduction: 'none' }), want)
  const posWeight = lora.tensor([3])
  const weighted = logits.map((z, i) => {
    const p = 1 / (1 + Math.exp(-z))
    return -(3 * T[i]! * Math.log(p) + (1 - T[i]!) * Math.log(1 - p))
  })
  const got = F.binaryCrossEntropyWithLogits(lora.tensor(logits), lora.tensor(T), { posWeight, reduction: 'none' })
  await close(t, got, weighted)
  const far = lora.tensor([1000, -1000, 30, 0], { requiresGrad: true })
  const losses = F.binaryCrossEntropyWithLogits(far, lora.tensor([0, 1, 1, 1]), { reduction: 'none' })
  await close(t, losses.div(lora.tensor([1, 1, Math.exp(-30), 1])), [1000, 1000, 1, Math.LN2])
  await losses.sum().backward()
  await close(t, far.grad!, [1, -1, 0, -0.5])
  t.throws(() => F.binaryCrossEntropyWithLogits(far, lora.ones([4]), { posWeight: lora.ones([3]) }), {
    instanceOf: lora.ShapeError,
    message: /posWeight/,
  })
})

test('cosineSimilarity, normalize, pairwiseDistance', async (t) => {
  const [a, b] = [
    lora.tensor([
      [3, 4],
      [1, 0],
    ]),
    lora.tensor([
      [4, 3],
      [0, 0],
    ]),
  ]
  await close(t, F.cosineSimilarity(a, b), [24 / 25, 0])
  await close(t, F.cosineSimilarity(a, b, { dim: 0 }), [12 / (4 * Math.sqrt(10)), 1])
  await close(t, F.normalize(a), [0.6, 0.8, 1, 0])
  await close(t, F.normalize(a, { p: 1, dim: 0 }), [0.75, 1, 0.25, 0])
  await close(t, F.pairwiseDistance(a, b), [Math.SQRT2, 1])
  t.deepEqual(F.pairwiseDistance(a, b, { keepdim: true }).shape, [2, 1])
  const inputs = [1, 2].map((step) => ({ values: wave(6, step), shape: [2, 3] }))
  await gradientsMeetDifferences(t, (u, v) => F.cosineSimilarity(u, v), inputs)
  await gradientsMeetDifferences(t, (u, v) => F.pairwiseDistance(u, v, { p: 3 }), inputs)
})

test('cosineEmbeddingLoss, marginRankingLoss, tripletMarginLoss', async (t) => {
  const [a, b] = [
    lora.tensor([
      [3, 4],
      [3, 4],
      [1, 0],
    ]),
    lora.tensor([
      [4, 3],
      [4, 3],
      [-1, 0],
    ]),
  ]
  for (const target of [lora.tensor([1, -1, -1]), lora.tensor([1n, -1n, -1n])]) {
    await close(t, F.cosineEmbeddingLoss(a, b, target, { margin: 0.5, reduction: 'none' }), [0.04, 0.46, 0])
  }
  await close(t, F.cosineEmbeddingLoss(a.at(0), b.at(0), lora.tensor(1)), [0.04])
  t.throws(() => F.cosineEmbeddingLoss(a, b, lora.ones([2])), { instanceOf: lora.ShapeError })
  const ranked = F.marginRankingLoss(lora.tensor([1, 1]), lora.tensor([2, 2]), lora.tensor([1, -1]), {
    margin: 0.5,
    reduction: 'none',
  })
  await close(t, ranked, [1.5, 0])
  t.throws(() => F.marginRankingLoss(x, y, lora.ones([1])), { instanceOf: lora.ShapeError })
  const [anchor, near, far] = [lora.tensor([[0, 0]]), lora.tensor([[3, 4]]), lora.tensor([[0, 2]])]
  await close(t, F.tripletMarginLoss(anchor, near, far), [5 - 2 + 1])
  await close(t, F.tripletMarginLoss(anchor, far, near, { margin: 4 }), [2 - 5 + 4])
  await close(t, F.tripletMarginLoss(anchor, far, near, { margin: 4, swap: true }), [2 - Math.sqrt(13) + 4])
  const inputs = [1, 2, 3].map((step) => ({ values: wave(6, step), shape: [2, 3] }))
  await gradientsMeetDifferences(t, (u, v, w) => F.tripletMarginLoss(u, v, w, { margin: 5, reduction: 'none' }), inputs)
  const target = lora.tensor([1, -1], { dtype: 'f64' })
  await gradientsMeetDifferences(
    t,
    (u, v) => F.cosineEmbeddingLoss(u, v, target, { margin: -1, reduction: 'none' }),
    inputs.slice(1),
  )
})

test('oneHot: rows of zeros with a one', async (t) => {
  const hot = F.oneHot(lora.tensor([[2n, 0n]]), 3)
  t.is(hot.dtype, 'i64')
  t.deepEqual(await hot.tolist(), [
    [
      [0, 0, 1],
      [1, 0, 0],
    ],
  ])
  t.throws(() => F.oneHot(lora.tensor([1]), 3), { instanceOf: lora.DtypeError })
  t.throws(() => F.oneHot(lora.tensor([1n]), 0), { instanceOf: lora.OptionError })
  await t.throwsAsync(F.oneHot(lora.tensor([3n]), 3).data(), { instanceOf: lora.IndexError })
})

test('losses as modules: the functions with their options', async (t) => {
  const [p, target] = [lora.tensor(P), lora.tensor(T)]
  const item = (loss: Tensor) => loss.item()
  const logits = lora.tensor([wave(3), wave(3, 1.1)])
  const ids = lora.tensor([2n, 0n])
  const weight = lora.tensor([1, 2, 3])
  t.is(await item(new nn.L1Loss().forward(x, y)), await item(F.l1Loss(x, y)))
  t.is(
    await item(new nn.MSELoss({ reduction: 'sum' }).forward(x, y)),
    await item(F.mseLoss(x, y, { reduction: 'sum' })),
  )
  t.is(await item(new nn.SmoothL1Loss({ beta: 2 }).forward(x, y)), await item(F.smoothL1Loss(x, y, { beta: 2 })))
  t.is(await item(new nn.HuberLoss({ delta: 2 }).forward(x, y)), await item(F.huberLoss(x, y, { delta: 2 })))
  t.is(await item(new nn.BCELoss().forward(p, target)), await item(F.binaryCrossEntropy(p, target)))
  t.is(
    await item(new nn.BCEWithLogitsLoss({ posWeight: p }).forward(p, target)),
    await item(F.binaryCrossEntropyWithLogits(p, target, { posWeight: p })),
  )
  t.is(
    await item(new nn.CrossEntropyLoss({ weight, labelSmoothing: 0.1 }).forward(logits, ids)),
    await item(F.crossEntropy(logits, ids, { weight, labelSmoothing: 0.1 })),
  )
  t.is(
    await item(new nn.NLLLoss({ ignoreIndex: 0 }).forward(logits, ids)),
    await item(F.nllLoss(logits, ids, { ignoreIndex: 0 })),
  )
  const options = { reduction: 'batchmean', logTarget: true } as const
  t.is(
    await item(new nn.KLDivLoss(options).forward(logits, logits.neg())),
    await item(F.klDiv(logits, logits.neg(), options)),
  )
  t.is(
    await item(new nn.CosineEmbeddingLoss({ margin: 0.1 }).forward(logits, logits.neg(), lora.tensor([1, -1]))),
    await item(F.cosineEmbeddingLoss(logits, logits.neg(), lora.tensor([1, -1]), { margin: 0.1 })),
  )
  t.is(
    await item(new nn.MarginRankingLoss({ margin: 1 }).forward(x, y, lora.ones([5]))),
    await item(F.marginRankingLoss(x, y, lora.ones([5]), { margin: 1 })),
  )
  t.is(
    await item(new nn.TripletMarginLoss({ margin: 9 }).forward(logits, logits.neg(), logits.mul(2))),
    await item(F.tripletMarginLoss(logits, logits.neg(), logits.mul(2), { margin: 9 })),
  )
  await same(
    t,
    new nn.CosineSimilarity().forward(logits, logits.neg()),
    await F.cosineSimilarity(logits, logits.neg())
      .data()
      .then((d) => Array.from(d as Float32Array)),
  )
})

test('losses as modules: weights are buffers under their names in PyTorch', async (t) => {
  const loss = new nn.BCEWithLogitsLoss({ posWeight: lora.tensor([2]), weight: lora.tensor([3]) })
  t.deepEqual(Object.keys(loss.stateDict()).toSorted(), ['pos_weight', 'weight'])
  t.deepEqual(loss.parameters(), [])
  loss.loadStateDict({ pos_weight: lora.tensor([1]), weight: lora.tensor([1]) })
  t.is(await loss.forward(lora.zeros([1]), lora.ones([1])).item(), Math.fround(Math.LN2))
  t.deepEqual(Object.keys(new nn.CrossEntropyLoss().stateDict()), [])
  t.throws(() => new nn.L1Loss({ reduction: 'batchmean' as 'mean' }), { instanceOf: lora.OptionError })
  t.notThrows(() => new nn.KLDivLoss({ reduction: 'batchmean' }))
})
