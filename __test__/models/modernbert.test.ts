import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { ENCODERS } from '../support/encoders.js'
import { removeFolder } from '../support/files.js'

const { models, nn } = lora

const CONFIG = ENCODERS['modernbert']!
const fresh = () => ({ generator: new lora.Generator(5) })
const bare = (extra: object = {}) => models.ModernBertModel.fromConfig({ ...CONFIG, ...extra }, fresh())
const headed = (extra: object = {}) =>
  models.ModernBertForSequenceClassification.fromConfig({ ...CONFIG, ...extra }, fresh())
const masked = (extra: object = {}) => models.ModernBertForMaskedLM.fromConfig({ ...CONFIG, ...extra }, fresh())

const IDS = [[5, 7, 9, 3, 2, 11, 4, 6, 12, 8, 3, 17]]

test('ModernBert: names as in Hugging Face checkpoints, with and without biases', (t) => {
  const names = (extra: object) =>
    Object.keys(headed(extra).stateDict()).filter((name) => !/layers\.[2-9]\./.test(name))
  const layer = (i: number) =>
    ['attn.Wqkv', 'attn.Wo', 'mlp_norm', 'mlp.Wi', 'mlp.Wo'].map((name) => `model.layers.${i}.${name}.weight`)
  t.deepEqual(names({}), [
    'model.embeddings.tok_embeddings.weight',
    'model.embeddings.norm.weight',
    ...layer(0),
    'model.layers.1.attn_norm.weight',
    ...layer(1),
    'model.final_norm.weight',
    'head.dense.weight',
    'head.norm.weight',
    'classifier.weight',
    'classifier.bias',
  ])
  const biased = names({ norm_bias: true, attention_bias: true, mlp_bias: true, classifier_bias: true })
  t.deepEqual(biased.filter((name) => name.endsWith('.bias')), biased.filter((name) => name.endsWith('.weight') && !name.includes('tok_')).map((name) => name.replace(/weight$/, 'bias'))) // prettier-ignore
})

test('ModernBert: fresh weights are cut at two standard deviations', async (t) => {
  const state = bare({ hidden_size: 64, vocab_size: 200, initializer_range: 0.5 }).stateDict()
  const embedding = await numbers(
    state['model.embeddings.tok_embeddings.weight'] ?? state['embeddings.tok_embeddings.weight']!,
  )
  const most = Math.max(...embedding.map(Math.abs))
  t.true(most <= 1 && most > 0.95, String(most))
})

test('ModernBertModel: the layers are what the formulas say', async (t) => {
  const model = bare()
  const w = model.stateDict()
  const { hiddenStates } = model.forward(IDS, { outputHiddenStates: true })
  const norm = (path: string, x: lora.Tensor) => nn.functional.layerNorm(x, 8, w[`${path}.weight`], null, 1e-5)
  const dense = (path: string, x: lora.Tensor) => nn.functional.linear(x, w[`${path}.weight`]!)
  const T = 12
  let x = norm(
    'embeddings.norm',
    nn.functional.embedding(lora.tensor(IDS, { dtype: 'i64' }), w['embeddings.tok_embeddings.weight']!),
  )
  await close(t, hiddenStates![0]!, x)
  for (const i of [0, 1, 2]) {
    const theta = i === 0 ? 160000 : 10000
    const turned = (heads: lora.Tensor) => {
      const angles = lora.tensor(Array.from({ length: T }, (_, p) => [p, p / Math.sqrt(theta)])) // (T, D/2), D = 4
      const [cos, sin] = [angles.cos(), angles.sin()]
      const [a, b] = heads.chunk(2, -1) as [lora.Tensor, lora.Tensor] // (1, 2, T, 2)
      return lora.cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], -1)
    }
    const qkv = dense(`layers.${i}.attn.Wqkv`, i === 0 ? x : norm(`layers.${i}.attn_norm`, x))
    const [q, k, v] = qkv.chunk(3, -1).map((part) => part.reshape([1, T, 2, 4]).transpose(1, 2)) as [
      lora.Tensor,
      lora.Tensor,
      lora.Tensor,
    ]
    const far = lora.tensor(
      Array.from({ length: T }, (_, s) => Array.from({ length: T }, (__, j) => i > 0 && Math.abs(s - j) > 2)),
    )
    const scores = turned(q).matmul(turned(k).transpose(2, 3)).div(2).maskedFill(far, -1e9)
    const context = scores.softmax(-1).matmul(v).transpose(1, 2).reshape([1, T, 8])
    const attended = x.add(dense(`layers.${i}.attn.Wo`, context))
    const [a, b] = dense(`layers.${i}.mlp.Wi`, norm(`layers.${i}.mlp_norm`, attended)).chunk(2, -1) as [
      lora.Tensor,
      lora.Tensor,
    ]
    x = attended.add(dense(`layers.${i}.mlp.Wo`, a.gelu().mul(b)))
    if (i < 2) await close(t, hiddenStates![i + 1]!, x)
  }
  await close(t, hiddenStates![3]!, norm('final_norm', x))
})

