// Kinds `tokenizer`, `tokenizer_corpus` and `chat_template`: ids and texts of GPT-2's vocabulary, and conversations as transformers renders them.
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { FixtureError } from './manifest.mjs'

const { Tokenizer } = lora.tokenizers

/** The path of the vocabulary of all these cases, relative to the fixtures; a case may state it. */
const VOCABULARY = '../data/gpt2-vocab'

export const tokenizerKinds = {
  tokenizer: { run: runTokenizer, settings: ['cases_file', 'vocabulary'], words: {} },
  tokenizer_corpus: { run: runCorpus, settings: ['cases_file'], words: {} },
  chat_template: { run: runChat, settings: ['tokenizer_config', 'renderings'], words: {} },
}

async function runTokenizer(fixture, check) {
  check.rule(['compare'], /^exactly$/)
  const { encode, decode } = fixture.json(fixture.entry.cases_file.path)
  check.fact(['encode_cases'], encode.length)
  check.fact(['decode_cases'], decode.length)
  for (const [form, tokenizer] of forms(fixture)) {
    for (const { text, codepoints, ids, hf_ids: special, decoded } of encode) {
      if (codepoints !== undefined) check.that('codepoints', same(codePoints(text), codepoints), show(text))
      check.that('ids', same(tokenizer.encode(text, { specialAsText: true }), ids), `${form}: ${show(text)}`)
      check.that('hf_ids', same(tokenizer.encode(text), special ?? ids), `${form}: ${show(text)}`)
      const offsets = tokenizer.encodeWithOffsets(text)
      check.that('hf_ids', same(offsets.ids, special ?? ids), `${form} with offsets: ${show(text)}`)
      checkDecoded(check, tokenizer, ids, decoded, form)
    }
    for (const { ids, text } of decode) checkDecoded(check, tokenizer, ids, text, form)
    await checkBatches(check, tokenizer, encode, form)
  }
}

async function runCorpus(fixture, check) {
  check.rule(['compare'], /^exactly$/)
  const cases = fixture.json(fixture.entry.cases_file.path)
  check.fact(['cases'], cases.length)
  for (const [form, tokenizer] of forms(fixture)) await checkBatches(check, tokenizer, cases, form)
}

/** GPT-2's tokenizer from each format of its files. */
function forms(fixture) {
  const folder = vocabularyOf(fixture)
  const parts = Tokenizer.fromVocabAndMerges(join(folder, 'encoder.json'), join(folder, 'vocab.bpe'))
  return Object.entries({ 'tokenizer.json': Tokenizer.fromFolder(folder), 'encoder.json': parts })
}

function vocabularyOf({ dir, entry }) {
  const folder = join(dir, entry.vocabulary ?? VOCABULARY)
  if (existsSync(folder)) return folder
  throw new FixtureError(`there is no vocabulary ${folder}`)
}

function checkDecoded(check, tokenizer, ids, want, form) {
  const got = tokenizer.decode(ids)
  check.that('decoded', got === want, `${form}: got ${show(got)}, want ${show(want)}`)
  const stream = tokenizer.decodeStream()
  const pieces = ids.map((id) => stream.push(id)).join('') + stream.end()
  check.that('decoded', pieces === want, `${form}, as a stream: got ${show(pieces)}, want ${show(want)}`)
}

/** All texts at once, as lists and as rows. */
async function checkBatches(check, tokenizer, cases, form) {
  const texts = cases.map(({ text }) => text)
  const lists = await tokenizer.encodeBatch(texts, { specialAsText: true })
  const rows = await tokenizer.batchEncodePlus(texts, { specialAsText: true, padding: true, padToken: '<|endoftext|>' })
  for (const [i, { text, ids }] of cases.entries()) {
    check.that('ids', same([...lists[i]], ids), `${form}, in a batch: ${show(text)}`)
    const row = rows.inputIds[i].filter((_, t) => rows.attentionMask[i][t] === 1)
    check.that('ids', same(row, ids), `${form}, in rows: ${show(text)}`)
  }
}

async function runChat(fixture, check) {
  check.rule(['compare'], /^text exactly$/)
  const { entry } = fixture
  const config = fixture.json(entry.tokenizer_config.path)
  const { conversations, tools, renderings, assistant_masks: masks = [] } = fixture.json(entry.renderings.path)
  check.fact(['count'], renderings.length)
  const tokenizer = chatTokenizer(fixture, config)
  for (const rendering of renderings) checkRendering(check, tokenizer, conversations, tools, rendering)
  for (const { conversation, text, assistant_mask: mask, input_ids: ids, special_tokens_added: added } of masks) {
    const got = tokenizer.applyChatTemplate(conversations[conversation], { returnAssistantTokensMask: true })
    check.that('input_ids', same(got.inputIds, ids), `${conversation}: got ${got.inputIds}`)
    check.that('assistant_mask', same(got.assistantMasks, mask), `${conversation}: got ${got.assistantMasks}`)
    check.that('text', tokenizer.decode(got.inputIds) === text, conversation)
    for (const [token, id] of Object.entries(added))
      check.that('special_tokens', tokenizer.tokenToId(token) === id, token)
  }
}

/** GPT-2's tokenizer with the configuration of the case, as `from_pretrained` reads such a folder. */
function chatTokenizer(fixture, config) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-chat-'))
  try {
    cpSync(join(vocabularyOf(fixture), 'tokenizer.json'), join(folder, 'tokenizer.json'))
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config))
    return Tokenizer.fromFolder(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function checkRendering(check, tokenizer, conversations, tools, rendering) {
  const { conversation, add_generation_prompt: addGenerationPrompt, tools: withTools, text, error } = rendering
  const options = { addGenerationPrompt, tools: withTools ? tools : null }
  const label = `${conversation}, prompt ${addGenerationPrompt}, tools ${withTools}`
  const got = rendered(() => tokenizer.applyChatTemplate(conversations[conversation], { ...options, tokenize: false }))
  if (error === undefined) {
    check.that('text', got.text === text, `${label}: got ${show(got.text ?? got.error)}, want ${show(text)}`)
    const ids = rendered(() => tokenizer.applyChatTemplate(conversations[conversation], options)).text
    check.that('ids', ids !== undefined && same(ids, tokenizer.encode(text, { addSpecialTokens: false })), label)
  } else {
    const isRefused = got.error instanceof lora.OptionError && got.error.received === error
    check.that('error', isRefused, `${label}: got ${show(got.text ?? got.error)}, want the error ${show(error)}`)
  }
}

function rendered(run) {
  try {
    return { text: run() }
  } catch (error) {
    return { error }
  }
}

const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i])
const codePoints = (text) => Array.from(text, (character) => character.codePointAt(0))
const show = (value) => (value instanceof Error ? value.message : JSON.stringify(value))
