// Kinds `nlg_pipeline` and `nlg_batch`: the data of the NLG example, from its files to rows, ids and batches.
import { join } from 'node:path'
import * as lora from 'loralib'

const { data, tokenizers } = lora

export const nlgDataKinds = {
  nlg_pipeline: {
    run: runPipeline,
    settings: ['source', 'raw', 'formatted', 'encoded'],
    words: { converter_says: "what the example's converter prints about its input" },
  },
  nlg_batch: {
    run: runBatch,
    settings: ['encoded', 'batch_size', 'seq_len', 'eval_len', 'objective'],
    words: {},
  },
}

/** GPT-2's vocabulary, beside the fixtures. */
const VOCABULARY = ['..', 'data', 'gpt2-vocab']

const STEPS = [
  /^raw -> formatted: one JSON object a line$/,
  /^formatted -> encoded: context ids \+ \[50256\], ids of ' ' \+ completion \+ \[50256\]$/,
  /^WebNLG: modifiedtripleset; texts with comment good; cate is true for ([A-Za-z, ]+)$/,
]

async function runPipeline(fixture, check) {
  const { entry } = fixture
  const matches = entry.steps.map((_, i) => check.rule(['steps', i], STEPS[i] ?? /^\b$/))
  check.rule(['compare'], /^formatted: the parsed JSON of each line and the key order; encoded: ids exactly$/)
  if (check.failures.length > 0) return
  const seen = matches[2]?.[1].split(', ')
  if (seen) check.that('steps', String(seen) === String(data.WEBNLG_SEEN), `seen are ${data.WEBNLG_SEEN}`)
  const rows = await data.readNlgRows(fixture.path(entry.raw.path), entry.source)
  check.fact(['rows'], rows.length)
  const want = await linesOf(fixture.path(entry.formatted.path))
  sameLines(check, 'formatted', rows, want)
  // From the case's own rows, so that each step is checked separately.
  const tokenizer = tokenizers.Tokenizer.fromFolder(join(fixture.dir, ...VOCABULARY))
  const formatted = await data.readFormatted(fixture.path(entry.formatted.path))
  sameLines(check, 'formatted', formatted, want)
  const encoded = await data.encodeNlg(formatted, tokenizer, { addBos: true, addEos: true })
  sameLines(check, 'encoded', encoded, await linesOf(fixture.path(entry.encoded.path)))
  sameLines(check, 'encoded', await data.readEncoded(fixture.path(entry.encoded.path), 50257), encoded)
}

/** The values of a `.jsonl` file, read without the package. */
async function linesOf(path) {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(path, 'utf8')
  return text.trimEnd().split('\n').map(JSON.parse)
}

/** Values and order of keys. */
function sameLines(check, about, got, want) {
  check.that(about, got.length === want.length, `got ${got.length} rows, want ${want.length}`)
  const differs = want.findIndex((value, i) => JSON.stringify(got[i]) !== JSON.stringify(value))
  check.that(
    about,
    differs < 0,
    `row ${differs}: got ${JSON.stringify(got[differs])}, want ${JSON.stringify(want[differs])}`,
  )
}

const RULES = [
  /^input = context \+ completion, padded with 0, cut on the right at seq_len$/,
  /^target = the UNCUT context \+ completion shifted left by one, then cut and padded in the same way$/,
  /^clm mask: 0 for the first \|context\|-1 places, then 1 up to the last token but one, by the length AFTER cutting .*; jlm mask: 1 for length-1 places$/,
  /^query = context cut on the LEFT to seq_len - eval_len, padded with 0; query_len is its length after that cut$/,
]

async function runBatch(fixture, check) {
  const { entry } = fixture
  entry.rule.forEach((_, i) => check.rule(['rule', i], RULES[i] ?? /^\b$/))
  check.rule(['compare'], /^exactly$/)
  if (check.failures.length > 0) return
  const { encoded, batch_size: batchSize, seq_len: seqLen, eval_len: evalLen, objective } = entry
  const examples = await data.readEncoded(fixture.path(encoded.path))
  const dataset = new data.NlgDataset(examples, { seqLen, evalLen, objective })
  check.fact(['examples'], dataset.length)
  check.fact(['len'], new lora.DataLoader(dataset, { batchSize }).length * batchSize)
  const drawn = Array.from(fixture.input('id').data, Number)
  check.fact(['rows'], drawn.length)
  // Upstream draws the rows after the last one at random; which ones is known only from the case.
  const samples = drawn.map((id, row) => dataset.get(row < dataset.length ? row : id))
  const batch = data.padNlg(samples, seqLen)
  await check.exact('id', batch.id)
  await check.exact('input', batch.input)
  await check.exact('target', batch.target)
  await check.exact('mask', batch.mask)
  await check.exact('query', batch.query)
  await check.exact('query_len', batch.queryLen)
  checkLabels(check, samples)
}

/** The inputs of the package's models must be equivalent to input, target and mask. */
function checkLabels(check, samples) {
  const { inputIds, labels, attentionMask, counted } = data.collateNlg(samples)
  let learnt = 0
  for (const [b, { input, target, mask }] of samples.entries()) {
    for (const t of inputIds[b].keys()) {
      const wanted = t > 0 && mask[t - 1] === 1 ? target[t - 1] : -100
      const isToken = t < input.length
      check.that('mask', labels[b][t] === wanted, `label ${t} of row ${b} is ${labels[b][t]}, not ${wanted}`)
      check.that('input', inputIds[b][t] === (isToken ? input[t] : 0), `token ${t} of row ${b} differs`)
      check.that('input', (attentionMask?.[b][t] ?? 1) === Number(isToken), `the mask at ${t} of row ${b} is wrong`)
      if (labels[b][t] !== -100) learnt += 1
    }
  }
  check.that('mask', learnt === counted, `${counted} targets are counted, and ${learnt} labels are given`)
}
