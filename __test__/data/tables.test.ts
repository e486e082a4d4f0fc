import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { folderWith } from '../support/files.js'

const { data } = lora

// Three rows (text, label int64, score double), the second text null: written by pyarrow 21.0.0, packed with Snappy.
const PARQUET =
  'UEFSMRUEFSQVKEwVBBUAEgAAEkQDAAAAb25lBwAAAGRyZWkgw7wVABUSFRYsFQYVEBUGFQYcAAAACSACAAAAAwUBAwIVBBUgFSRMFQQVABIAABA8AAAAAAAAAAABAAAAAAAAABUAFRIVFiwVBhUQFQYVBhwAAAAJIAIAAAAGAQEDBhUEFTAVLEwVBhUAEgAAGAAABQEE8D8FBygAAEAAAAAAAAAIQBUAFRQVGCwVBhUQFQYVBhwAAAAKJAIAAAAGAQIDJAAVBBlMNQAYBnNjaGVtYRUGABUMJQIYBHRleHQlAEwcAAAAFQQlAhgFbGFiZWwAFQolAhgFc2NvcmUAFgYZHBk8JgAcFQwZNQAGEBkYBHRleHQVAhYGFngWgAEmTCYIKSwVBBUAFQIAFQAVEBUCADwWFBkGGSYCBAAAACYAHBUEGTUABhAZGAVsYWJlbBUCFgYWdBZ8JsgBJogBKSwVBBUAFQIAFQAVEBUCADwpBhkmAAYAAAAmABwVChk1AAYQGRgFc2NvcmUVAhYGFoYBFoYBJswCJoQCKSwVBBUAFQIAFQAVEBUCADwpBhkmAAYAAAAW8gIWBiYIFoIDACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyMS4wLjAZPBwAABwAABwAAAApAQAAUEFSMQ=='

test('readTable: csv with quotes, line ends of Windows, a byte order mark and short rows', async (t) => {
  const text = '\ufeffsentence,label\r\n"a ""b"", c",1\r\n"two\r\nlines",0\r\n\r\nlast\r\n'
  const dir = await folderWith(t, { 'a.csv': text })
  const table = await data.readTable(join(dir, 'a.csv'))
  t.deepEqual(table.columns, ['sentence', 'label'])
  t.deepEqual(table.column('sentence'), ['a "b", c', 'two\nlines', 'last'])
  t.deepEqual(table.column('label'), ['1', '0', null])
  t.deepEqual(table.row(0), { sentence: 'a "b", c', label: '1' })
  t.regex(table.place(1, 'label'), /a\.csv, row 2 \(line 3\), column 'label'$/)
  t.regex(table.place(2), /row 3 \(line 6\)$/)
})

test('readTable: in tsv a quote is a plain character; maxRows and columns', async (t) => {
  const dir = await folderWith(t, { 'a.tsv': 'x\t"half\ny\twhole"\nz\tthird\n' })
  const table = await data.readTable(join(dir, 'a.tsv'), { columns: ['kind', 'text'], maxRows: 2 })
  t.deepEqual(table.column('text'), ['"half', 'whole"'])
})

test('readTable: json as an array and as lines, jsonl; cells keep their types, absent ones are null', async (t) => {
  const rows = [{ text: 'a, "]" b', label: 1 }, { text: 'c', score: 0.5 }, { label: true }]
  const files = {
    'array.json': JSON.stringify(rows, null, 2),
    'lines.json': rows.map((row) => JSON.stringify(row)).join('\n'),
    'lines.jsonl': `\n${rows.map((row) => JSON.stringify(row)).join('\r\n')}\r\n`,
  }
  const dir = await folderWith(t, files)
  for (const name of Object.keys(files)) {
    const table = await data.readTable(join(dir, name))
    t.deepEqual(table.columns, ['text', 'label', 'score'], name)
    t.deepEqual(table.column('text'), ['a, "]" b', 'c', null])
    t.deepEqual(table.column('label'), [1, null, true])
    t.deepEqual(table.column('score'), [null, 0.5, null])
  }
  t.regex((await data.readTable(join(dir, 'array.json'))).place(1), /row 2 \(line 6\)$/)
})

test('readTable: parquet, with the types that the file declares', async (t) => {
  const dir = await folderWith(t, {
    'a.parquet': Buffer.from(PARQUET, 'base64'),
    'cut.parquet': Buffer.from(PARQUET, 'base64').subarray(0, 300),
  })
  const table = await data.readTable(join(dir, 'a.parquet'))
  t.deepEqual(table.columns, ['text', 'label', 'score'])
  t.deepEqual(table.column('text'), ['one', null, 'drei ü'])
  t.deepEqual(table.column('label'), [0, 1, 1])
  t.deepEqual(table.column('score'), [1, 2, 3])
  t.deepEqual([...table.floating], ['score'])
  await t.throwsAsync(data.readTable(join(dir, 'cut.parquet')), {
    instanceOf: lora.FormatError,
    message: /cannot be read as parquet/,
  })
})

