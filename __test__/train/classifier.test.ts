import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, wave } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { tinyEncoder, tinyRows } from '../support/tiny-encoder.js'
import { warningCodesOf } from '../support/warnings.js'

const { adapters, optim, train } = lora

function withLora(extra: object = {}) {
  lora.manualSeed(3)
  const model = tinyEncoder({ hidden_dropout_prob: 0.1, ...extra })
  lora.injectLora(model, { targets: ['query', 'value'], r: 2, loraAlpha: 4 })
  adapters.trainOnly(model, ['lora', 'head'])
  return model
}
const accuracy = (predictions: number[], labels: number[]) => ({
  accuracy: predictions.filter((value, i) => value === labels[i]).length / labels.length,
})
const state = async (model: lora.nn.Module) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(train.trainedParameters(model)).map(async ([name, tensor]) => [name, await numbers(tensor)]),
    ),
  )

test('decayGroups: biases and norms apart, frozen ones left out, tied ones once', (t) => {
  const model = tinyEncoder()
  const [decayed, plain] = optim.decayGroups(model, 0.1) as [
    { params: lora.Tensor[]; weightDecay: number },
    { params: lora.Tensor[]; weightDecay: number },
  ]
  t.deepEqual([decayed.weightDecay, plain.weightDecay], [0.1, 0])
  const nameOf = new Map([...model.namedParameters()].map(([name, tensor]) => [tensor, name]))
  t.true(plain.params.every((tensor) => /bias$|LayerNorm/.test(nameOf.get(tensor)!)))
  t.false(decayed.params.some((tensor) => /bias$|LayerNorm/.test(nameOf.get(tensor)!)))
  t.is(decayed.params.length + plain.params.length, model.parameters().length)
  adapters.trainOnly(withLora(), ['lora'])
  t.is(optim.decayGroups(withLora(), 0).length, 2)
})

test('trainClassifier: a tiny encoder learns its rows; the schedule, the report and the log', async (t) => {
  const model = tinyEncoder()
  const [rows, heldout] = [tinyRows(64), tinyRows(96).slice(64)]
  const lrs: number[] = []
  const result = await train.trainClassifier(model, rows, {
    lr: 2e-2,
    epochs: 20,
    batchSize: 16,
    warmupRatio: 0.1,
    weightDecay: 0.01,
    validation: { heldout },
    metrics: accuracy,
    evalSteps: 40,
    onStep: ({ lr }) => void lrs.push(lr),
  })
  t.deepEqual([result.step, result.steps, result.epoch, result.aborted, result.checkpoint], [80, 80, 20, false, null])
  t.is(lrs[0], 0)
  t.is(lrs[8], 2e-2)
  t.true(Math.abs(lrs[44]! - 1e-2) < 1e-9)
  t.deepEqual(
    result.evaluations.map(({ name, step }) => [name, step]),
    [
      ['heldout', 40],
      ['heldout', 80],
    ],
  )
  t.true(result.evaluations[1]!.scores['accuracy']! > 0.9, JSON.stringify(result.evaluations))
  t.is(result.best, result.evaluations.toSorted((a, b) => a.loss - b.loss)[0]!)
  t.true(model.training)
  const predictions = await train.predictClassifier(
    model,
    heldout.map((row) => ({ ...row, label: null })),
  )
  t.is(
    accuracy(
      predictions,
      heldout.map(({ label }) => label!),
    ).accuracy,
    result.evaluations[1]!.scores['accuracy']!,
  )
})

