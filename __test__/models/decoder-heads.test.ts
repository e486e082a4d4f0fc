// Decoders under classification heads, against a head written out on their hidden states.
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { stir } from '../support/models.js'

const { models } = lora

const SIZES = {
  ...{ vocab_size: 17, hidden_size: 12, intermediate_size: 20, num_hidden_layers: 2, num_attention_heads: 6 },
  ...{ num_key_value_heads: 2, head_dim: 4, max_position_embeddings: 96, initializer_range: 0.4 },
  ...{ bos_token_id: 1, eos_token_id: 16, pad_token_id: 0, num_labels: 3, classifier_dropout: 0 },
}
const GPT2 = {
  ...{ vocab_size: 17, n_embd: 12, n_head: 3, n_layer: 2, n_positions: 64, initializer_range: 0.4, num_labels: 3 },
  ...{ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0, pad_token_id: 0, classifier_dropout: 0 },
}
const TYPES: Record<string, object> = {
  ...{ gpt2: GPT2, llama: SIZES, mistral: { ...SIZES, sliding_window: 4 }, qwen2: SIZES, qwen3: SIZES, phi3: SIZES },
  ...{ gemma2: { ...SIZES, sliding_window: 3 }, gemma3_text: { ...SIZES, sliding_window: 3 } },
}
const fresh = () => ({ generator: new lora.Generator(5), dtype: 'f64' as const })
const sequence = (model_type: string, extra: object = {}) => {
  const config = { ...TYPES[model_type], model_type, ...extra }
  const model = models.AutoModelForSequenceClassification.fromConfig(
    config,
    fresh(),
  ) as lora.models.DecoderSequenceClassifier
  stir(model, model_type.startsWith('gemma') ? 0 : 1)
  return model
}
const tokens = (model_type: string, extra: object = {}) => {
  const config = { ...TYPES[model_type], model_type, ...extra }
  const model = models.AutoModelForTokenClassification.fromConfig(config, fresh()) as lora.models.DecoderTokenClassifier
  stir(model, model_type.startsWith('gemma') ? 0 : 1)
  return model
}

// Token 0 pads: on the right, on the left, within a row, nowhere. The head reads the last one that is not 0.
const ROWS = [
  [5, 7, 9, 3, 0, 0, 0, 0],
  [0, 0, 0, 4, 2, 8, 6, 12],
  [4, 0, 0, 11, 3, 0, 0, 0],
  [1, 2, 3, 4, 5, 6, 7, 8],
]
const LAST = [3, 7, 4, 7]

/** The scores of a dense layer, in plain numbers. */
async function dense(layer: { weight: lora.Tensor; bias?: lora.Tensor | null }, x: number[]): Promise<number[]> {
  const [weight, bias] = [await numbers(layer.weight), layer.bias ? await numbers(layer.bias) : []]
  const width = x.length
  return Array.from({ length: weight.length / width }, (_, i) =>
    x.reduce((sum, value, j) => sum + value * weight[i * width + j]!, bias[i] ?? 0),
  )
}

const crossEntropy = (scores: number[], label: number) =>
  Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[label]!

for (const type of Object.keys(TYPES)) {
  test(`${type}: a sequence is labelled by its last token that is no padding, whichever ids and labels are known`, async (t) => {
    const model = sequence(type)
    t.regex(model.constructor.name, /ForSequenceClassification$/)
    const hidden = await numbers(lora.noGrad(() => model.baseModel.forward(ROWS, {}, 'all').lastHiddenState))
    const C = 12
    const want: number[][] = []
    for (const [b, last] of LAST.entries()) {
      const at = (b * 8 + last) * C
      want.push(await dense(model.classifier as lora.nn.Linear, hidden.slice(at, at + C)))
    }
    const labels = [2, 0, 1, 1]
    const loss = want.reduce((sum, scores, b) => sum + crossEntropy(scores, labels[b]!), 0) / 4
    const flat = lora.tensor(ROWS.flat(), { dtype: 'i64', shape: [4, 8] })
    for (const ids of [ROWS, flat, flat.mul(1)]) {
      const output = model.forward(ids, { labels })
      await close(t, output.logits, want.flat(), 'f64')
      await close(t, output.loss!, [loss], 'f64')
      await close(
        t,
        lora.noGrad(() => model.forward(ids).logits),
        want.flat(),
        'f64',
      )
    }
    // Padding on the right changes nothing, whether a mask says so or not.
    const attentionMask = ROWS.map((row, b) => row.map((_, at) => (at <= LAST[b]! ? 1 : 0)))
    await close(t, model.forward(ROWS, { attentionMask, labels }).logits, want.flat(), 'f64')
    t.is(model.forward(ROWS, { outputHiddenStates: true }).hiddenStates!.length, 3)
    await model.forward(ROWS, { labels }).loss!.backward()
    for (const parameter of model.parameters()) t.not(parameter.grad, null)
  })

  test(`${type}: a head comes back from a file; a language model gives its decoder and a fresh head`, async (t) => {
    const [dir, base] = [await folderWith(t), await folderWith(t)]
    const model = sequence(type)
    await model.savePretrained(dir)
    const read = await models.AutoModelForSequenceClassification.fromPretrained(dir)
    t.false(read.training)
    await same(t, read.forward(ROWS).logits, model.forward(ROWS).logits)
    t.is(read.config.num_labels, 3)
    const language = models.AutoModelForCausalLM.fromConfig({ ...TYPES[type], model_type: type }, fresh())
    await language.savePretrained(base)
    const Model = model.constructor as unknown as {
      fromPretrained(dir: string, options: object): Promise<typeof model>
    }
    const headed = await Model.fromPretrained(base, { config: { num_labels: 2 } })
    t.deepEqual(headed.classifier.parameters()[0]!.shape, [2, 12])
    const want = Object.entries(language.stateDict()).find(
      ([key]) => key.endsWith('norm.weight') || key.endsWith('ln_f.weight'),
    )!
    await same(t, headed.stateDict()[want[0]]!, want[1])
  })
}

