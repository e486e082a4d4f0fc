import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { models, nn } = lora

const CONFIG = {
  vocab_size: 19,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  type_vocab_size: 2,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.4,
  num_labels: 3,
}
const fresh = () => ({ generator: new lora.Generator(5) })
const classifier = (extra: object = {}, options: object = {}) =>
  models.RobertaForSequenceClassification.fromConfig({ ...CONFIG, ...extra }, { ...fresh(), ...options })
const bare = (extra: object = {}) => models.RobertaModel.fromConfig({ ...CONFIG, ...extra }, fresh())

const IDS = [
  [0, 5, 7, 9, 2],
  [0, 4, 2, 1, 1],
]
const MASK = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
]
/** Numbers that only the engine knows. */
const computed = (rows: number[][]) => flat(rows).mul(1)
/** Hidden states where the mask is 1; those of padding bind nobody. */
const unpadded = (states: lora.Tensor) =>
  states.mul(
    flat(MASK.map((row) => row.slice(0, states.shape[1])))
      .unsqueeze(2)
      .to('f32'),
  )
const flat = (rows: number[][]) => lora.tensor(rows.flat(), { dtype: 'i64', shape: [rows.length, rows[0]!.length] })

test('Roberta: names, shapes and the rows of padding as in Hugging Face checkpoints', async (t) => {
  const model = classifier()
  const state = model.stateDict()
  const layer = (i: number) =>
    ['self.query', 'self.key', 'self.value', 'output.dense', 'output.LayerNorm']
      .map((name) => `attention.${name}`)
      .concat('intermediate.dense', 'output.dense', 'output.LayerNorm')
      .flatMap((name) => [`roberta.encoder.layer.${i}.${name}.weight`, `roberta.encoder.layer.${i}.${name}.bias`])
  t.deepEqual(Object.keys(state), [
    'roberta.embeddings.word_embeddings.weight',
    'roberta.embeddings.position_embeddings.weight',
    'roberta.embeddings.token_type_embeddings.weight',
    'roberta.embeddings.LayerNorm.weight',
    'roberta.embeddings.LayerNorm.bias',
    ...layer(0),
    ...layer(1),
    'classifier.dense.weight',
    'classifier.dense.bias',
    'classifier.out_proj.weight',
    'classifier.out_proj.bias',
  ])
  t.deepEqual(state['roberta.encoder.layer.1.intermediate.dense.weight']!.shape, [12, 8])
  for (const name of ['word', 'position'])
    await same(t, state[`roberta.embeddings.${name}_embeddings.weight`]!.narrow(0, 1, 1), Array(8).fill(0))
  const names = Object.keys(bare().stateDict())
  t.is(names[0], 'embeddings.word_embeddings.weight')
  t.deepEqual(names.slice(-2), ['pooler.dense.weight', 'pooler.dense.bias'])
  t.false(
    Object.keys(new models.RobertaModel(CONFIG, { addPoolingLayer: false }).stateDict()).some((n) => /pooler/.test(n)),
  )
})

test('RobertaModel: shapes, hidden states and the pooled first token', async (t) => {
  const model = bare()
  const { lastHiddenState, poolerOutput, hiddenStates } = model.forward(IDS, { outputHiddenStates: true })
  t.deepEqual(lastHiddenState.shape, [2, 5, 8])
  t.is(hiddenStates!.length, 3)
  await same(t, hiddenStates![2]!, lastHiddenState)
  t.is(model.forward(IDS).hiddenStates, null)
  const { weight, bias } = model.pooler!.dense as unknown as lora.nn.Linear
  await close(t, poolerOutput!, nn.functional.linear(lastHiddenState.narrow(1, 0, 1).squeeze(1), weight, bias).tanh())
})

