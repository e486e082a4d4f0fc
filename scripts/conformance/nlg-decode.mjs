// Kind `nlg_decode`: the ids of beam search, as the text files that evaluation reads.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as lora from 'loralib'
import { FixtureError } from './manifest.mjs'

const SETTINGS = ['formatted', 'predictions', 'ref_type', 'tokenize', 'lower', 'filter', 'ref_num']

/** GPT-2's vocabulary is beside the fixtures; the cases do not name it. */
const VOCABULARY = '../data/gpt2-vocab'

export const nlgDecodeKinds = {
  nlg_decode: { run: runDecode, settings: [...SETTINGS, 'output_references', 'output_predictions'], words: {} },
}

const RULES = [
  /^predictions are cut at <\|endoftext\|> and at a blank line, then stripped$/,
  /^rows with the same context are one entry: all their references, and the prediction of the last of them$/,
  /^--tokenize: re\.split on \(\\W\) with a group, so the separators stay as tokens; single spaces$/,
  /^e2e: references one a line, a blank line after each entry; webnlg, dart: files reference0\.\.n-1, missing references are filled with the first$/,
  /^the id of a prediction is the row index in formatted; filter 'seen' keeps rows with cate true, 'unseen' those with cate false$/,
  /^entries come in the order of their first appearance$/,
]
const ANY_RULE = new RegExp(RULES.map(({ source }) => `(?:${source})`).join('|'))

const tokenizers = new Map()

async function runDecode(fixture, check) {
  const { entry } = fixture
  for (const i of entry.rule.keys()) check.rule(['rule', i], ANY_RULE)
  check.rule(['compare'], /^byte for byte$/)
  const got = await fixture.shared(SETTINGS, decode)
  const want = [...entry.output_references, entry.output_predictions].map(({ path }) =>
    readFileSync(fixture.path(path)),
  )
  const names = entry.output_references.map(({ path }) => basename(path))
  if (entry.ref_type !== 'e2e') {
    check.that('output_references', String(got.names) === String(names), `got the files ${got.names}, want ${names}`)
  }
  check.that('output_references', got.files.length === want.length, `got ${got.files.length - 1} reference files`)
  for (const [i, file] of got.files.entries()) {
    const about = i === got.files.length - 1 ? 'output_predictions' : 'output_references'
    check.that(about, want[i]?.equals(file), `file ${i} has other bytes, first at ${firstDifference(file, want[i])}`)
  }
}

async function decode(inputs) {
  const { entry } = inputs
  const folder = mkdtempSync(join(tmpdir(), 'loralib-decode-'))
  try {
    const references = join(folder, 'references')
    const predictions = join(folder, 'predictions.txt')
    await lora.data.decodeNlg({
      predictions: inputs.path(entry.predictions.path),
      formatted: inputs.path(entry.formatted.path),
      tokenizer: await tokenizerBeside(inputs.dir),
      outputReferences: references,
      outputPredictions: predictions,
      refType: entry.ref_type,
      refNum: entry.ref_num,
      tokenize: entry.tokenize,
      lower: entry.lower,
      filter: entry.filter,
    })
    const names = statSync(references).isDirectory() ? readdirSync(references).sort() : []
    const paths = names.length === 0 ? [references] : names.map((name) => join(references, name))
    return { names, files: [...paths, predictions].map((path) => readFileSync(path)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function tokenizerBeside(dir) {
  const folder = join(dir, VOCABULARY)
  if (!existsSync(folder))
    throw new FixtureError(`missing folder ${folder}: GPT-2's vocabulary lies beside the fixtures`)
  if (!tokenizers.has(folder)) {
    const files = [join(folder, 'encoder.json'), join(folder, 'vocab.bpe')]
    tokenizers.set(folder, lora.tokenizers.Tokenizer.fromVocabAndMergesAsync(...files))
  }
  return tokenizers.get(folder)
}

function firstDifference(got, want) {
  if (want === undefined) return 'no such file'
  const at = got.findIndex((byte, i) => byte !== want[i])
  return at < 0 ? `byte ${got.length}` : `byte ${at}: ${JSON.stringify(got.subarray(at, at + 40).toString())}`
}
