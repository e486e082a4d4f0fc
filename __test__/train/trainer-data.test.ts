import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { folderWith } from '../support/files.js'
import { CHATML, tinyLM, tinyTokenizer } from '../support/tiny-lm.js'

const { train } = lora

type Config = lora.train.TrainerConfig
async function reportOf(
  data: lora.data.RowSource | lora.train.TrainerData,
  config: Config = {},
  template?: string | null,
) {
  const tokenizer = await tinyTokenizer(template)
  return new train.Trainer({ model: tinyLM(), tokenizer, data, config }).prepare()
}
const textsOf = async (...args: Parameters<typeof reportOf>) =>
  (await reportOf(...args)).examples.map(({ text }) => text)

const CHAT = [
  { role: 'user', content: 'q' },
  { role: 'assistant', content: 'one' },
  { role: 'user', content: 'r' },
  { role: 'assistant', content: 'two' },
]
const asked = (text: string) => `<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`

test('messages: all turns of the assistant are trained, each to the end of its turn', async (t) => {
  const whole = `${asked('q')}⟦one<|im_end|>⟧\n${asked('r')}⟦two<|im_end|>⟧\n`
  t.deepEqual(await textsOf([{ messages: CHAT }]), [whole])
  t.deepEqual(await textsOf([{ messages: JSON.stringify(CHAT) }]), [whole], 'as in a csv file')
  const last = `${asked('q')}one<|im_end|>\n${asked('r')}⟦two<|im_end|>⟧\n`
  t.deepEqual(await textsOf([{ messages: CHAT }], { trainOn: 'completion' }), [last])
  const [all] = await textsOf([{ messages: CHAT }], { trainOn: 'all' })
  t.true(all!.startsWith('<|im_start|>⟦user\nq'), 'nothing predicts the first token')
  const report = await reportOf([{ messages: CHAT }])
  t.is(report.trained, 'one'.length + 'two'.length + 2)
})

test('messages: a template with generation blocks says itself what is trained', async (t) => {
  const marked = CHATML.replace(
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
    "{{ '<|im_start|>' + message.role + '\\n' }}{%- if message.role == 'assistant' %}{% generation %}{{ message.content }}{% endgeneration %}{%- else %}{{ message.content }}{%- endif %}{{ '<|im_end|>\\n' }}",
  )
  t.not(marked, CHATML)
  t.deepEqual(await textsOf([{ messages: CHAT }], {}, marked), [`${asked('q')}⟦one⟧<|im_end|>\n${asked('r')}⟦two⟧<|im_end|>\n`]) // prettier-ignore
})

test('messages: a template that changes earlier turns gives no mask, but an error with the place', async (t) => {
  const changing = CHATML.replace('message.content', "(message.content if loop.last else 'gone')")
  const report = reportOf([{ messages: CHAT.slice(0, 2) }, { messages: CHAT }], {}, changing)
  await t.throwsAsync(report, {
    code: 'ERR_LORA_FORMAT',
    message: /^row 1: the chat template changes what comes before/,
  })
})

test('prompt and completion: in the chat template where there is one, else as they are', async (t) => {
  const rows = [{ prompt: 'q ', completion: 'a' }]
  t.deepEqual(await textsOf(rows, {}, null), ['q ⟦a<|im_end|>⟧'])
  t.deepEqual(await textsOf(rows, { chat: false }), ['q ⟦a<|im_end|>⟧'])
  t.deepEqual(await textsOf(rows), [`${asked('q ')}⟦a<|im_end|>⟧\n`])
  t.is((await reportOf(rows)).form, 'prompt and completion, in the chat template')
  const columns = { prompt: 'question', completion: 'answer' }
  t.deepEqual(await textsOf({ train: [{ question: 'q', answer: 'a' }], columns }, {}, null), ['q⟦a<|im_end|>⟧'])
})