test('RobertaModel: one layer is what the formula says', async (t) => {
  const model = bare({ num_hidden_layers: 1 })
  const w = model.stateDict()
  const dense = (name: string, x: lora.Tensor) => nn.functional.linear(x, w[`${name}.weight`]!, w[`${name}.bias`]!)
  const norm = (name: string, x: lora.Tensor) =>
    nn.functional.layerNorm(x, 8, w[`${name}.weight`]!, w[`${name}.bias`]!, 1e-12)
  const rows = (name: string, ids: number[][]) => nn.functional.embedding(flat(ids), w[`embeddings.${name}.weight`]!)
  const kinds = IDS.map((row) => row.map((_, i) => i % 2))
  const sum = rows('word_embeddings', IDS)
    .add(
      rows('position_embeddings', [
        [2, 3, 4, 5, 6],
        [2, 3, 4, 1, 1],
      ]),
    ) // prettier-ignore
    .add(rows('token_type_embeddings', kinds))
  const x = norm('embeddings.LayerNorm', sum)
  const at = 'encoder.layer.0'
  const heads = (name: string) => dense(`${at}.attention.self.${name}`, x).reshape([2, 5, 2, 4]).transpose(1, 2)
  const allowed = lora.tensor(MASK.flat(), { dtype: 'i64', shape: [2, 1, 1, 5] }).eq(0)
  const scores = heads('query').matmul(heads('key').transpose(2, 3)).div(2).maskedFill(allowed, -1e9)
  const context = scores.softmax(-1).matmul(heads('value')).transpose(1, 2).reshape([2, 5, 8])
  const attended = norm(`${at}.attention.output.LayerNorm`, dense(`${at}.attention.output.dense`, context).add(x))
  const inner = dense(`${at}.intermediate.dense`, attended).gelu()
  const want = norm(`${at}.output.LayerNorm`, dense(`${at}.output.dense`, inner).add(attended))
  for (const attentionMask of [MASK, flat(MASK), computed(MASK)]) {
    const { lastHiddenState } = model.forward(IDS, { attentionMask, tokenTypeIds: kinds })
    await close(t, unpadded(lastHiddenState), unpadded(want))
  }
})

test('RobertaModel: positions count from the padding index on and pass padding over, for rows and for tensors', async (t) => {
  const model = bare()
  const ids = [
    [1, 1, 0, 5, 2],
    [0, 4, 1, 6, 2],
  ]
  const positionIds = [
    [1, 1, 2, 3, 4],
    [2, 3, 1, 4, 5],
  ]
  const want = await numbers(model.forward(ids, { positionIds }).lastHiddenState)
  await close(t, model.forward(ids).lastHiddenState, want)
  await close(t, model.forward(flat(ids)).lastHiddenState, want)
  const whole = [[0, 5, 7, 9, 2]]
  const counted = await numbers(model.forward(whole, { positionIds: [[2, 3, 4, 5, 6]] }).lastHiddenState)
  await close(t, model.forward(whole).lastHiddenState, counted)
  await close(t, model.forward(flat(whole)).lastHiddenState, counted)
})

test('RobertaForSequenceClassification: padding on either side, as rows or tensors, leaves the logits alone', async (t) => {
  const model = classifier().eval()
  const hidden = (ids: number[][], mask: number[][]) =>
    model.roberta.forward(ids, { attentionMask: mask }).lastHiddenState
  const want = await numbers(model.forward([[0, 4, 2]]).logits)
  await close(t, model.forward([[0, 4, 2, 1, 1]], { attentionMask: [[1, 1, 1, 0, 0]] }).logits, want)
  const masks = flat([[1, 1, 1, 0, 0]])
  await close(t, model.forward(flat([[0, 4, 2, 1, 1]]), { attentionMask: masks }).logits, want)
  t.notDeepEqual(await numbers(model.forward([[0, 4, 2, 1, 1]]).logits), want)
  // A first token that is padding is read by the head; the tokens behind it are as without it.
  const left = await numbers(hidden([[1, 1, 0, 4, 2]], [[0, 0, 1, 1, 1]]))
  await close(t, left.slice(2 * 8), hidden([[0, 4, 2]], [[1, 1, 1]]))
})

test('RobertaForSequenceClassification: the last layer at the first token alone gives the value and the gradients of the whole', async (t) => {
  for (const attentionMask of [null, MASK, computed(MASK)]) {
    const run = async (outputHiddenStates: boolean) => {
      const model = classifier()
      const { loss, logits } = model.forward(IDS, { attentionMask, outputHiddenStates, labels: [2, 0] })
      await loss!.backward()
      return { model, loss: loss!, logits }
    }
    const [short, whole] = [await run(false), await run(true)]
    await close(t, short.loss, whole.loss)
    await close(t, short.logits, whole.logits)
    const wanted = new Map(whole.model.namedParameters())
    for (const [name, parameter] of short.model.namedParameters()) {
      const grad = wanted.get(name)!.grad
      t.truthy(grad, name)
      await close(t, parameter.grad!, grad!)
    }
  }
})

