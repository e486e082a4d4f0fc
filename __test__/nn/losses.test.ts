import test from 'ava'
import * as lora from 'loralib'
import { close, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const F = lora.nn.functional

const LOGITS = rows(wave(12, 1.1, 2), 4)
const logProbabilities = LOGITS.map((row) => {
  const sum = Math.log(row.reduce((total, x) => total + Math.exp(x), 0))
  return row.map((x) => x - sum)
})
const nll = (targets: number[]) => targets.map((target, i) => -logProbabilities[i]![target]!)
const ids = (values: number[]) => lora.tensor(new Int32Array(values))
const meanOf = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length

test('crossEntropy: mean, sum, none; ignored targets count not', async (t) => {
  const logits = lora.tensor(LOGITS)
  const want = nll([1, 0, 3])
  await close(t, F.crossEntropy(logits, ids([1, 0, 3])), [meanOf(want)])
  await close(t, F.crossEntropy(logits, ids([1, 0, 3]), { reduction: 'none' }), want)
  await close(t, F.crossEntropy(logits, ids([1, -100, 3]), { reduction: 'sum' }), [want[0]! + want[2]!])
  await close(t, F.crossEntropy(logits, ids([1, -100, 3])), [(want[0]! + want[2]!) / 2])
  await close(t, F.crossEntropy(logits, ids([1, 0, 3]), { ignoreIndex: 0 }), [(want[0]! + want[2]!) / 2])
})

test('crossEntropy: label smoothing spreads over all classes', async (t) => {
  const want = nll([1, 0, 3]).map((loss, i) => 0.9 * loss - 0.1 * meanOf(logProbabilities[i]!))
  const got = F.crossEntropy(lora.tensor(LOGITS), ids([1, 0, 3]), { labelSmoothing: 0.1, reduction: 'none' })
  await close(t, got, want)
})

test('crossEntropy: weights of classes and of tokens enter the mean', async (t) => {
  const [a, b, c] = nll([1, 0, 3]) as [number, number, number]
  const weight = lora.tensor([1, 2, 3, 4])
  await close(t, F.crossEntropy(lora.tensor(LOGITS), ids([1, 0, 3]), { weight }), [(2 * a + b + 4 * c) / 7])
  const tokenWeights = lora.tensor([0.5, 0, 2])
  await close(t, F.crossEntropy(lora.tensor(LOGITS), ids([1, 0, 3]), { tokenWeights }), [(0.5 * a + 2 * c) / 2.5])
  t.throws(() => F.crossEntropy(lora.tensor(LOGITS), ids([1, 0, 3]), { tokenWeights: lora.ones([2]) }), {
    instanceOf: lora.ShapeError,
  })
})

test('crossEntropy: classes in dimension 1 for higher ranks; classes last are an error that says what to do', async (t) => {
  const logits = lora.tensor(LOGITS).reshape([1, 3, 4]) // (N, d, C)
  const want = nll([1, 0, 3])
  const target = ids([1, 0, 3]).reshape([1, 3])
  await close(t, F.crossEntropy(logits.transpose(1, 2), target, { reduction: 'none' }), want)
  t.throws(() => F.crossEntropy(logits, target), { instanceOf: lora.ShapeError, message: /reshape\(\[-1, 4\]\)/ })
})

test('crossEntropy: gradient is softmax minus one-hot, over the number of targets', async (t) => {
  const logits = lora.tensor(LOGITS, { requiresGrad: true })
  await F.crossEntropy(logits, ids([1, -100, 3])).backward()
  const want = logProbabilities.flatMap((row, i) =>
    row.map((lp, j) => (i === 1 ? 0 : (Math.exp(lp) - (j === [1, 0, 3][i] ? 1 : 0)) / 2)),
  )
  await close(t, logits.grad!, want)
})

test('nllLoss: as crossEntropy on log-probabilities', async (t) => {
  const logits = lora.tensor(LOGITS)
  const weight = lora.tensor([1, 2, 3, 4])
  const target = ids([1, -100, 3])
  await close(t, F.nllLoss(logits.logSoftmax(-1), target, { weight }), F.crossEntropy(logits, target, { weight }))
})

test('mseLoss: mean of squares; no broadcasting', async (t) => {
  await close(t, F.mseLoss(lora.tensor([1, 2, 3]), lora.tensor([1, 4, 0])), [13 / 3])
  t.throws(() => F.mseLoss(lora.zeros([3, 1]), lora.zeros([3])), { instanceOf: lora.ShapeError })
})

test('klDiv: Σ t (log t − input), 0 where the target is 0, with a finite gradient', async (t) => {
  const input = lora.tensor([Math.log(0.5), Math.log(0.25), Math.log(0.25)])
  const target = lora.tensor([0.5, 0.5, 0], { requiresGrad: true })
  const loss = F.klDiv(input, target, { reduction: 'sum' })
  await close(t, loss, [0.5 * Math.log(2)])
  await loss.backward()
  t.true(Array.from((await target.grad!.data()) as Float32Array).every(Number.isFinite))
  await close(t, F.klDiv(input, lora.tensor([0.5, 0.5, 1e-9]).log(), { reduction: 'sum', logTarget: true }), [
    0.5 * Math.log(2),
  ])
})

test('losses: unknown options and reductions are errors', (t) => {
  const [a, b] = [lora.zeros([2]), lora.zeros([2])]
  t.throws(() => F.mseLoss(a, b, { reduction: 'average' as never }), { instanceOf: lora.OptionError })
  t.throws(() => F.crossEntropy(lora.zeros([2, 3]), ids([0, 1]), { label_smoothing: 0.1 } as never), {
    message: /write labelSmoothing/,
  })
})

test('crossEntropy: probabilities for each class as the target, with smoothing and weights', async (t) => {
  const shares = rows(
    wave(12, 0.9).map((x) => Math.exp(2 * x)),
    4,
  ).map((row) => row.map((x) => x / row.reduce((a, b) => a + b, 0)))
  const classWeights = [1, 2, 0.5, 3]
  const losses = (smoothing: number, weights: number[]) =>
    shares.map(
      (row, i) =>
        -row.reduce(
          (sum, p, c) => sum + weights[c]! * ((1 - smoothing) * p + smoothing / 4) * logProbabilities[i]![c]!,
          0,
        ),
    )
  const [logits, target] = [lora.tensor(LOGITS), lora.tensor(shares)]
  for (const labelSmoothing of [0, 0.3]) {
    for (const weight of [null, lora.tensor(classWeights)]) {
      const want = losses(labelSmoothing, weight ? classWeights : [1, 1, 1, 1])
      const options = { labelSmoothing, weight }
      await close(t, F.crossEntropy(logits, target, { ...options, reduction: 'none' }), want)
      await close(t, F.crossEntropy(logits, target, { ...options, reduction: 'sum' }), [meanOf(want) * 3])
      // Class weights do not enter the divisor, unlike with classes as targets.
      await close(t, F.crossEntropy(logits, target, options), [meanOf(want)])
      await close(t, new lora.nn.CrossEntropyLoss(options).forward(logits, target), [meanOf(want)])
      const tokenWeights = lora.tensor([1, 0, 2])
      await close(t, F.crossEntropy(logits, target, { ...options, tokenWeights }), [(want[0]! + 2 * want[2]!) / 3])
    }
  }
  // One row, and classes in dimension 1 of more.
  await close(t, F.crossEntropy(lora.tensor(LOGITS[0]!), lora.tensor(shares[0]!)), [losses(0, [1, 1, 1, 1])[0]!])
  const image = (values: number[][]) => lora.tensor(values).t().reshape([1, 4, 3])
  const wanted = losses(0, classWeights)
  const grid = F.crossEntropy(image(LOGITS), image(shares), { weight: lora.tensor(classWeights), reduction: 'none' })
  t.deepEqual(grid.shape, [1, 3])
  await close(t, grid, wanted)
  // A target of one class is that class.
  await close(t, F.crossEntropy(logits, F.oneHot(ids([1, 0, 3]), 4).to('f32')), [meanOf(nll([1, 0, 3]))])
})

test('crossEntropy: gradients of logits and of probabilities; what does not fit is an error', async (t) => {
  const logits = lora.tensor(LOGITS, { dtype: 'f64' })
  const target = lora.tensor(rows(wave(12, 0.9).map(Math.exp), 4), { dtype: 'f64' })
  for (const tensor of [logits, target]) tensor.requiresGrad = true
  const weight = lora.tensor([1, 2, 0.5, 3], { dtype: 'f64' })
  const loss = (a: lora.Tensor, b: lora.Tensor) => F.crossEntropy(a, b, { weight, labelSmoothing: 0.2 })
  t.true(await lora.gradcheck((a, b) => loss(a!, b!), [logits, target]))
  const soft = lora.tensor(LOGITS)
  t.throws(() => F.crossEntropy(soft, soft, { ignoreIndex: 0 }), {
    instanceOf: lora.OptionError,
    message: /ignoreIndex/,
  })
  t.throws(() => F.crossEntropy(soft, soft.to('i64')), { instanceOf: lora.DtypeError, message: /argmax/ })
  t.throws(() => F.crossEntropy(soft, soft, { weight: lora.ones([3]) }), { instanceOf: lora.ShapeError })
  t.throws(() => F.crossEntropy(soft, soft, { tokenWeights: lora.ones([4]) }), { instanceOf: lora.ShapeError })
})
