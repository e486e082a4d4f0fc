import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { tokenizers } from 'loralib'

const { Tokenizer } = tokenizers

const SAMPLE = 'The quick brown fox jumps over the lazy dog. Über 日本語 😀 the quick fox\n\n  indented\n'.repeat(20)
const trained = await Tokenizer.train([SAMPLE], { vocabSize: 400 })
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url))

type Case = { text: string; ids: number[]; hf_ids?: number[]; decoded?: string }

test('Tokenizer.train: any text comes back, common words are one token', (t) => {
  t.is(trained.tokenToId('<|endoftext|>'), 0)
  t.deepEqual(trained.specialTokens, ['<|endoftext|>'])
  t.true(trained.vocabSize > 257 && trained.vocabSize <= 400)
  for (const text of ['', ' ', 'ünïcode \0 \u2028', '😀 日', SAMPLE]) t.is(trained.decode(trained.encode(text)), text)
  t.is(trained.encode(' quick').length, 1)
  t.is(trained.idToToken(trained.encode(' quick')[0]!), 'Ġquick')
  t.is(trained.tokenToId('no such token'), undefined)
  t.is(trained.idToToken(5000), undefined)
})

test('Tokenizer.encode: special tokens in the text are ids, or text when it comes from strangers', (t) => {
  const text = 'fox<|endoftext|>dog'
  t.true(trained.encode(text).includes(0))
  t.false(trained.encode(text, { specialAsText: true }).includes(0))
  t.is(trained.decode(trained.encode(text), { skipSpecialTokens: true }), 'foxdog')
})

test('Tokenizer.encodeWithOffsets: slices of the JavaScript string', (t) => {
  const text = 'a 😀 quick<|endoftext|>fox'
  const { ids, offsets, special } = trained.encodeWithOffsets(text)
  t.deepEqual(ids, trained.encode(text))
  const quick = ids.indexOf(trained.tokenToId('Ġquick')!)
  t.is(text.slice(...offsets[quick]!), ' quick')
  t.is(text.slice(...offsets[special.indexOf(true)]!), '<|endoftext|>')
  t.is(offsets.at(-1)![1], text.length)
})

test('Tokenizer.encodeBatch: the same ids as one by one, with the event loop free', async (t) => {
  const texts = Array.from({ length: 200 }, (_, i) => `${i} ${SAMPLE}`)
  const batch = await trained.encodeBatch(texts)
  t.deepEqual(
    batch.map((ids) => [...ids]),
    texts.map((text) => trained.encode(text)),
  )
  t.deepEqual([...(await trained.encodeAsync(SAMPLE))], trained.encode(SAMPLE))
  t.deepEqual(await trained.encodeBatch([]), [])
})

test('Tokenizer.decodeStream: never part of a character, the pieces are the text', (t) => {
  const text = 'fox ∞ 日本 😀é<|endoftext|>dog'
  const stream = trained.decodeStream()
  const pieces = trained.encode(text).map((id) => stream.push(id))
  t.false(pieces.some((piece) => piece.includes('\ufffd')))
  t.is(pieces.join('') + stream.end(), text)
  const cut = trained.decodeStream()
  t.is(cut.push(trained.encode('∞')[0]!), '')
  t.is(cut.end(), '\ufffd')
})

test('Tokenizer.save and saveFolder: each form of the files gives the same ids', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-tokenizer-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  await trained.saveFolder(folder)
  await trained.save(join(folder, 'other.json'))
  const ids = trained.encode(SAMPLE)
  t.deepEqual(Tokenizer.fromFolder(folder).encode(SAMPLE), ids)
  t.deepEqual(Tokenizer.fromFile(join(folder, 'other.json')).encode(SAMPLE), ids)
  const parts = Tokenizer.fromVocabAndMerges(join(folder, 'vocab.json'), join(folder, 'merges.txt'))
  t.deepEqual(parts.encode(SAMPLE), ids)
})

test('Tokenizer: wrong files, options and ids are errors with a code', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-tokenizer-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const code = (name: string) => ({ code: `ERR_LORA_${name}` })
  t.throws(() => Tokenizer.fromFile(join(folder, 'none.json')), code('FILE'))
  t.throws(() => Tokenizer.fromFolder(folder), code('FILE'))
  t.throws(() => Tokenizer.fromFile(fileURLToPath(new URL('../../package.json', import.meta.url))), code('FORMAT'))
  await t.throwsAsync(Tokenizer.fromFileAsync(join(folder, 'none.json')), code('FILE'))
  await t.throwsAsync(Tokenizer.fromFolderAsync(folder), code('FILE'))
  await t.throwsAsync(Tokenizer.fromVocabAndMergesAsync('a', ''), code('OPTION'))
  t.throws(() => trained.decode([1, 5000]), code('INDEX'))
  t.throws(() => trained.decodeStream().push(5000), code('INDEX'))
  t.throws(() => trained.decode([1.5]), code('OPTION'))
  t.throws(() => trained.decode([-1]), code('OPTION'))
  t.throws(() => trained.encode(3 as unknown as string), code('OPTION'))
  t.throws(() => trained.encode('a', { addSpecialToken: true } as object), code('OPTION'))
  t.throws(() => Tokenizer.fromFile(''), code('OPTION'))
  await t.throwsAsync(() => Tokenizer.train('one text', { vocabSize: 300 }), code('OPTION'))
  await t.throwsAsync(() => Tokenizer.train(['text'], { vocabSize: 200 }), code('OPTION'))
  await t.throwsAsync(() => Tokenizer.train(['text'], { vocabSize: 300, specialTokens: ['a', 'a'] }), code('OPTION'))
  await t.throwsAsync(() => trained.save(join(folder, 'no such folder', 'x.json')), code('FILE'))
})

test('Tokenizer: read off the main thread it is the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  await trained.saveFolder(folder)
  const [vocab, merges] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  const all = await Promise.all([
    Tokenizer.fromFolderAsync(folder),
    Tokenizer.fromFileAsync(join(folder, 'tokenizer.json')),
    Tokenizer.fromVocabAndMergesAsync(vocab, merges),
  ])
  const wanted = trained.encode(SAMPLE)
  for (const tokenizer of all) t.deepEqual(tokenizer.encode(SAMPLE), wanted)
})

const withShared = existsSync(join(shared, 'data/gpt2-vocab')) ? test : test.skip
withShared('Tokenizer: GPT-2 vocabulary of ../shared (skipped without it): ids and texts of the fixtures', (t) => {
  const tokenizer = Tokenizer.fromFolder(join(shared, 'data/gpt2-vocab'))
  const read = (name: string) => JSON.parse(readFileSync(join(shared, 'fixtures/data', name), 'utf8'))
  const { encode, decode } = read('gpt2_bpe.json') as { encode: Case[]; decode: Case[] }
  for (const { text, ids, hf_ids, decoded } of [...encode, ...(read('gpt2_bpe_corpus.json') as Case[])]) {
    t.deepEqual(tokenizer.encode(text, { specialAsText: true }), ids)
    t.deepEqual(tokenizer.encode(text), hf_ids ?? ids)
    if (decoded !== undefined) t.is(tokenizer.decode(ids), decoded)
  }
  for (const { text, ids } of decode) t.is(tokenizer.decode(ids), text)
})