test('RobertaModel: positionsToKeep gives the first rows of the whole', async (t) => {
  const model = bare()
  const whole = model.forward(IDS, { attentionMask: MASK }).lastHiddenState
  for (const positionsToKeep of [1, 3, 5, 9]) {
    const part = model.forward(IDS, { attentionMask: MASK, positionsToKeep }).lastHiddenState
    await close(t, unpadded(part), unpadded(whole.narrow(1, 0, Math.min(positionsToKeep, 5))))
  }
  t.throws(() => model.forward(IDS, { positionsToKeep: 0 }), {
    instanceOf: lora.OptionError,
    message: /positionsToKeep/,
  })
})

test('RobertaForSequenceClassification: one class of several: the mean cross entropy, −100 left out', async (t) => {
  const model = classifier()
  const logProbabilities = await numbers(model.forward(IDS).logits.logSoftmax(-1))
  const both = -(logProbabilities[2]! + logProbabilities[3]!) / 2
  await close(t, model.forward(IDS, { labels: [2, 0] }).loss!, [both])
  await close(t, model.forward(IDS, { labels: lora.tensor(new Int32Array([2, 0])) }).loss!, [both])
  await close(t, model.forward(IDS, { labels: [2, -100] }).loss!, [-logProbabilities[2]!])
  t.is(model.forward(IDS).loss, null)
})

test('RobertaForSequenceClassification: one output: the mean squared error; several with problem_type regression', async (t) => {
  const one = classifier({ num_labels: 1 })
  const got = await numbers(one.forward(IDS).logits)
  const want = [((got[0]! - 0.5) ** 2 + (got[1]! - 3) ** 2) / 2]
  await close(t, one.forward(IDS, { labels: [0.5, 3] }).loss!, want)
  await close(t, one.forward(IDS, { labels: lora.tensor([[0.5], [3]]) }).loss!, want)
  const labels = [
    [1, 2, 3],
    [-1, 0, 0.5],
  ]
  const many = classifier({ problem_type: 'regression' })
  const rows = await numbers(many.forward(IDS).logits)
  const squares = rows.map((x, i) => (x - labels.flat()[i]!) ** 2)
  await close(t, many.forward(IDS, { labels }).loss!, [squares.reduce((a, b) => a + b) / 6])
})

test('RobertaForSequenceClassification: several labels at once: the mean binary cross entropy', async (t) => {
  const labels = [
    [1, 0, 1],
    [0, 0, 1],
  ]
  const model = classifier()
  const logits = await numbers(model.forward(IDS).logits)
  const losses = logits.map((x, i) => Math.log(1 + Math.exp(labels.flat()[i] === 1 ? -x : x)))
  const want = [losses.reduce((a, b) => a + b) / 6]
  await close(t, model.forward(IDS, { labels }).loss!, want)
  await close(t, model.forward(IDS, { labels: lora.tensor(labels) }).loss!, want)
  const told = classifier({ problem_type: 'multi_label_classification' })
  await close(t, told.forward(IDS, { labels: flat(labels) }).loss!, want)
})

test('RobertaForSequenceClassification: labels that do not fit are errors that say what does', (t) => {
  const model = classifier()
  const refused = (labels: lora.models.SequenceLabels, message: RegExp, instanceOf: new (...args: never[]) => Error) =>
    t.throws(() => model.forward(IDS, { labels }), { message, instanceOf: instanceOf as new () => Error })
  refused([1], /2 classes/, lora.OptionError)
  refused([0, 3], /classes from 0 to 2/, lora.IndexError)
  refused([0, 0.5], /whole numbers/, lora.OptionError)
  refused([-100, -100], /every label is ignored/, lora.OptionError)
  refused([[1, 0], [0, 1]], /\(2, 3\)/, lora.OptionError) // prettier-ignore
  refused(lora.tensor([1, 2]), /dtype: 'i64'/, lora.OptionError)
  t.throws(() => classifier({ num_labels: 1 }).forward(IDS, { labels: [[1, 2], [3, 4]] }), { message: /2 numbers/ }) // prettier-ignore
})

