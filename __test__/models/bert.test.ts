import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { ENCODERS, computed, flat } from '../support/encoders.js'
import { removeFolder } from '../support/files.js'

const { models, nn } = lora

const CONFIG = ENCODERS['bert']!
const fresh = () => ({ generator: new lora.Generator(5) })
const bare = (extra: object = {}) => models.BertModel.fromConfig({ ...CONFIG, ...extra }, fresh())
const masked = (extra: object = {}) => models.BertForMaskedLM.fromConfig({ ...CONFIG, ...extra }, fresh())

const IDS = [
  [5, 7, 9, 3, 2],
  [4, 2, 8, 6, 12],
]

test('Bert: names and the row of padding as in Hugging Face checkpoints', async (t) => {
  const state = models.BertForSequenceClassification.fromConfig(CONFIG, fresh()).stateDict()
  const layer = (i: number) =>
    [
      'attention.self.query',
      'attention.self.key',
      'attention.self.value',
      'attention.output.dense',
      'attention.output.LayerNorm',
    ]
      .concat('intermediate.dense', 'output.dense', 'output.LayerNorm')
      .flatMap((name) => [`bert.encoder.layer.${i}.${name}.weight`, `bert.encoder.layer.${i}.${name}.bias`])
  t.deepEqual(Object.keys(state), [
    'bert.embeddings.word_embeddings.weight',
    'bert.embeddings.position_embeddings.weight',
    'bert.embeddings.token_type_embeddings.weight',
    'bert.embeddings.LayerNorm.weight',
    'bert.embeddings.LayerNorm.bias',
    ...layer(0),
    ...layer(1),
    'bert.pooler.dense.weight',
    'bert.pooler.dense.bias',
    'classifier.weight',
    'classifier.bias',
  ])
  await same(t, state['bert.embeddings.word_embeddings.weight']!.narrow(0, 0, 1), Array(8).fill(0))
  t.not(await state['bert.embeddings.position_embeddings.weight']!.narrow(0, 0, 1).abs().sum().item(), 0)
})

test('BertModel: embeddings are word, position and kind behind a norm; the pooler reads the first token', async (t) => {
  const model = bare()
  const w = model.stateDict()
  const kinds = IDS.map((row) => row.map((_, i) => i % 2))
  const rows = (name: string, ids: number[][]) => nn.functional.embedding(flat(ids), w[`embeddings.${name}.weight`]!)
  const sum = rows('word_embeddings', IDS)
    .add(rows('position_embeddings', [[0, 1, 2, 3, 4]]))
    .add(rows('token_type_embeddings', kinds))
  const want = nn.functional.layerNorm(sum, 8, w['embeddings.LayerNorm.weight'], w['embeddings.LayerNorm.bias'], 1e-12)
  const { hiddenStates, lastHiddenState, poolerOutput } = model.forward(IDS, {
    tokenTypeIds: kinds,
    outputHiddenStates: true,
  })
  await close(t, hiddenStates![0]!, want)
  const { weight, bias } = model.pooler!.dense as unknown as lora.nn.Linear
  await close(t, poolerOutput!, nn.functional.linear(lastHiddenState.narrow(1, 0, 1).squeeze(1), weight, bias).tanh())
})

test('BertModel: positions count from the first token that the mask keeps; given ones count as they are', async (t) => {
  const model = bare().eval()
  const ids = [[0, 0, 5, 7, 9]]
  const mask = [[0, 0, 1, 1, 1]]
  const want = await numbers(model.forward([[5, 7, 9]]).lastHiddenState)
  for (const attentionMask of [mask, computed(mask)]) {
    const { lastHiddenState, poolerOutput } = model.forward(ids, { attentionMask })
    await close(t, lastHiddenState.narrow(1, 2, 3), want)
    await close(t, poolerOutput!, model.forward([[5, 7, 9]]).poolerOutput!)
    const shifted = model.forward(ids, { attentionMask, positionIds: [[0, 1, 2, 3, 4]] }).lastHiddenState
    await close(t, shifted.narrow(1, 2, 3), model.forward([[5, 7, 9]], { positionIds: [[2, 3, 4]] }).lastHiddenState)
    t.notDeepEqual(await numbers(shifted.narrow(1, 2, 3)), want)
  }
})

test('Bert: what it cannot compute is an error', (t) => {
  const refused = (extra: object, message: RegExp) =>
    t.throws(() => bare(extra), { instanceOf: lora.OptionError, message })
  refused({ is_decoder: true }, /is_decoder/)
  refused({ position_embedding_type: 'relative_key' }, /position_embedding_type/)
  refused({ classifier_dropout: 2 }, /classifier_dropout/)
  refused({ hidden_act: 'geluu' }, /hidden_act/)
  const long = [Array.from({ length: 25 }, () => 5)]
  t.throws(() => bare().forward(long), { instanceOf: lora.OptionError, message: /at most 24 tokens/ })
})