test('trainClassifier: the same seed gives the same bits, and so does a run that goes on; checkpoints hold LoRA and head alone', async (t) => {
  const settings = {
    lr: 1e-2,
    maxSteps: 8,
    batchSize: 6,
    gradientAccumulationSteps: 2,
    warmupSteps: 2,
    seed: 11,
  } as const
  const run = async (options: lora.train.ClassifierTrainOptions) => {
    const model = withLora()
    const losses: number[] = []
    const result = await train.trainClassifier(model, tinyRows(40), {
      ...settings,
      onStep: ({ loss }) => void losses.push(loss),
      ...options,
    })
    return { losses, result, state: await state(model) }
  }
  const [whole, again] = [await run({}), await run({})]
  t.deepEqual(again.losses, whole.losses)
  t.deepEqual(again.state, whole.state)
  t.notDeepEqual((await run({ seed: 12 })).losses, whole.losses)

  const dir = await folderWith(t)
  const stop = new AbortController()
  const onStep = ({ step }: { step: number }) => (step === 5 ? stop.abort() : undefined)
  const first = await run({ dir, saveSteps: 2, keep: 2, signal: stop.signal, onStep })
  t.deepEqual([first.result.aborted, first.result.step], [true, 5])
  t.deepEqual((await readdir(dir)).sort(), ['checkpoint-4', 'checkpoint-5'])
  const second = await run({ dir, resume: true })
  t.deepEqual(second.losses, whole.losses.slice(5))
  t.deepEqual(second.state, whole.state)
  const names = Object.keys(await lora.load(join(dir, 'checkpoint-5', 'trained.safetensors')))
  t.true(names.every((name) => /lora_[AB]$|^classifier\./.test(name)))
  t.is(names.length, 12)
  const other = tinyEncoder()
  await t.throwsAsync(train.trainClassifier(other, tinyRows(40), { ...settings, dir, resume: true }), {
    code: 'ERR_LORA_OPTION',
    message: /belongs to another run/,
  })
})

test.serial('trainClassifier: a warm-up as long as the run is warned of', async (t) => {
  const run = (settings: lora.train.ClassifierTrainOptions) =>
    warningCodesOf(() => train.trainClassifier(tinyEncoder(), tinyRows(16), { epochs: 1, batchSize: 4, ...settings }))
  t.deepEqual(await run({ warmupSteps: 3 }), [])
  t.deepEqual(await run({ warmupSteps: 4 }), ['LORA_WARMUP'])
  t.deepEqual(await run({ warmupRatio: 0.5, scheduler: 'cosine' }), [])
  t.deepEqual(await run({ warmupRatio: 1, scheduler: 'constant' }), ['LORA_WARMUP'])
})

test('trainClassifier: a loop of plain parts makes the same updates', async (t) => {
  const [model, twin] = [tinyEncoder(), tinyEncoder()]
  const rows = tinyRows(12)
  await train.trainClassifier(model, rows, {
    lr: 1e-2,
    maxSteps: 3,
    batchSize: 12,
    gradientAccumulationSteps: 1,
    maxGradNorm: 0.5,
    weightDecay: 0.1,
    warmupSteps: 1,
  })
  const optimizer = new optim.AdamW(optim.decayGroups(twin, 0.1), { lr: 1e-2 })
  const { inputIds, labels, attentionMask } = lora.data.padTexts(rows, { padTokenId: 1 })
  for (const factor of [0, 1, 0.5]) {
    for (const group of optimizer.paramGroups) group.lr = factor * 1e-2
    twin.forward(inputIds, { attentionMask, labels }).loss!.backward()
    optim.clipGradNorm(twin.parameters(), 0.5)
    await optimizer.step()
    optimizer.zeroGrad()
  }
  // The bias of a key moves all scores of a query alike: its gradient is rounding, which Adam makes steps of.
  for (const [name, tensor] of twin.namedParameters())
    if (!name.endsWith('key.bias')) await close(t, model.stateDict()[name]!, tensor)
})