test('Roberta: bad configurations and inputs are errors', (t) => {
  const refused = (extra: object, message: RegExp) =>
    t.throws(() => classifier(extra), { instanceOf: lora.OptionError, message })
  refused({ num_attention_heads: 3 }, /a divisor of hidden_size = 8/)
  refused({ hidden_act: 'geluu' }, /hidden_act/)
  refused({ num_labels: 0 }, /num_labels/)
  refused({ problem_type: 'regresion' }, /'regression'/)
  refused({ pad_token_id: 19 }, /pad_token_id/)
  refused({ is_decoder: true }, /is_decoder/)
  refused({ position_embedding_type: 'relative_key' }, /position_embedding_type/)
  refused({ hidden_dropout_prob: 1.5 }, /hidden_dropout_prob/)
  const model = classifier()
  const long = [Array.from({ length: 11 }, () => 5)] // 12 positions, of which 0 and 1 stand for no token
  t.throws(() => model.forward(long), { instanceOf: lora.OptionError, message: /at most 10 tokens/ })
  t.notThrows(() => model.forward([[...Array.from({ length: 10 }, () => 5), 1, 1]]))
  t.throws(() => model.forward(flat([Array.from({ length: 13 }, () => 5)])), { message: /at most 10 tokens/ })
  t.throws(() => model.forward([[0, 19]]), { instanceOf: lora.IndexError, message: /0 to 18/ })
  t.throws(() => model.forward(IDS, { attentionMask: [[1, 1]] }), { message: /attentionMask/ })
  t.throws(() => model.forward(IDS, { attentionMasks: MASK } as object), { message: /write attentionMask/ })
})

test('Roberta: the labels of a configuration are complete', (t) => {
  const { config } = classifier({ num_labels: 2 })
  t.deepEqual(
    [config.id2label, config.label2id],
    [
      { 0: 'LABEL_0', 1: 'LABEL_1' },
      { LABEL_0: 0, LABEL_1: 1 },
    ],
  )
  const id2label = { 0: 'no', 1: 'perhaps', 2: 'yes', 3: 'always' }
  const named = models.RobertaForSequenceClassification.fromConfig({ ...CONFIG, num_labels: undefined!, id2label })
  t.is(named.config.num_labels, 4)
  t.is(named.config.label2id['yes'], 2)
  t.deepEqual(classifier({ id2label, num_labels: 1 }).config.id2label, { 0: 'LABEL_0' })
})

test('RobertaForSequenceClassification: LoRA on query and value and the head train; nothing else has a gradient (f32, bf16, f16)', async (t) => {
  for (const dtype of ['f32', 'bf16', 'f16'] as const) {
    const model = classifier({}, { dtype })
    const paths = lora.injectLora(model, { targets: ['query', 'value'], r: 2, loraAlpha: 4 })
    t.is(paths.length, 4)
    lora.markOnlyLoraAsTrainable(model)
    model.classifier.requiresGrad_()
    const trained = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad)
    t.is(trained.length, 8 + 4)
    t.true(trained.every(([, parameter]) => parameter.dtype === 'f32'))
    const optimizer = new lora.optim.AdamW(trained.map(([, parameter]) => parameter), { lr: 0.02 }) // prettier-ignore
    const losses: number[] = []
    for (let step = 0; step < 12; step++) {
      optimizer.zeroGrad()
      const { loss } = model.forward(IDS, { attentionMask: MASK, labels: [2, 0] })
      await loss!.backward()
      if (step === 0)
        for (const [name, parameter] of model.namedParameters())
          t.is(parameter.grad !== null, /lora_|classifier/.test(name), name)
      await optimizer.step()
      losses.push(await loss!.item())
    }
    t.true(losses.at(-1)! < losses[0]! / 4, `${losses[0]} to ${losses.at(-1)}`)
    const before = await numbers(model.forward(IDS, { attentionMask: MASK }).logits)
    const merged = lora.noGrad(() => model.eval().forward(IDS, { attentionMask: MASK }).logits)
    await close(t, merged, before, dtype)
  }
})

test.serial(
  'RobertaForSequenceClassification: checkpointed layers give the same loss and gradients, dropout and padding included',
  async (t) => {
    for (const attentionMask of [MASK, computed(MASK)]) {
      const run = async (checkpointed: boolean) => {
        const model = classifier({ hidden_dropout_prob: 0.3, attention_probs_dropout_prob: 0.2 })
        lora.injectLora(model, { targets: ['query', 'value', 'intermediate.dense'], r: 2, loraDropout: 0.1 })
        lora.noGrad(() => model.parameters().forEach((p, i) => p.ndim === 2 && p.fill_(Math.sin(i) / 10)))
        lora.markOnlyLoraAsTrainable(model)
        if (checkpointed) model.gradientCheckpointingEnable()
        lora.manualSeed(5)
        const { loss } = model.forward(IDS, { labels: [2, 0], attentionMask })
        const nodes = lora.memory().tapeNodes
        await loss!.backward()
        const grads = model.parameters().filter((p) => p.requiresGrad)
        const values = (await Promise.all(grads.map((p) => numbers(p.grad!)))).flat()
        return { nodes, values: [await loss!.item(), ...values] }
      }
      const [plain, checkpointed] = [await run(false), await run(true)]
      t.true(plain.values.some((value) => value !== 0))
      t.deepEqual(checkpointed.values, plain.values)
      t.true(checkpointed.nodes < plain.nodes)
    }
  },
)

