// Errors in the words of users: a code for each, no name that only the engine knows, and a fix that can be done.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { TINY, tinyEncoder, tinyRows } from '../support/tiny-encoder.js'
import { removeFolder } from '../support/files.js'

const { data, models, train } = lora
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SHAPE = { vocab_size: 40, n_positions: 16, n_embd: 8, n_layer: 1, n_head: 2, eos_token_id: null }

const weak = (value: unknown) => value as never
const gpt2 = () => models.GPT2LMHeadModel.fromConfig(SHAPE).eval()
const llama = () =>
  models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 40, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 },
    max_position_embeddings: 16,
  }).eval()

const folder = mkdtempSync(join(tmpdir(), 'loralib-words-'))
test.after.always(() => removeFolder(folder))

test('zeros, ones, full, rand, randn: sizes one by one are refused, and the error speaks of a list', (t) => {
  const made: Record<string, (...sizes: never[]) => unknown> = lora as never
  for (const name of ['zeros', 'ones', 'rand', 'randn', 'full']) {
    for (const sizes of [[2, 3], [2], [], ['2'], [null], [{ dtype: 'f64' }]]) {
      const error = t.throws(() => made[name]!(...(sizes as never[])), { instanceOf: lora.OptionError }, `${name}(${sizes.join()})`) // prettier-ignore
      t.regex(error!.message, /shape|list/)
    }
  }
})

/** What people pass in place of ids, and what the fix must speak of. */
const NO_IDS: readonly (readonly [ids: unknown, hint: RegExp])[] = [
  ['abc', /encode|tensor/i],
  [[1, 2, 3], /one row/],
  [['abc'], /encode the texts/],
  [{ inputIds: [[1]] }, /inputIds/],
  [null, /./],
  [undefined, /./],
  [7, /./],
  [[[1], 2], /./],
]

const FORWARDS: Record<string, () => lora.nn.Module> = {
  GPT2LMHeadModel: gpt2,
  GPT2Model: () => new models.GPT2Model(SHAPE),
  LlamaForCausalLM: llama,
  RobertaForSequenceClassification: () => tinyEncoder(),
  RobertaModel: () => new models.RobertaModel(TINY),
  BertForMaskedLM: () => models.BertForMaskedLM.fromConfig(TINY),
}

for (const [name, make] of Object.entries(FORWARDS)) {
  test(`${name}.forward: what is no ids is refused, alone and with a mask`, (t) => {
    const model = make()
    for (const [ids, hint] of NO_IDS) {
      for (const options of [{}, { attentionMask: [[1, 1, 0]] }]) {
        const error = t.throws(() => model.forward(ids, options), { instanceOf: lora.OptionError }, String(ids))
        if (!('attentionMask' in options)) t.regex(error!.hint, hint)
      }
    }
  })
}

test('forward with labels: ids and labels that are none are refused', (t) => {
  const model = gpt2()
  for (const [ids] of NO_IDS) {
    t.throws(() => model.forward(weak(ids), { labels: [[1, 2]] }), { instanceOf: lora.OptionError }, String(ids))
    if (ids === null || ids === undefined) continue
    t.throws(() => model.forward([[1, 2]], { labels: weak(ids) }), { instanceOf: lora.OptionError }, String(ids))
  }
})

test('generate and stream: a text in place of ids says how to encode it', async (t) => {
  const model = gpt2()
  for (const [prompt, hint] of [
    ['hello', /encode|tensor/i],
    [['hello'], /./],
    [{ inputIds: [[1]] }, /inputIds/],
    [null, /./],
    [undefined, /./],
    [7, /./],
    [[[1], 2], /./],
    [[1, null], /./],
  ] as const) {
    const where = { instanceOf: lora.OptionError }
    const generated = await t.throwsAsync(() => model.generate(weak(prompt)), where, String(prompt))
    const streamed = await t.throwsAsync(async () => model.stream(weak(prompt)).next(), where, String(prompt))
    t.regex(generated!.hint, hint)
    t.regex(streamed!.hint, hint)
  }
})

test('generate: a prompt as long as the model can be, and longer, gets a fix that helps', async (t) => {
  const model = gpt2()
  for (const length of [16, 19]) {
    const prompt = Array.from({ length }, () => 1)
    const error = await t.throwsAsync(model.generate(prompt, { maxNewTokens: 4 }), { instanceOf: lora.OptionError })
    t.regex(error!.hint, /at most 15 tokens/)
    t.notRegex(error!.hint, /maxNewTokens/)
  }
  const error = await t.throwsAsync(model.generate([1, 2, 3], { maxNewTokens: 20 }), { instanceOf: lora.OptionError })
  t.regex(error!.hint, /maxNewTokens to 13 or less/)
})