test('trainClassifier: regression, R-Drop and Cutoff', async (t) => {
  const rows = tinyRows(24).map((row) => ({ ...row, label: row.label! + 0.5 }))
  const model = tinyEncoder({ num_labels: 1 })
  const result = await train.trainClassifier(model, rows, {
    lr: 2e-2,
    epochs: 20,
    batchSize: 8,
    validation: { all: rows },
    evalSteps: 'end',
  })
  t.true(result.evaluations[0]!.loss < 0.2)
  await t.throwsAsync(train.trainClassifier(model, rows, { regLossWeight: 1 }), {
    code: 'ERR_LORA_OPTION',
    message: /R-Drop is not defined/,
  })
  const tokens = { unkTokenId: 3, keepTokenIds: [0, 1, 2] }
  const options = { lr: 1e-2, maxSteps: 2, batchSize: 8, regLossWeight: 1, maskingProb: 0.3, tokens }
  const both = await train.trainClassifier(withLora(), tinyRows(24), options)
  t.true(Number.isFinite(both.trainLoss))
  await t.throwsAsync(train.trainClassifier(withLora(), tinyRows(8), { maskingProb: 0.1, regLossWeight: 1 }), {
    code: 'ERR_LORA_OPTION',
    message: /Cutoff needs/,
  })
})

test('trainClassifier: what cannot work says why', async (t) => {
  const model = tinyEncoder()
  const rows = tinyRows(4)
  await t.throwsAsync(train.trainClassifier(model, []), { code: 'ERR_LORA_OPTION' })
  await t.throwsAsync(train.trainClassifier(model, [{ ...rows[0]!, label: 2 }]), {
    code: 'ERR_LORA_OPTION',
    message: /row 1 has a label that the model has no output for/,
  })
  await t.throwsAsync(train.trainClassifier(model, [rows[0]!, { ...rows[1]!, label: null }]), {
    code: 'ERR_LORA_OPTION',
    message: /row 2 has no label/,
  })
  await t.throwsAsync(train.trainClassifier(model, rows, { epoch: 3 } as object), {
    code: 'ERR_LORA_OPTION',
    message: /write epochs for epoch/,
  })
  await t.throwsAsync(train.trainClassifier(model, rows, { resume: true }), { code: 'ERR_LORA_OPTION', message: /dir/ })
  await t.throwsAsync(train.trainClassifier(model, rows, { lr: 1e30, maxGradNorm: 0, maxSteps: 20 }), {
    code: 'ERR_LORA_NON_FINITE',
    message: /update \d+ is not finite/,
  })
  model.requiresGrad_(false)
  await t.throwsAsync(train.trainClassifier(model, rows), {
    code: 'ERR_LORA_OPTION',
    message: /no parameters to train/,
  })
})

// Σ over classes of m·(log m − log p), divided by rows times classes, as F.kl_div(reduction='mean'); computed in plain f64.
function reference(first: number[][], second: number[][], labels: number[], weight: number): number {
  const logSoftmax = (row: number[]) => {
    const top = Math.max(...row)
    const sum = Math.log(row.reduce((s, x) => s + Math.exp(x - top), 0)) + top
    return row.map((x) => x - sum)
  }
  let [cross, apart] = [0, 0]
  first.forEach((row, i) => {
    const [p, q] = [logSoftmax(row), logSoftmax(second[i]!)]
    const m = logSoftmax(row.map((x, k) => (x + second[i]![k]!) / 2))
    cross -= (p[labels[i]!]! + q[labels[i]!]!) / first.length
    m.forEach((log, k) => (apart += (Math.exp(log) * (2 * log - p[k]! - q[k]!)) / (first.length * row.length)))
  })
  return cross + 0.5 * weight * apart
}

test('rDropLoss: the formula; gradients go through both and through their mean', async (t) => {
  const [a, b] = [wave(12), wave(12, 1.3)]
  const rows = (flat: number[]) => [0, 1, 2, 3].map((i) => flat.slice(3 * i, 3 * i + 3))
  const labels = [2, 0, 1, 1]
  const tensors = [a, b].map((flat) => lora.tensor(flat, { shape: [4, 3], dtype: 'f64', requiresGrad: true })) as [
    lora.Tensor,
    lora.Tensor,
  ]
  const target = lora.tensor(labels, { dtype: 'i64' })
  await close(
    t,
    [await train.rDropLoss(...tensors, target, 0.7).item()],
    [reference(rows(a), rows(b), labels, 0.7)],
    'f64',
  )
  t.true(await lora.gradcheck((x: lora.Tensor, y: lora.Tensor) => train.rDropLoss(x, y, target, 0.7), tensors))
})