test('Roberta: dropout in training mode draws anew, in evaluation mode there is none', async (t) => {
  const model = classifier({ hidden_dropout_prob: 0.3, attention_probs_dropout_prob: 0.3 })
  const logits = () => numbers(model.forward(IDS).logits)
  t.notDeepEqual(await logits(), await logits())
  model.eval()
  t.deepEqual(await logits(), await logits())
})

test('Roberta: savePretrained and fromPretrained give the same model (f32, bf16, bare)', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'roberta-'))
  const model = classifier({ problem_type: 'single_label_classification' }).eval()
  await model.savePretrained(dir)
  const read = await models.AutoModelForSequenceClassification.fromPretrained(dir)
  t.false(read.training)
  t.deepEqual(read.config, { ...model.config, architectures: ['RobertaForSequenceClassification'] })
  await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
  const bareModel = await models.RobertaModel.fromPretrained(dir, { addPoolingLayer: false })
  await same(t, bareModel.forward(IDS).lastHiddenState, model.roberta.forward(IDS).lastHiddenState)
  await model.savePretrained(dir, { dtype: 'bf16' })
  const half = await models.RobertaForSequenceClassification.fromPretrained(dir)
  t.is(half.roberta.embeddings.word_embeddings.weight.dtype, 'bf16')
  t.is(half.stateDict()['classifier.dense.weight']!.dtype, 'f32')
  await close(t, half.forward(IDS).logits, model.forward(IDS).logits, 'bf16')
  removeFolder(dir)
})

test.serial(
  'RobertaForSequenceClassification: a file without a head gives a fresh one, with a warning; half a head is an error',
  async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'roberta-'))
    const base = bare()
    await base.savePretrained(dir)
    const warnings: string[] = []
    const listen = ({ message }: Error) => void warnings.push(message)
    process.on('warning', listen)
    const read = await models.RobertaForSequenceClassification.fromPretrained(dir, { config: { num_labels: 5 } })
    await new Promise(setImmediate)
    process.off('warning', listen)
    t.is(warnings.filter((text) => /no weights for classifier/.test(text)).length, 1)
    t.deepEqual(read.forward(IDS).logits.shape, [2, 5])
    await same(t, read.roberta.forward(IDS).lastHiddenState, base.forward(IDS).lastHiddenState)

    await classifier().savePretrained(dir)
    const file = join(dir, 'model.safetensors')
    const tensors = { ...(await lora.load(file)) }
    delete tensors['classifier.dense.bias']
    await lora.save(tensors, file)
    await t.throwsAsync(() => models.RobertaForSequenceClassification.fromPretrained(dir), {
      instanceOf: lora.KeyError,
      message: /1 missing/,
    })
    removeFolder(dir)
  },
)

test('AutoModelForSequenceClassification: fromConfig picks the class; another architecture is refused by name', (t) => {
  const model = models.AutoModelForSequenceClassification.fromConfig({ ...CONFIG, model_type: 'roberta' })
  t.true(model instanceof models.RobertaForSequenceClassification)
  t.throws(() => models.AutoModelForSequenceClassification.fromConfig({ model_type: 'robert' }), {
    instanceOf: lora.UnsupportedError,
    message: /roberta/,
  })
})

const masked = (extra: object = {}) => models.RobertaForMaskedLM.fromConfig({ ...CONFIG, ...extra }, fresh())

test('RobertaForMaskedLM: the head is what the formula says; its weight is that of the embedding', async (t) => {
  const model = masked()
  const w = model.stateDict()
  t.deepEqual(
    Object.keys(w).filter((name) => name.startsWith('lm_head')),
    [
      'bias',
      'dense.weight',
      'dense.bias',
      'layer_norm.weight',
      'layer_norm.bias',
      'decoder.weight',
      'decoder.bias',
    ].map((name) => `lm_head.${name}`),
  )
  t.is(w['lm_head.decoder.weight'], w['roberta.embeddings.word_embeddings.weight'])
  lora.noGrad(() => w['lm_head.bias']!.copy_(lora.arange(0, 19, 1, { dtype: 'f32' })))
  const { logits, lastHiddenState } = model.forward(IDS)
  const inner = nn.functional.linear(lastHiddenState, w['lm_head.dense.weight']!, w['lm_head.dense.bias']!).gelu()
  const normed = nn.functional.layerNorm(inner, 8, w['lm_head.layer_norm.weight'], w['lm_head.layer_norm.bias'], 1e-12)
  await close(
    t,
    logits,
    nn.functional.linear(normed, w['lm_head.decoder.weight']!).add(lora.arange(0, 19, 1, { dtype: 'f32' })),
  )
})