const BAD: readonly [
  title: string,
  name: string,
  content: string | Uint8Array,
  code: lora.ErrorCode,
  message: RegExp,
][] = [
  ['an empty file', 'a.csv', '', 'ERR_LORA_FORMAT', /a\.csv.*is empty/],
  ['a header alone', 'a.csv', 'text,label\n', 'ERR_LORA_FORMAT', /a header \(text, label\) and no row/],
  ['more cells than columns', 'a.csv', 'text,label\na,0\nb, c,1\n', 'ERR_LORA_FORMAT', /row 2 \(line 3\): more cells/],
  ['a quote without an end', 'a.csv', 'text,label\n"a,0\n', 'ERR_LORA_FORMAT', /line \d: malformed row/],
  ['a name twice', 'a.csv', 'text,text\na,b\n', 'ERR_LORA_FORMAT', /two columns are named 'text'/],
  [
    'bytes that are no UTF-8',
    'a.csv',
    Buffer.from('text,label\nf\xfcr,0\n', 'latin1'),
    'ERR_LORA_FORMAT',
    /row 2, column 2[^]*0xfc/,
  ],
  ['a row that is no JSON', 'a.jsonl', '{"a":1}\n{"a":\n', 'ERR_LORA_FORMAT', /row 2 \(line 2\): not JSON/],
  ['a row that is no object', 'a.jsonl', '{"a":1}\n[1]\n', 'ERR_LORA_FORMAT', /row 2 \(line 2\): not an object/],
  ['a nested cell', 'a.jsonl', '{"a":{"b":1}}\n', 'ERR_LORA_FORMAT', /column 'a': not a plain value/],
  ['an array without an end', 'a.json', '[{"a":1},\n{"a":2}\n', 'ERR_LORA_FORMAT', /the array has no end[^]*line 2/],
  ['an unknown ending', 'a.xls', 'a', 'ERR_LORA_OPTION', /\.csv/],
]
for (const [title, name, content, code, message] of BAD) {
  test(`readTable: ${title} is ${code}`, async (t) => {
    const dir = await folderWith(t, { [name]: content })
    await t.throwsAsync(data.readTable(join(dir, name)), { code, message })
  })
}

test('readTable: a file that is not there, a column that is not there', async (t) => {
  const dir = await folderWith(t, { 'a.csv': 'sentence,label\na,1\n' })
  await t.throwsAsync(data.readTable(join(dir, 'b.csv')), { code: 'ERR_LORA_FILE' })
  const table = await data.readTable(join(dir, 'a.csv'))
  t.throws(() => table.column('lable'), { code: 'ERR_LORA_OPTION', message: /'sentence', 'label'[^]*write 'label'/ })
})

test('readTextTask: classes by name and by number, regression by the decimal point', async (t) => {
  const dir = await folderWith(t, {
    'names.csv': 'text,label\na,spam\nb,ham\nc,spam\n',
    'numbers.csv': 'label,first,second\n10,a,b\n9,c,d\n',
    'scores.tsv': 'sentence2\tsentence1\tlabel\tother\nb\ta\t1.5\tx\nd\tc\t2\ty\n',
    'scores.jsonl': '{"text":"a","label":1}\n{"text":"b","label":0.25}\n',
  })
  const read = (train: string) => data.readTextTask({ train: join(dir, train) })
  const names = await read('names.csv')
  t.deepEqual(names.labels, ['ham', 'spam'])
  t.deepEqual(names.train[0], { text: 'a', pair: null, label: 1 })
  const numbers = await read('numbers.csv')
  t.deepEqual(numbers.labels, ['9', '10'])
  t.deepEqual(numbers.train[0], { text: 'a', pair: 'b', label: 1 })
  const scores = await read('scores.tsv')
  t.is(scores.labels, null)
  t.deepEqual(scores.train, [
    { text: 'a', pair: 'b', label: 1.5 },
    { text: 'c', pair: 'd', label: 2 },
  ])
  t.deepEqual((await read('scores.jsonl')).train[1], { text: 'b', pair: null, label: 0.25 })
})

test('readTextTask: labels outside of the set, missing ones, sets to predict', async (t) => {
  const dir = await folderWith(t, {
    'train.csv': 'text,label\na,yes\nb,no\n',
    'odd.csv': 'text,label\na,yes\nb,maybe\n',
    'none.csv': 'text,label\na,yes\nb,\n',
    'test.csv': 'text\nx\ny\n',
  })
  const at = (name: string) => join(dir, name)
  const task = await data.readTextTask({ train: at('train.csv'), test: at('test.csv'), maxTestSamples: 1 })
  t.deepEqual(task.test, { custom: [{ text: 'x', pair: null, label: null }] })
  const odd = data.readTextTask({ train: at('train.csv'), validation: at('odd.csv') })
  await t.throwsAsync(odd, {
    code: 'ERR_LORA_FORMAT',
    message: /odd\.csv, row 2 \(line 3\), column 'label'[^]*\['no', 'yes'\][^]*'maybe'/,
  })
  await t.throwsAsync(data.readTextTask({ train: at('none.csv') }), {
    code: 'ERR_LORA_FORMAT',
    message: /row 2.*there is no label/,
  })
  await t.throwsAsync(data.readTextTask({ train: at('train.csv'), label: 'labels' }), {
    code: 'ERR_LORA_OPTION',
    message: /write 'label'/,
  })
})