test('BertForMaskedLM: the head is what the formula says, and the loss the mean cross entropy', async (t) => {
  const model = masked()
  const w = model.stateDict()
  const at = 'cls.predictions'
  t.is(w[`${at}.decoder.weight`], w['bert.embeddings.word_embeddings.weight'])
  lora.noGrad(() => w[`${at}.bias`]!.copy_(lora.arange(0, 19, 1, { dtype: 'f32' })))
  const { logits, lastHiddenState } = model.forward(IDS)
  const inner = nn.functional
    .linear(lastHiddenState, w[`${at}.transform.dense.weight`]!, w[`${at}.transform.dense.bias`]!)
    .gelu()
  const normed = nn.functional.layerNorm(
    inner,
    8,
    w[`${at}.transform.LayerNorm.weight`],
    w[`${at}.transform.LayerNorm.bias`],
    1e-12,
  )
  await close(
    t,
    logits,
    nn.functional.linear(normed, w[`${at}.decoder.weight`]!).add(lora.arange(0, 19, 1, { dtype: 'f32' })),
  )
  const labels = [
    [-100, 6, -100, 3, -100],
    [-100, 8, -100, -100, -100],
  ]
  const logProbabilities = await numbers(logits.logSoftmax(-1))
  const losses = labels.flatMap((row, b) => row.flatMap((label, i) => (label < 0 ? [] : -logProbabilities[(b * 5 + i) * 19 + label]!))) // prettier-ignore
  await close(t, model.forward(IDS, { labels }).loss!, [losses.reduce((a, b) => a + b) / 3])
})

test('BertForMaskedLM: comes back the same, tied or not; old names and the head for the next sentence are understood', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'bert-'))
  const file = join(dir, 'model.safetensors')
  for (const tied of [true, false]) {
    const model = masked({ tie_word_embeddings: tied }).eval()
    await model.savePretrained(dir)
    const saved = { ...(await lora.load(file)) }
    t.is('cls.predictions.decoder.weight' in saved, !tied)
    const read = await models.AutoModelForMaskedLM.fromPretrained(dir)
    await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
    const old = Object.fromEntries(
      Object.entries(saved).map(([name, tensor]) => [
        name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta'),
        tensor,
      ]),
    )
    old['cls.seq_relationship.weight'] = lora.ones([2, 8])
    old['cls.seq_relationship.bias'] = lora.ones([2])
    old['bert.embeddings.position_ids'] = lora.arange(0, 24, 1, { dtype: 'i64' }).unsqueeze(0)
    await lora.save(old, file)
    const again = await models.BertForMaskedLM.fromPretrained(dir)
    await same(t, again.forward(IDS).logits, model.forward(IDS).logits)
  }
  removeFolder(dir)
})

const HEADS = [
  ['bert', 'cls.predictions'],
  ['roberta', 'lm_head'],
] as const
for (const [type, head] of HEADS) {
  test(`${type}: a head that is not tied has a bias of its own, and its other bias has no effect`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'untied-'))
    const file = join(dir, 'model.safetensors')
    const config = { ...ENCODERS[type]!, tie_word_embeddings: false }
    const model = models.AutoModelForMaskedLM.fromConfig(config, fresh()).eval()
    const w = model.stateDict()
    const plain = await numbers(model.forward(IDS).logits)
    const labels = [[-100, 6, -100, 3, -100], [5, 8, -100, -100, -100]] // prettier-ignore
    lora.noGrad(() => w[`${head}.decoder.bias`]!.copy_(lora.arange(0, 19, 1, { dtype: 'f32' })))
    lora.noGrad(() => w[`${head}.bias`]!.fill_(100))
    const want = plain.map((logit, i) => logit + (i % 19))
    await close(t, model.forward(IDS).logits, want)
    const losses = labels.flatMap((row, b) =>
      row.flatMap((label, i) => {
        const scores = want.slice((b * 5 + i) * 19, (b * 5 + i + 1) * 19)
        return label < 0 ? [] : [Math.log(scores.reduce((sum, x) => sum + Math.exp(x), 0)) - scores[label]!]
      }),
    )
    await close(t, model.forward(IDS, { labels }).loss!, [losses.reduce((a, b) => a + b) / losses.length])
    await model.savePretrained(dir)
    const saved = { ...(await lora.load(file)) }
    t.true(`${head}.decoder.bias` in saved && `${head}.bias` in saved)
    await same(
      t,
      (await models.AutoModelForMaskedLM.fromPretrained(dir)).forward(IDS).logits,
      model.forward(IDS).logits,
    )
    // Releases of transformers before 5 tied the biases in any case, and saved one.
    lora.noGrad(() => saved[`${head}.bias`]!.copy_(saved[`${head}.decoder.bias`]!))
    delete saved[`${head}.decoder.bias`]
    const old = Object.fromEntries(Object.entries(saved).map(([name, tensor]) => [name, tensor.clone()]))
    await lora.save(old, file)
    await close(t, (await models.AutoModelForMaskedLM.fromPretrained(dir)).forward(IDS).logits, want)
    removeFolder(dir)
  })
}
