// Predictions as text files, by the rules of gpt2_decode.py in microsoft/LoRA examples/NLG.
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { AbortedError, FileError, FormatError, OptionError, data, tokenizers } from 'loralib'
import { removeFolder } from '../support/files.js'

const folder = mkdtempSync(join(tmpdir(), 'loralib-decode-'))
test.after.always(() => removeFolder(folder))

const ROWS: data.NlgRow[] = [
  { context: 'A', completion: 'First, of A.', cate: true },
  { context: 'B', completion: 'Only (B)', cate: false },
  { context: 'A', completion: 'Second of A', cate: true },
]
const TEXTS = [
  { id: 2, text: ' Late A.<|endoftext|>!!!' },
  { id: 0, text: 'Early A\n\nmore' },
  { id: 1, text: "It's B_1 ," },
]

test('cutPrediction: before the end token, before a blank line, without space around', (t) => {
  t.is(data.cutPrediction(' one\ntwo \n\nthree<|endoftext|>four'), 'one\ntwo')
  t.is(data.cutPrediction('<|endoftext|>x'), '')
})

test('collectPredictions: rows of a context are one entry, with the last prediction for one of them', (t) => {
  t.deepEqual(data.collectPredictions(ROWS, TEXTS), [
    { context: 'A', references: ['First, of A.', 'Second of A'], prediction: 'Early A' },
    { context: 'B', references: ['Only (B)'], prediction: "It's B_1 ," },
  ])
})

test('collectPredictions: seen, unseen, tokens, lower case, names of entries', (t) => {
  const [seen] = data.collectPredictions(ROWS, TEXTS, { filter: 'seen', lower: true })
  t.deepEqual(seen, { context: 'A', references: ['first, of a.', 'second of a'], prediction: 'early a' })
  const unseen = data.collectPredictions(ROWS, TEXTS, { filter: 'unseen', tokenize: true })
  t.deepEqual(unseen, [{ context: 'B', references: ['Only ( B )'], prediction: "It ' s B_1 ," }])
  const apart = data.collectPredictions(ROWS, TEXTS, { uniqueKeys: ['1', '2', '3'] })
  t.deepEqual(
    apart.map(({ prediction }) => prediction),
    ['Early A', "It's B_1 ,", 'Late A.'],
  )
})

test('collectPredictions: what is missing or too much is named', (t) => {
  const refused = (run: () => unknown, pattern: RegExp) => {
    const error = t.throws(run, { instanceOf: OptionError })
    t.regex(error.message, pattern)
  }
  refused(() => data.collectPredictions(ROWS, TEXTS.slice(0, 1)), /1 of 2 entries .*"B"/s)
  refused(() => data.collectPredictions(ROWS, [{ id: 3, text: '' }]), /ids from 0 to 2/)
  refused(() => data.collectPredictions(ROWS, TEXTS, { uniqueKeys: ['a'] }), /each of 3 rows/)
  refused(() => data.collectPredictions(ROWS, TEXTS, { filter: 'some' as never }), /filter/)
})

test('the layouts of E2E, and of WebNLG and DART', (t) => {
  const entries = data.collectPredictions(ROWS, TEXTS)
  t.is(data.e2eReferences(entries), 'First, of A.\nSecond of A\n\nOnly (B)\n\n')
  const files = ['First, of A.\nOnly (B)\n', 'Second of A\nOnly (B)\n', 'First, of A.\nOnly (B)\n']
  t.deepEqual(data.numberedReferences(entries, 3), files)
  t.is(data.predictionLines(entries), "Early A\nIt's B_1 ,\n")
  t.is(data.predictionLines([{ ...entries[0]!, prediction: 'two\nlines' }]), 'two lines\n')
})

let tokenizer: tokenizers.Tokenizer
test.before(async () => {
  tokenizer = await tokenizers.Tokenizer.train(
    ROWS.map(({ completion }) => completion),
    { vocabSize: 300 },
  )
})

function write(name: string, lines: unknown[]): string {
  const path = join(folder, name)
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  return path
}

function options(name: string): data.DecodeNlgOptions {
  const ids = TEXTS.map(({ id, text }) => ({ id, predict: tokenizer.encode(text) }))
  return {
    predictions: write(`${name}.predict`, ids),
    formatted: write(`${name}.formatted`, ROWS),
    tokenizer,
    outputReferences: join(folder, name, 'references'),
    outputPredictions: join(folder, name, 'out', 'predictions.txt'),
  }
}

test('decodeNlg: writes the files of each layout', async (t) => {
  const e2e = options('e2e')
  t.deepEqual(await data.decodeNlg(e2e), { entries: 2 })
  t.is(readFileSync(e2e.outputReferences, 'utf8'), 'First, of A.\nSecond of A\n\nOnly (B)\n\n')
  t.is(readFileSync(e2e.outputPredictions, 'utf8'), "Early A\nIt's B_1 ,\n")
  const dart = options('dart')
  const names = write('names', ['x', 'y', 'z'])
  t.deepEqual(await data.decodeNlg({ ...dart, refType: 'dart', refNum: 2, refUniqueFile: names, lower: true }), {
    entries: 3,
  })
  t.deepEqual(readdirSync(dart.outputReferences).toSorted(), ['reference0', 'reference1'])
  t.is(readFileSync(join(dart.outputReferences, 'reference1'), 'utf8'), 'first, of a.\nonly (b)\nsecond of a\n')
})

test('decodeNlg: a row that is wrong is named by file, row and column; a signal ends the work', async (t) => {
  const good = options('wrong')
  const wrong: [Partial<data.DecodeNlgOptions>, RegExp][] = [
    [{ predictions: write('p1', ['{"id": 0']) }, /p1, row 1.*JSON/s],
    [
      {
        predictions: write('p2', [
          { id: 0, predict: [1] },
          { id: 0, predict: [-1] },
        ]),
      },
      /p2, row 2, column predict.*token ids/s,
    ],
    [{ predictions: write('p3', [{ predict: [1] }]) }, /p3, row 1, column id/s],
    [{ formatted: write('f1', [ROWS[0], { context: 'A' }]) }, /f1, row 2, column completion/s],
    [
      { formatted: write('f2', [{ context: 'A', completion: 'x' }]), filter: 'seen' },
      /f2, row 1, column cate.*filter 'seen'/s,
    ],
  ]
  for (const [change, pattern] of wrong) {
    const error = await t.throwsAsync(data.decodeNlg({ ...good, ...change }), { instanceOf: FormatError })
    t.regex(error.message, pattern)
  }
  await t.throwsAsync(data.decodeNlg({ ...good, signal: AbortSignal.abort() }), { instanceOf: AbortedError })
})

test('decodeNlg: what cannot be written is a file error, and nothing half written stays', async (t) => {
  const good = options('kept')
  await data.decodeNlg(good)
  const blocked = join(folder, 'kept', 'out', 'predictions.txt', 'below a file')
  const error = await t.throwsAsync(data.decodeNlg({ ...good, outputPredictions: blocked }), { instanceOf: FileError })
  t.regex(error.message, /the folder .*predictions\.txt cannot be made/)
  const folderInTheWay = join(folder, 'kept', 'out')
  await t.throwsAsync(data.decodeNlg({ ...good, outputPredictions: folderInTheWay }), { instanceOf: FileError })
  t.deepEqual(readdirSync(join(folder, 'kept')).toSorted(), ['out', 'references'])
  t.is(readFileSync(good.outputPredictions, 'utf8'), "Early A\nIt's B_1 ,\n")
})
