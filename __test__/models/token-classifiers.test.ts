// Encoders that label tokens, against their heads written out.
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'
import { ENCODERS, computed, flat, padded, paddingOf } from '../support/encoders.js'
import { folderWith } from '../support/files.js'
import { stir } from '../support/models.js'

const { models, nn } = lora

const make = (config: Record<string, unknown>, extra: object = {}) => {
  const options = { generator: new lora.Generator(5), dtype: 'f64' as const }
  const model = models.AutoModelForTokenClassification.fromConfig(
    { ...config, classifier_dropout: 0, ...extra },
    options,
  ) as lora.models.TokenClassifier
  stir(model)
  return model
}

const ROWS = [
  [5, 7, 9, 3, 2, 11, 4, 6],
  [4, 2],
  [8, 3, 12, 2, 17],
]

for (const [name, config] of Object.entries(ENCODERS)) {
  test(`${name}: each token is labelled by the head on its hidden state, padding or not`, async (t) => {
    const model = make(config)
    // The angles of ModernBERT's positions are f32, and padding on the left shifts positions.
    const exact = name.startsWith('modernbert') ? 'f32' : 'f64'
    t.regex(model.constructor.name, /ForTokenClassification$/)
    const state = model.stateDict()
    const hidden = (row: number[]) => lora.noGrad(() => model.baseModel.forward([row]).lastHiddenState)
    const scores = async (row: number[]) => {
      let x = hidden(row)
      if ('head.dense.weight' in state) {
        x = nn.functional.gelu(nn.functional.linear(x, state['head.dense.weight']!))
        x = nn.functional.layerNorm(x, 8, state['head.norm.weight'], state['head.norm.bias'] ?? null, 1e-5)
      }
      const [C, weight, bias] = [
        8,
        await numbers(state['classifier.weight']!),
        await numbers(state['classifier.bias']!),
      ]
      const values = await numbers(x)
      return row.map((_, at) =>
        bias.map(
          (b, i) => b + weight.slice(i * C, (i + 1) * C).reduce((sum, w, j) => sum + w * values[at * C + j]!, 0),
        ),
      )
    }
    const want = await Promise.all(ROWS.map(scores))
    const label = (b: number, at: number) => (at === 0 ? -100 : (at + b) % 3)
    const losses = want.flatMap((row, b) =>
      row.flatMap((each, at) => {
        if (label(b, at) < 0) return []
        return [Math.log(each.reduce((sum, score) => sum + Math.exp(score), 0)) - each[label(b, at)]!]
      }),
    )
    const loss = losses.reduce((sum, one) => sum + one, 0) / losses.length
    for (const side of ['left', 'right'] as const) {
      const { ids, mask } = padded(ROWS, side, paddingOf(config))
      const from = (b: number) => (side === 'left' ? 8 - ROWS[b]!.length : 0)
      const labels = ids.map((row, b) => row.map((_, at) => (mask[b]![at] === 0 ? -100 : label(b, at - from(b)))))
      for (const [attentionMask, given] of [
        [mask, labels],
        [computed(mask), flat(labels)],
        [mask, computed(labels)],
      ] as const) {
        const output = model.forward(ids, { attentionMask, labels: given })
        t.deepEqual(output.logits.shape, [3, 8, 3])
        await close(t, output.loss!, [loss], exact)
        for (const [b, row] of want.entries())
          await close(t, output.logits.narrow(0, b, 1).narrow(1, from(b), row.length), row.flat(), exact)
      }
    }
    await model.forward(ROWS.slice(0, 1), { labels: [[0, 1, 2, 0, 1, 2, 0, -100]] }).loss!.backward()
    t.not(model.classifier.parameters()[0]!.grad, null)
  })

  test(`${name}: a label on padding counts as it does where padding is not known, or is an error`, async (t) => {
    const model = make(config)
    const { ids, mask } = padded(ROWS, 'right', paddingOf(config))
    const labels = ids.map((row) => row.map((_, at) => at % 3))
    if (name.startsWith('deberta')) {
      const message = /-100 where attentionMask is 0/
      t.throws(() => model.forward(ids, { attentionMask: mask, labels }), { instanceOf: lora.OptionError, message })
      return
    }
    const all = model.forward(ids, { attentionMask: computed(mask), labels }).loss!
    await close(t, model.forward(ids, { attentionMask: mask, labels }).loss!, await numbers(all), 'f64')
    await close(
      t,
      model.forward(ids, { attentionMask: mask, labels: computed(labels) }).loss!,
      await numbers(all),
      'f64',
    )
  })
}

test('token classification: comes back from a file; a bare encoder gets a fresh head; labels that do not fit are errors', async (t) => {
  for (const type of ['bert', 'roberta', 'deberta v3', 'modernbert']) {
    const model = make(ENCODERS[type]!)
    const [dir, bare] = [await folderWith(t), await folderWith(t)]
    await model.savePretrained(dir)
    const read = await models.AutoModelForTokenClassification.fromPretrained(dir)
    await same(t, read.forward(ROWS.slice(0, 1)).logits, model.eval().forward(ROWS.slice(0, 1)).logits)
    await model.baseModel.savePretrained(bare)
    const headed = await models.AutoModelForTokenClassification.fromPretrained(bare, { config: { num_labels: 5 } })
    t.deepEqual(headed.forward(ROWS.slice(0, 1)).logits.shape, [1, 8, 5])
    await same(
      t,
      (headed as lora.models.TokenClassifier).baseModel.forward(ROWS.slice(0, 1)).lastHiddenState,
      model.baseModel.forward(ROWS.slice(0, 1)).lastHiddenState,
    )
  }
  const model = make(ENCODERS['bert']!)
  t.throws(() => model.forward([[1, 2]], { labels: [[3, 0]] }), { instanceOf: lora.IndexError, message: /0 to 2/ })
  t.throws(() => model.forward([[1, 2]], { labels: [[0]] }), { instanceOf: lora.OptionError, message: /1 rows of 2/ })
  t.throws(() => model.forward([[1, 2]], { labels: [[-100, -100]] }), { message: /every label is ignored/ })
  t.throws(() => model.forward([[1, 2]], { labels: computed([[0]]) }), { instanceOf: lora.OptionError })
})

for (const [name, config] of Object.entries(ENCODERS).filter(([key]) => !key.startsWith('deberta'))) {
  test(`${name}: masked tokens with a label on padding count as where padding is not known`, async (t) => {
    const model = models.AutoModelForMaskedLM.fromConfig(config, { generator: new lora.Generator(5), dtype: 'f64' })
    const { ids, mask } = padded(ROWS, 'right', paddingOf(config))
    const labels = ids.map((row) => row.map((_, at) => at))
    const all = model.forward(ids, { attentionMask: computed(mask), labels }).loss!
    await close(t, model.forward(ids, { attentionMask: mask, labels }).loss!, await numbers(all), 'f64')
  })
}