test('cutoff: about the requested share, never the tokens to keep, reproducible', (t) => {
  const rows = Array.from({ length: 50 }, () => [0, ...Array.from({ length: 40 }, (_, i) => 5 + i), 2])
  const options = { probability: 0.25, unkTokenId: 3, keepTokenIds: [0, 1, 2], seed: 4, step: 9 }
  const hidden = train.cutoff(rows, options)
  const count = hidden.flat().filter((id) => id === 3).length
  t.true(count > 400 && count < 600, String(count))
  t.true(hidden.every((row) => row[0] === 0 && row.at(-1) === 2))
  t.deepEqual(train.cutoff(rows, options), hidden)
  t.notDeepEqual(train.cutoff(rows, { ...options, step: 10 }), hidden)
})

test('glueRecipe: the scripts of the original, and what there is none for', (t) => {
  const mrpc = train.glueRecipe('mrpc', 'roberta-base')
  t.like(mrpc, {
    lr: 4e-4,
    batchSize: 16,
    gradientAccumulationSteps: 8,
    epochs: 30,
    maxLength: 512,
    weightDecay: 0.1,
    warmupRatio: 0.06,
    startFrom: 'mnli',
    seed: 0,
    lora: { r: 8, loraAlpha: 16 },
  })
  t.like(train.glueRecipe('qqp', 'deberta-v2-xxlarge'), {
    lr: 1e-4,
    warmupSteps: 10000,
    clsDropout: 0.2,
    maxLength: 320,
    evalSteps: 500,
    lora: { r: 16, loraAlpha: 32 },
  })
  t.like(train.glueRecipe('mnli', 'roberta-large-pfeiffer'), {
    lora: null,
    adapters: { type: 'pfeiffer', size: 16 },
    epochs: 5,
  })
  t.like(train.glueRecipe('mnli', 'deberta-v2-xxlarge-cutoff'), { regLossWeight: 1, maskingProb: 0.1, seed: 42 })
  for (const model of ['roberta-base', 'roberta-large', 'deberta-v2-xxlarge'] as const)
    for (const task of ['mnli', 'sst2', 'mrpc', 'cola', 'qnli', 'qqp', 'rte', 'stsb'] as const)
      t.true(train.glueRecipe(task, model).lr! > 0)
  t.throws(() => train.glueRecipe('wnli', 'roberta-base'), {
    code: 'ERR_LORA_OPTION',
    message: /no recipe for the task 'wnli'/,
  })
  t.throws(() => train.glueRecipe('rte', 'roberta-bas' as 'roberta-base'), {
    code: 'ERR_LORA_OPTION',
    message: /write 'roberta-base'/,
  })
})

test('writeEvalResults, writeTestResults: names and lines as the original writes them', async (t) => {
  const dir = join(await folderWith(t), 'out')
  const measured = {
    step: 4,
    epoch: 2,
    loss: 0.5,
    scores: { accuracy: 0.75, f1: 0.5, combined: 0.625 },
    samples: 8,
    timeMs: 2000,
  }
  const path = await train.writeEvalResults(dir, { name: 'mnli-mm', ...measured })
  t.is(path, join(dir, 'eval_results_mnli-mm.json'))
  t.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
    epoch: 2,
    eval_loss: 0.5,
    eval_accuracy: 0.75,
    eval_f1: 0.5,
    eval_combined_score: 0.625,
    eval_runtime: 2,
    eval_samples: 8,
    eval_samples_per_second: 4,
  })
  await train.writeTestResults(dir, 'mnli', [0, 2], ['entailment', 'neutral', 'contradiction'])
  t.is(
    await readFile(join(dir, 'test_results_mnli.txt'), 'utf8'),
    'index\tprediction\n0\tentailment\n1\tcontradiction\n',
  )
  await train.writeTestResults(dir, 'stsb', [2.5, 0.12345], null)
  t.is(await readFile(join(dir, 'test_results_stsb.txt'), 'utf8'), 'index\tprediction\n0\t2.500\n1\t0.123\n')
})