test('a folder of another architecture is named, with the classes that read it', async (t) => {
  const base = join(ROOT, 'models/base')
  for (const read of [
    () => models.LlamaForCausalLM.fromPretrained(base),
    () => models.BertModel.fromPretrained(base),
    () => models.AutoModelForMaskedLM.fromPretrained(base),
  ]) {
    const error = await t.throwsAsync(read, { instanceOf: lora.UnsupportedError })
    t.regex(error!.received, /gpt2/)
    t.regex(error!.hint, /models\.GPT2LMHeadModel/)
    t.notRegex(error!.message, /not supported/)
  }
  writeFileSync(join(folder, 'config.json'), '{"model_type": "bert"}')
  const error = await t.throwsAsync(() => models.AutoModelForCausalLM.fromPretrained(folder))
  t.regex((error as lora.LoraError).hint, /models\.BertForSequenceClassification or models\.BertForMaskedLM/)
  writeFileSync(join(folder, 'config.json'), '{"model_type": "mamba"}')
  await t.throwsAsync(() => models.AutoModelForCausalLM.fromPretrained(folder), { message: /not supported/ })
})

/** Everything that takes a signal rejects alike. */
const ABORTED: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
  generate: (signal) => gpt2().generate([1], { maxNewTokens: 3, signal }),
  'generate with beams': (signal) => gpt2().generate([1], { maxNewTokens: 3, numBeams: 2, signal }),
  stream: (signal) => gpt2().stream([1], { maxNewTokens: 3, signal }).next(),
  'work in a stream': async (signal) => lora.stream({ signal }).run(() => lora.ones([1])),
  evaluateNlg: (signal) => train.evaluateNlg(gpt2(), nlgRows(), { signal }),
  evaluateClassifier: (signal) => train.evaluateClassifier(tinyEncoder(), tinyRows(4), () => ({}), { signal }),
  readTable: (signal) => data.readTable(table('csv', 'a,b\n1,2\n'), { signal }),
  'readTable of lines': (signal) => data.readTable(table('jsonl', '{"a": 1}\n'), { signal }),
  bleu: (signal) => lora.metrics.bleu(['a b'], [['a b']], { signal }),
}

const nlgRows = () => new data.NlgDataset([{ context: [1, 2], completion: [3, 4] }], { seqLen: 8 })
function table(ending: string, text: string): string {
  const path = join(folder, `table.${ending}`)
  writeFileSync(path, text)
  return path
}

for (const [name, run] of Object.entries(ABORTED)) {
  test(`${name}: an aborted signal rejects with ERR_LORA_ABORTED, whose cause is the reason`, async (t) => {
    const reason = new Error('the client left')
    const error = await t.throwsAsync(async () => run(AbortSignal.abort(reason)), { instanceOf: lora.AbortedError })
    t.is((error as lora.LoraError).code, 'ERR_LORA_ABORTED')
    t.is(error!.cause, reason)
    t.regex(error!.message, /the client left/)
  })
}

test('an aborted stream: the error says so, and not which operation was next', async (t) => {
  const model = new lora.nn.Linear(2, 2)
  const stream = lora.stream()
  const big = lora.randn([500, 500])
  const error = await t.throwsAsync(
    stream.run(async () => {
      let x = big
      for (let i = 0; i < 30; i++) x = x.matmul(big)
      const weight = x.narrow(0, 0, 2).narrow(1, 0, 2)
      model.loadStateDict({ weight, bias: weight.sum(1) })
      stream.abort('the client left')
      await weight.data()
      await stream.synchronize()
    }),
    { instanceOf: lora.AbortedError },
  )
  t.regex(error!.message.split('\n')[0]!, /^the work of this stream was aborted/)
  stream.close()
})

function operations(t: ExecutionContext): string[] {
  const page = readFileSync(join(ROOT, 'docs/ops.md'), 'utf8')
  const names = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!)
  t.true(names.length > 100, String(names.length))
  return names
}

test('messages name no operation by a word that only the engine knows', (t) => {
  const parts = { what: 'it failed', expected: '', received: '', fix: '' }
  for (const op of operations(t)) {
    const error = new lora.ShapeError({ ...parts, op })
    t.is(error.op, op)
    t.notRegex(error.message, /Inplace|Step\b|allSound|Backward|(Dx|Dw)\b|sdpa|clipScale|globalNorm|zeroGrads/, op)
  }
  t.is(new lora.ShapeError({ ...parts, op: 'linearDw' }).message, 'backward of linear: it failed')
  const add = t.throws(() => lora.zeros([3]).add_(lora.zeros([2, 3])), { instanceOf: lora.ShapeError })
  t.regex(add!.message, /^add_: /)
})