test('ModernBertForSequenceClassification: the head reads the first token or the mean of all', async (t) => {
  const mask = [IDS[0]!.map((_, i) => (i < 9 ? 1 : 0))]
  for (const classifier_pooling of ['cls', 'mean'] as const) {
    const model = headed({ classifier_pooling }).eval()
    const w = model.stateDict()
    const { lastHiddenState } = model.model.forward(IDS, { attentionMask: mask })
    const pooled =
      classifier_pooling === 'cls'
        ? lastHiddenState.narrow(1, 0, 1).squeeze(1)
        : lastHiddenState.narrow(1, 0, 9).mean(1)
    const inner = nn.functional.linear(pooled, w['head.dense.weight']!).gelu()
    const normed = nn.functional.layerNorm(inner, 8, w['head.norm.weight'], null, 1e-5)
    const want = nn.functional.linear(normed, w['classifier.weight']!, w['classifier.bias']!)
    await close(t, model.forward(IDS, { attentionMask: mask }).logits, want)
  }
})

test('ModernBertForSequenceClassification: LoRA on blocks of Wqkv and the head train', async (t) => {
  const model = headed()
  lora.injectLora(model, { targets: ['Wqkv'], r: 2, loraAlpha: 4, enableLora: [true, false, true] })
  lora.markOnlyLoraAsTrainable(model)
  for (const head of [model.head, model.classifier]) head.requiresGrad_()
  const trained = model.parameters().filter((parameter) => parameter.requiresGrad)
  t.is(trained.length, 3 * 2 + 4)
  const optimizer = new lora.optim.AdamW(trained, { lr: 0.03 })
  const ids = [IDS[0]!, IDS[0]!.toReversed()]
  const losses: number[] = []
  for (let step = 0; step < 15; step++) {
    optimizer.zeroGrad()
    const { loss } = model.forward(ids, { labels: [2, 0] })
    await loss!.backward()
    await optimizer.step()
    losses.push(await loss!.item())
  }
  t.true(losses.at(-1)! < losses[0]! / 4, `${losses[0]} to ${losses.at(-1)}`)
})

test('ModernBertForMaskedLM: the loss is the mean cross entropy; it comes back the same, tied or not', async (t) => {
  const labels = [IDS[0]!.map((id, i) => (i % 4 === 1 ? id : -100))]
  const logProbabilities = await numbers(masked().forward(IDS).logits.logSoftmax(-1))
  const losses = labels[0]!.flatMap((label, i) => (label < 0 ? [] : -logProbabilities[i * 19 + label]!))
  await close(t, masked().forward(IDS, { labels }).loss!, [losses.reduce((a, b) => a + b) / 3])
  const dir = await mkdtemp(join(tmpdir(), 'modernbert-'))
  for (const tied of [true, false]) {
    const model = masked({ tie_word_embeddings: tied }).eval()
    await model.savePretrained(dir)
    const names = Object.keys(await lora.load(join(dir, 'model.safetensors')))
    t.is(names.includes('decoder.weight'), !tied)
    const read = await models.AutoModelForMaskedLM.fromPretrained(dir)
    await same(t, read.forward(IDS).logits, model.forward(IDS).logits)
  }
  removeFolder(dir)
})

test('ModernBert: bad configurations are errors that name the field', (t) => {
  const refused = (extra: object, message: RegExp) =>
    t.throws(() => bare(extra), { instanceOf: lora.OptionError, message })
  refused({ hidden_size: 6, num_attention_heads: 2 }, /an even number/)
  refused({ layer_types: ['full_attention'] }, /layer_types/)
  refused({ layer_types: ['full_attention', 'full', 'full_attention'] }, /layer_types/)
  refused({ local_attention: 1 }, /local_attention/)
  refused({ classifier_pooling: 'max' }, /classifier_pooling/)
  refused({ hidden_activation: 'geluu' }, /hidden_activation/)
  refused({ mlp_bias: 1 }, /mlp_bias/)
  refused({ mlp_dropout: 2 }, /mlp_dropout/)
  refused({ initializer_cutoff_factor: 0 }, /initializer_cutoff_factor/)
})
