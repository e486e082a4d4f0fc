import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { folderWith, wordTokenizer } from '../support/files.js'
import { tinyEncoder as encoder } from '../support/tiny-encoder.js'

const { train, data } = lora
const tinyEncoder = (extra: object = {}) => encoder({ pad_token_id: 0, ...extra })

const WORDS = ['good', 'bad', 'film', 'a', 'the', 'was', 'it', 'very', 'not', 'play']
async function tokenizer(t: Parameters<typeof folderWith>[0]) {
  const dir = await folderWith(t, { 'tokenizer.json': wordTokenizer(WORDS, ['<pad>', '<s>', '</s>', '<unk>']) })
  return lora.tokenizers.Tokenizer.fromFile(join(dir, 'tokenizer.json'))
}
const ROWS = Array.from({ length: 20 }, (_, i) => {
  const label = i % 2 === 0 ? 'ham' : 'spam'
  return { text: [...WORDS.slice(2, 3 + (i % 4)), i % 2 === 0 ? 'good' : 'bad'].join(' '), label }
})
const SETTINGS = { lr: 2e-2, epochs: 4, batchSize: 6, seed: 5, warmupRatio: 0 }

test('one label: the losses are those of trainClassifier, and the model learns the names', async (t) => {
  const tok = await tokenizer(t)
  const model = tinyEncoder()
  const trainer = new train.Trainer({ model, tokenizer: tok, data: { train: ROWS, validation: ROWS }, config: { ...SETTINGS, method: 'marked' } }) // prettier-ignore
  const report = await trainer.prepare()
  t.deepEqual([report.task, report.form], ['sequence-classification', 'text, label (one label)'])
  t.deepEqual(report.labels, { ham: 10, spam: 10 })
  t.is(report.examples[1]!.text, '<s> film a bad </s> ⟦spam⟧')
  const losses: number[] = []
  let last!: lora.train.TrainerEvaluation
  for await (const event of trainer.events()) {
    if (event.type === 'step') losses.push(event.loss)
    if (event.type === 'evaluation') last = event
  }
  t.deepEqual(Object.keys(last.scores), ['accuracy', 'macroF1', 'f1', 'matthewsCorrelation'])
  t.is(last.scores['accuracy'], 1)
  t.deepEqual(model.config.id2label, { 0: 'ham', 1: 'spam' })

  const examples = ROWS.map(({ text, label }) => ({ text, pair: null, label: label === 'ham' ? 0 : 1 }))
  const rows = await data.encodeTexts(tok, examples, { maxLength: 10 })
  const other: number[] = []
  await train.trainClassifier(tinyEncoder(), rows, { ...SETTINGS, onStep: ({ loss }) => void other.push(loss) })
  t.deepEqual(losses, other)
})

test('several labels, numbers, pairs, a fresh adapter with its head', async (t) => {
  const tok = await tokenizer(t)
  const run = async (rows: object[], model: lora.nn.Module, config: lora.train.TrainerConfig = {}) => {
    const trainer = new train.Trainer({
      model,
      tokenizer: tok,
      data: { train: rows as lora.data.Row[], validation: rows as lora.data.Row[] },
      config: { ...SETTINGS, epochs: 12, method: 'marked', ...config },
    })
    const { evaluations } = await trainer.train()
    return { trainer, first: evaluations[0]!, last: evaluations.at(-1)!, form: (await trainer.prepare()).form }
  }
  const several = ROWS.map(({ text, label }, i) => ({ text, labels: [label, ...(i % 4 < 2 ? ['odd'] : [])] }))
  const multi = await run(several, tinyEncoder({ num_labels: 3 }))
  t.is(multi.form, 'text, labels (several labels)')
  t.deepEqual(Object.keys(multi.last.scores), ['accuracy', 'f1', 'macroF1'])
  t.true(multi.last.loss < multi.first.loss)

  const numbers = ROWS.map(({ text, label }, i) => ({ sentence1: text, sentence2: 'it was', label: label === 'ham' ? 0.5 : 2 + i / 40 })) // prettier-ignore
  const regression = await run(numbers, tinyEncoder({ num_labels: 1 }))
  t.is(regression.form, 'sentence1 + sentence2, label (number)')
  t.true(regression.last.scores['pearson']! > 0.8, JSON.stringify(regression.last))
  t.regex((await regression.trainer.prepare()).examples[0]!.text, /good <\/s> <\/s> it was <\/s> ⟦0\.5⟧$/)

  const adapted = await run(ROWS, tinyEncoder(), { method: 'lora', lora: { r: 2 } })
  t.true(Object.keys(train.trainedParameters(adapted.trainer.model)).some((name) => name.includes('classifier')))
  t.true(adapted.last.loss < adapted.first.loss)
})

test('labels: numbers are classes, names of the model count, others are errors', async (t) => {
  const tok = await tokenizer(t)
  const report = (rows: object[], extra: object = {}) =>
    new train.Trainer({ model: tinyEncoder(extra), tokenizer: tok, data: rows as lora.data.Row[] }).prepare()
  t.deepEqual((await report([{ text: 'a', label: '1' }, { text: 'a', label: 0 }])).labels, { 0: 1, 1: 1 }) // prettier-ignore
  const names = { id2label: { 0: 'spam', 1: 'ham' } }
  t.deepEqual((await report([{ text: 'a', label: 'ham' }], names)).labels, { ham: 1 })
  const fails = async (rows: object[], message: RegExp, extra: object = {}) =>
    void (await t.throwsAsync(report(rows, extra), { message }))
  await fails([{ text: 'a', label: 'hams' }], /no output for.*write 'ham'/s, names)
  await fails([{ text: 'a', label: 2 }], /no output for/)
  await fails(['a', 'b', 'c'].map((label) => ({ text: 'a', label })), /num_labels: 3/) // prettier-ignore
  await fails([{ text: 'a', label: 0.5 }], /row 1: column 'label'/)
  await fails([{ text: 'a', label: 'x' }], /a number: the model has one output/, { num_labels: 1 })
  await fails([{ text: 'a' }], /none that a classifier is trained on/)
  await fails([{ text: ['a'], label: 1 }], /column 'text'/)
  const cut = await report([{ text: 'a '.repeat(20), label: 0 }])
  t.deepEqual([cut.maxLength, cut.truncated], [11, { rows: 1, tokens: 11 }])
})

test('macroF1 is the mean over the classes that occur', (t) => {
  // scikit-learn: f1_score([0, 0, 1, 2], [0, 1, 1, 3], average='macro') is 1 / 3.
  t.true(Math.abs(lora.metrics.macroF1([0, 1, 1, 3], [0, 0, 1, 2]) - 1 / 3) < 1e-12)
})
