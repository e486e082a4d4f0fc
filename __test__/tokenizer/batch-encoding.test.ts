import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { tokenizers } from 'loralib'

const { Tokenizer } = tokenizers

/** BERT with a vocabulary of its own: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, a 4, b 5, c 6, ##d 7, é 8. */
function bert(t: ExecutionContext, config: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-bert-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\n##d\né\n')
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ strip_accents: false, ...config }))
  return Tokenizer.fromFolder(folder)
}

test('batchEncodePlus: rows, masks and types of texts and pairs', async (t) => {
  const tokenizer = bert(t)
  t.deepEqual(await tokenizer.batchEncodePlus(['a b', 'c']), {
    inputIds: [
      [2, 4, 5, 3],
      [2, 6, 3],
    ],
    attentionMask: [
      [1, 1, 1, 1],
      [1, 1, 1],
    ],
    tokenTypeIds: [
      [0, 0, 0, 0],
      [0, 0, 0],
    ],
  })
  const pairs = await tokenizer.batchEncodePlus(['a b', 'c'], { textPair: ['cd', 'x'], padding: true })
  t.deepEqual(pairs.inputIds, [
    [2, 4, 5, 3, 6, 7, 3],
    [2, 6, 3, 1, 3, 0, 0],
  ])
  t.deepEqual(pairs.tokenTypeIds, [
    [0, 0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 0, 0],
  ])
  t.deepEqual(pairs.attentionMask[1], [1, 1, 1, 1, 1, 0, 0])
  t.deepEqual(await tokenizer.batchEncodePlus([]), { inputIds: [], attentionMask: [], tokenTypeIds: [] })
  const bare = await tokenizer.batchEncodePlus(['a'], { addSpecialTokens: false })
  t.deepEqual(bare.inputIds, [[4]])
})

test('batchEncodePlus: padding on either side, to a length and to a multiple', async (t) => {
  const tokenizer = bert(t)
  const ids = async (options: object) => (await tokenizer.batchEncodePlus(['a', 'a b c'], options)).inputIds
  t.deepEqual(await ids({ padding: 'longest', paddingSide: 'left' }), [
    [0, 0, 2, 4, 3],
    [2, 4, 5, 6, 3],
  ])
  t.deepEqual(await ids({ padding: 'max_length', maxLength: 6 }), [
    [2, 4, 3, 0, 0, 0],
    [2, 4, 5, 6, 3, 0],
  ])
  t.deepEqual((await ids({ padding: true, padToMultipleOf: 4 }))[0], [2, 4, 3, 0, 0, 0, 0, 0])
  t.deepEqual((await ids({ padding: true, padToken: 'b' }))[0], [2, 4, 3, 5, 5])
  const left = bert(t, { padding_side: 'left' })
  t.deepEqual((await left.batchEncodePlus(['a', 'a b'], { padding: true })).attentionMask[0], [0, 1, 1, 1])
})

test('batchEncodePlus: truncation by each strategy and side; the template stays whole', async (t) => {
  const tokenizer = bert(t, { model_max_length: 5 })
  const ids = async (text: string, pair: string | null, options: object) => {
    const textPair = pair === null ? {} : { textPair: [pair] }
    return (await tokenizer.batchEncodePlus([text], { ...textPair, ...options })).inputIds[0]
  }
  t.deepEqual(await ids('a b c a', null, { truncation: true }), [2, 4, 5, 6, 3])
  t.deepEqual(await ids('a b c', null, { truncation: true, maxLength: 4 }), [2, 4, 5, 3])
  t.deepEqual(await ids('a b c', null, { truncation: true, maxLength: 4, truncationSide: 'left' }), [2, 5, 6, 3])
  t.deepEqual(await ids('a b c', 'a b', { truncation: true, maxLength: 7 }), [2, 4, 5, 3, 4, 5, 3])
  t.deepEqual(await ids('a b c', 'a', { truncation: 'only_first', maxLength: 6 }), [2, 4, 5, 3, 4, 3])
  t.deepEqual(await ids('a', 'a b c', { truncation: 'only_second', maxLength: 6 }), [2, 4, 3, 4, 5, 3])
  t.deepEqual(await ids('a b', null, { truncation: true, maxLength: 2 }), [2, 3])
})

test('batchEncodePlus: offsets in UTF-16 units of each text, and the mask of special tokens', async (t) => {
  const tokenizer = bert(t)
  const { offsetMapping, specialTokensMask } = await tokenizer.batchEncodePlus(['😀 é a', 'a'], {
    textPair: ['cd', 'b'],
    padding: true,
    returnOffsetsMapping: true,
    returnSpecialTokensMask: true,
  })
  t.deepEqual(offsetMapping, [
    [[0, 0], [0, 2], [3, 4], [5, 6], [0, 0], [0, 1], [1, 2], [0, 0]],
    [[0, 0], [0, 1], [0, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]],
  ]) // prettier-ignore
  t.deepEqual(specialTokensMask, [
    [1, 0, 0, 0, 1, 0, 0, 1],
    [1, 0, 1, 0, 1, 1, 1, 1],
  ])
})