test('RobertaForMaskedLM: the loss is the mean cross entropy at its own positions, for rows and tensors', async (t) => {
  const model = masked()
  const labels = [
    [-100, 6, -100, 3, -100],
    [-100, 8, -100, -100, -100],
  ]
  const logProbabilities = await numbers(model.forward(IDS).logits.logSoftmax(-1))
  const losses = labels.flatMap((row, b) =>
    row.flatMap((label, i) => (label < 0 ? [] : -logProbabilities[(b * 5 + i) * 19 + label]!)),
  )
  const want = [losses.reduce((a, b) => a + b) / 3]
  const fromRows = model.forward(IDS, { labels })
  await close(t, fromRows.loss!, want)
  await close(t, model.forward(IDS, { labels: flat(labels) }).loss!, want)
  await close(t, fromRows.logits.logSoftmax(-1), logProbabilities)
  t.throws(() => model.forward(IDS, { labels: IDS.map((row) => row.map(() => -100)) }), {
    message: /every label is ignored/,
  })
})

test('RobertaForMaskedLM: comes back the same from a folder, tied or not; a classifier reads its encoder', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'roberta-'))
  for (const tied of [true, false]) {
    const model = masked({ tie_word_embeddings: tied }).eval()
    await model.savePretrained(dir)
    const names = Object.keys(await lora.load(join(dir, 'model.safetensors')))
    t.is(names.includes('lm_head.decoder.weight'), !tied)
    const read = await models.RobertaForMaskedLM.fromPretrained(dir)
    await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
    const bareModel = await models.RobertaModel.fromPretrained(dir, { addPoolingLayer: false })
    await same(t, bareModel.forward(IDS).lastHiddenState, model.forward(IDS).lastHiddenState)
  }
  removeFolder(dir)
})

test('Roberta: padding that is known is not computed, with the results of a mask that is not known', async (t) => {
  const ids = [
    [0, 5, 7, 9, 11, 2],
    [0, 4, 2, 1, 1, 1],
    [0, 8, 3, 2, 1, 1],
  ]
  const mask = ids.map((row) => row.map((id) => (id === 1 ? 0 : 1)))
  const labels = mask.map((row, b) => row.map((on, i) => (on && (b + i) % 2 ? ids[b]![i]! : -100)))
  const kinds = ids.map((row) => row.map((_, i) => (i > 2 ? 1 : 0)))
  const run = async (attentionMask: number[][] | lora.Tensor, inputIds: number[][] | lora.Tensor) => {
    const [model, words] = [classifier(), masked()]
    const options = { attentionMask, tokenTypeIds: kinds }
    const { loss } = model.forward(inputIds, { ...options, labels: [2, 0, 1] })
    const predicted = words.forward(inputIds, { ...options, labels })
    await loss!.add(predicted.loss!).backward()
    const grads = [...model.namedParameters(), ...words.namedParameters()].map(([, { grad }]) => grad)
    const { hiddenStates } = model.roberta.forward(inputIds, { ...options, outputHiddenStates: true })
    return { values: [loss!, predicted.loss!], grads, hiddenStates: hiddenStates! }
  }
  const want = await run(computed(mask), ids)
  for (const inputIds of [ids, flat(ids), computed(ids)]) {
    for (const known of [mask, flat(mask)]) {
      const got = await run(known, inputIds)
      await close(t, got.values[0]!, want.values[0]!)
      await close(t, got.values[1]!, want.values[1]!)
      t.is(got.grads.length, want.grads.length)
      for (const [i, grad] of got.grads.entries()) await close(t, grad!, want.grads[i]!)
      for (const [i, state] of got.hiddenStates.entries()) {
        const on = flat(mask).unsqueeze(2).to('f32')
        t.deepEqual(state.shape, [3, 6, 8])
        await close(t, state, want.hiddenStates[i]!.mul(on)) // zeros at padding
      }
    }
  }
})