for (const type of Object.keys(TYPES).filter((name) => name !== 'gemma3_text')) {
  test(`${type}: each token is labelled; those of −100 are left out, and a label on padding counts`, async (t) => {
    const model = tokens(type)
    t.regex(model.constructor.name, /ForTokenClassification$/)
    const hidden = await numbers(lora.noGrad(() => model.baseModel.forward(ROWS, {}, 'all').lastHiddenState))
    const scores: number[][] = []
    for (let at = 0; at < hidden.length; at += 12)
      scores.push(await dense(model.classifier as lora.nn.Linear, hidden.slice(at, at + 12)))
    const labels = ROWS.map((row, b) => row.map((id, at) => (id === 0 && !(b === 0 && at === 5) ? -100 : (at + b) % 3)))
    const losses = labels.flat().flatMap((label, i) => (label < 0 ? [] : [crossEntropy(scores[i]!, label)]))
    const loss = losses.reduce((sum, one) => sum + one, 0) / losses.length
    const attentionMask = ROWS.map((row, b) => row.map((_, at) => (at <= LAST[b]! ? 1 : 0)))
    const tensor = lora.tensor(labels.flat(), { dtype: 'i64', shape: [4, 8] })
    for (const given of [labels, tensor, tensor.mul(1)]) {
      const output = model.forward(ROWS, { labels: given, attentionMask })
      t.deepEqual(output.logits.shape, [4, 8, 3])
      await close(t, output.loss!, [loss], 'f64')
      await close(t, output.logits.narrow(0, 3, 1), scores.slice(24).flat(), 'f64')
    }
    const dir = await folderWith(t)
    await model.savePretrained(dir)
    const read = await models.AutoModelForTokenClassification.fromPretrained(dir)
    await same(t, read.forward(ROWS).logits, model.eval().forward(ROWS).logits)
  })
}

test('decoder heads: numbers, several labels, LoRA; what does not fit is an error', async (t) => {
  const regression = sequence('llama', { num_labels: 1 })
  const { loss, logits } = regression.forward(ROWS, { labels: [0.5, 1, 2, -1] })
  const predicted = await numbers(logits)
  const want = [0.5, 1, 2, -1].reduce((sum, label, b) => sum + (predicted[b]! - label) ** 2, 0) / 4
  await close(t, loss!, [want], 'f64')
  const several = sequence('llama', { problem_type: 'multi_label_classification' })
  t.is(several.forward(ROWS, { labels: ROWS.map(() => [1, 0, 1]) }).loss!.ndim, 0)
  lora.injectLora(several, { targets: ['q_proj', 'v_proj'], r: 2, loraAlpha: 4 })
  lora.markOnlyLoraAsTrainable(several)
  several.classifier.requiresGrad_()
  await several.forward(ROWS, { labels: ROWS.map(() => [1, 0, 1]) }).loss!.backward()
  t.not(several.classifier.parameters()[0]!.grad, null)

  const bare = sequence('gpt2', { pad_token_id: null })
  t.throws(() => bare.forward(ROWS), { instanceOf: lora.OptionError, message: /pad_token_id/ })
  const alone = await numbers(bare.forward([ROWS[0]!]).logits)
  const last = sequence('gpt2', { pad_token_id: -1 })
  await close(t, last.forward([ROWS[0]!]).logits, alone, 'f64')
  // A row of padding alone is read at its first token, as in transformers.
  const padding = [[0, 0, 0, 0]]
  await close(t, sequence('gpt2').forward(padding).logits, await numbers(last.forward([[0]]).logits), 'f64')
  t.throws(() => sequence('llama').forward(ROWS, { labels: [0, 1, 2, 3] }), { instanceOf: lora.IndexError })
  t.throws(() => tokens('llama').forward([[1, 2]], { labels: [[3, 0]] }), { instanceOf: lora.IndexError })
  t.throws(() => tokens('llama').forward([[1, 2]], { labels: [[1]] }), {
    instanceOf: lora.OptionError,
    message: /labels/,
  })
  t.throws(() => tokens('llama').forward([[1, 2]], { labels: [[-100, -100]] }), { message: /every label is ignored/ })
  t.throws(() => models.AutoModelForTokenClassification.fromConfig({ model_type: 'gemma3_text' }), {
    instanceOf: lora.UnsupportedError,
  })
})