test('batchEncodePlus: a large batch is its texts one by one', async (t) => {
  const tokenizer = bert(t)
  const texts = Array.from({ length: 300 }, (_, i) => 'a b cd '.repeat(i % 40) + 'é')
  const { inputIds } = await tokenizer.batchEncodePlus(texts)
  t.deepEqual(
    inputIds,
    texts.map((text) => tokenizer.encode(text)),
  )
})

test('batchEncodePlus: what is wrong is an error', async (t) => {
  const tokenizer = bert(t)
  const wrong = async (message: RegExp, options: object, texts: Iterable<string> = ['a b c']) =>
    t.throwsAsync(tokenizer.batchEncodePlus(texts, options), { code: 'ERR_LORA_OPTION', message })
  await wrong(/textPair|second/, { textPair: ['a', 'b'] })
  await wrong(/stride/, { stride: 1, truncation: true, maxLength: 4 })
  await wrong(/stride/, { stride: 1, returnOverflowingTokens: true })
  await wrong(/do not advance/, { stride: 2, truncation: true, maxLength: 4, returnOverflowingTokens: true })
  await wrong(/maxLength/, { truncation: true })
  await wrong(/maxLength/, { truncation: true, maxLength: 1 })
  await wrong(/only_second/, { truncation: 'only_second', maxLength: 3 })
  await wrong(/cannot be truncated/, { truncation: 'only_first', maxLength: 4, textPair: ['a b c'] })
  await wrong(/padToken/, { padding: true, padToken: 'no such token' })
  await wrong(/paddingSide/, { padding: true, paddingSide: 'top' })
  await wrong(/padding/, { padding: 'all' })
  await wrong(/maxLength/, { maxLenght: 3 })
  await wrong(/texts/, {}, 'a b')
  const bare = await Tokenizer.train(['one'], { vocabSize: 260 })
  await t.throwsAsync(bare.batchEncodePlus(['a', 'bc'], { padding: true }), { message: /no padding token/ })
})

test.serial(
  'batchEncodePlus: maxLength alone truncates, and where it has no effect a warning says so, as in transformers',
  async (t) => {
    const tokenizer = bert(t)
    const warnings: (string | undefined)[] = []
    const listen = (warning: Error & { code?: string }) => warnings.push(warning.code)
    process.on('warning', listen)
    t.teardown(() => process.off('warning', listen))
    const ids = async (options: object) => (await tokenizer.batchEncodePlus(['a b c'], options)).inputIds[0]
    t.deepEqual(await ids({ maxLength: 4 }), [2, 4, 5, 3])
    t.deepEqual(await ids({ maxLength: 4, padding: false }), [2, 4, 5, 3])
    t.deepEqual(await ids({ maxLength: 4, truncation: false }), [2, 4, 5, 6, 3])
    t.deepEqual(await ids({ maxLength: 4, padding: true }), [2, 4, 5, 6, 3])
    t.deepEqual(await ids({ maxLength: 7, padding: 'max_length' }), [2, 4, 5, 6, 3, 0, 0])
    t.deepEqual(await ids({ maxLength: 4, padding: 'max_length' }), [2, 4, 5, 6, 3], 'longer rows stay as they are')
    await new Promise(setImmediate)
    t.deepEqual(warnings, ['LORA_MAX_LENGTH_UNUSED'], 'once')
  },
)

test('batchEncodePlus: windows of long texts, their overlap and their texts', async (t) => {
  const tokenizer = bert(t)
  const windows = { truncation: true, maxLength: 5, stride: 1, returnOverflowingTokens: true, padding: true } as const
  const rows = await tokenizer.batchEncodePlus(['a b c a b c', 'c'], { ...windows, returnOffsetsMapping: true })
  t.deepEqual(rows.inputIds, [
    [2, 4, 5, 6, 3],
    [2, 6, 4, 5, 3],
    [2, 5, 6, 3, 0],
    [2, 6, 3, 0, 0],
  ])
  t.deepEqual(rows.overflowToSampleMapping, [0, 0, 0, 1])
  t.deepEqual(rows.attentionMask[2], [1, 1, 1, 1, 0])
  t.deepEqual(rows.offsetMapping![1], [[0, 0], [4, 5], [6, 7], [8, 9], [0, 0]]) // prettier-ignore
  const pairs = await tokenizer.batchEncodePlus(['a', 'b'], {
    ...{ ...windows, maxLength: 6, stride: 0, truncation: 'only_second', padding: false },
    textPair: ['a b c', 'c'],
  })
  t.deepEqual(pairs.inputIds, [
    [2, 4, 3, 4, 5, 3],
    [2, 4, 3, 6, 3],
    [2, 5, 3, 6, 3],
  ])
  t.deepEqual(pairs.tokenTypeIds[1], [0, 0, 0, 1, 1])
  t.deepEqual(pairs.overflowToSampleMapping, [0, 0, 1])
  const whole = await tokenizer.batchEncodePlus(['a', 'b'], { returnOverflowingTokens: true })
  t.deepEqual(whole.overflowToSampleMapping, [0, 1], 'without truncation each text is one row')
  t.false('overflowToSampleMapping' in (await tokenizer.batchEncodePlus(['a'])))
})