test('texts and token ids; what does not fit is cut and counted, what is left without a label is left out', async (t) => {
  const rows = [{ text: 'abcdefghij' }, { text: 'abc' }]
  const report = await reportOf(rows, { maxLength: 8 }, null)
  t.deepEqual(report.truncated, { rows: 1, tokens: 3 })
  t.is(report.lengths.max, 8)
  t.deepEqual([report.task, report.form, report.trainOn], ['causal-lm', 'text', 'all'])
  t.regex(String(report), /truncated +1 rows at 8 tokens, 3 tokens lost/)
  const left = await reportOf([{ prompt: 'a long prompt', completion: 'a' }, { prompt: 'a', completion: 'b' }], { maxLength: 6 }, null) // prettier-ignore
  t.deepEqual([left.rows, left.leftOut], [1, { rows: 1, first: 'row 1' }])
  const ids = await new train.Trainer({ model: tinyLM(), data: [{ input_ids: [5, 6, 7], labels: [-100, 6, -100] }] }).prepare() // prettier-ignore
  t.deepEqual(ids.examples, [{ place: 'row 1', tokens: 3, text: '5 ⟦6⟧ 7' }])
})

test('splits: a share that the seed draws, rows of their own, a folder by the names of its files', async (t) => {
  const rows = Array.from({ length: 20 }, (_, i) => ({ text: `row ${i}` }))
  const share = await reportOf({ train: rows, validation: 0.2 })
  t.deepEqual([share.rows, share.validationRows], [16, 4])
  const own = await reportOf({ train: rows, validation: [{ text: 'a' }] })
  t.deepEqual([own.rows, own.validationRows], [20, 1])
  const dir = await folderWith(t, { 'train.jsonl': '{"text":"a"}\n{"text":"b"}', 'valid.jsonl': '{"text":"c"}' })
  const folder = await reportOf(dir)
  t.deepEqual([folder.rows, folder.validationRows], [2, 1])
  t.is(folder.examples[0]!.place, `${join(dir, 'train.jsonl')}, line 1`)
  await t.throwsAsync(reportOf({ train: rows, validation: 2 }), { message: /a share between 0 and 1/ })
})

test('errors name the place and the column', async (t) => {
  const fails = async (
    data: lora.data.RowSource | lora.train.TrainerData,
    message: RegExp,
    config = {},
    model = tinyLM(),
  ) => {
    const tokenizer = await tinyTokenizer()
    await t.throwsAsync(async () => new train.Trainer({ model, tokenizer, data, config }).prepare(), { message })
  }
  await fails([{ question: 'a' }], /row 1: these columns are none.*\n.*messages.*\n +received +question/)
  await fails([{ text: 'a' }, { text: 5 }], /row 2: column 'text'/)
  await fails([{ messages: 'x' }], /row 1: column 'messages'/)
  await fails([], /nothing to train on/)
  await fails([{ text: 'a' }], /rows of text say nothing/, { trainOn: 'assistant' })
  await fails([{ input_ids: [1, 500] }], /row 1: a token that the model does not know/)
  await fails([{ input_ids: [1, 2], labels: [1, 3] }], /labels\[1\]/)
  await fails([{ text: 'a' }], /maxLength.*at most 64/s, { maxLength: 65 })
  await fails({ train: [{ text: 'a' }], colums: {} } as never, /colums/)
  const model = tinyLM()
  t.throws(() => new train.Trainer({ model, data: [], config: { learningRate: 1 } as never }), {
    message: /learningRate/,
  })
  t.throws(() => new train.Trainer({ model: new lora.nn.Linear(1, 1), data: [] }), { code: 'ERR_LORA_UNSUPPORTED' })
  const plain = new train.Trainer({ model, data: [{ text: 'a' }] })
  await t.throwsAsync(plain.prepare(), { message: /tokenizer is not usable/ })
})

test('more rows than stay in memory are read from a file', async (t) => {
  const ids = Array.from({ length: 1 << 16 }, (_, i) => i % 250)
  const rows = Array.from({ length: 280 }, (_, i) => ({ input_ids: [i % 256, ...ids] }))
  const model = tinyLM({ max_position_embeddings: 1 << 17 })
  const trainer = new train.Trainer({ model, data: rows, config: { maxLength: 1 << 17 } })
  const report = await trainer.prepare()
  t.is(report.tokens, 280 * (ids.length + 1))
  t.is(report.trained, 280 * ids.length)
})
