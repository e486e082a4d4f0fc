import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { folderWith } from '../support/files.js'

const { data } = lora

// Rows with a list of messages, in two row groups: written by pyarrow 26.0.1, packed with Snappy.
const PARQUET =
  'UEFSMRUAFUIVRCwVBBUAFQYVBhwAAAAhFAIAAAADAgEGWAQEBAAAAHVzZXIJAAAAYXNzaXN0YW50FQAVLBUuLBUEFQAVBhUGHAAAABYUAgAAAAMCAQYsBAQBAAAAYQEAAABiFQAVHBUgLBUCFQAVBhUGHAAAAA40AgAAAAIBAQAAAAAAAAAVABUoFSwsFQIVABUGFQYcAAAAFEwCAAAAAgACAAAAAgQEAAAAdXNlchUAFSQVKCwVAhUAFQYVBhwAAAASRAIAAAACAAIAAAACBAIAAADDvBUAFRwVICwVAhUAFQYVBhwAAAAONAIAAAACAQIAAAAAAAAAFQQZfDUAGAZzY2hlbWEVBAA1AhgIbWVzc2FnZXMVAhUGTDwAAAA1BBgEbGlzdBUCADUCGAdlbGVtZW50FQQAFQwlAhgEcm9sZSUATBwAAAAVDCUCGAdjb250ZW50JQBMHAAAABUEJQIYAW4AFgQZLBk8JgAcFQwZJQYAGUgIbWVzc2FnZXMEbGlzdAdlbGVtZW50BHJvbGUVAhYEFmgWaiYISRwVABUAFQIAPBYaGSYCAhlWAAAAAAQAAAAmABwVDBklBgAZSAhtZXNzYWdlcwRsaXN0B2VsZW1lbnQHY29udGVudBUCFgQWUhZUJnJJHBUAFQAVAgA8FgQZJgICGVYAAAAABAAAACYAHBUEGSUGABkYAW4VAhYCFkIWRibGAUkcFQAVABUCADwpBhkmAAIAAAAW/AEWAiYIFoQCABk8JgAcFQwZJQYAGUgIbWVzc2FnZXMEbGlzdAdlbGVtZW50BHJvbGUVAhYCFk4WUiaMAkkcFQAVABUCADwWCBkmAgAZVgAAAAACAAAAJgAcFQwZJQYAGUgIbWVzc2FnZXMEbGlzdAdlbGVtZW50B2NvbnRlbnQVAhYCFkoWTibeAkkcFQAVABUCADwWBBkmAgAZVgAAAAACAAAAJgAcFQQZJQYAGRgBbhUCFgIWQhZGJqwDSRwVABUAFQIAPCkGGSYAAgAAABbaARYCJowCFuYBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZPBwAABwAABwAAAA/AgAAUEFSMQ=='

async function all(source: lora.data.RowSource, options: lora.data.RowsOptions = {}) {
  const rows = []
  for await (const placed of data.readRows(source, options).placed()) rows.push(placed)
  return rows
}
const values = async (source: lora.data.RowSource, options: lora.data.RowsOptions = {}) =>
  (await all(source, options)).map(({ row }) => row)

test('readRows: every format, with the line of each row', async (t) => {
  const dir = await folderWith(t, {
    'a.jsonl': '\ufeff{"text":"a"}\r\n\n{"text":{"deep":[1]}}\n',
    'array.json': '[\n {"text": "a"},\n {"text": "]"}\n]',
    'lines.json': '{"text":"a"}\n{"text":"b"}',
    'a.csv': 'text,n\n"two\nlines",1\nlast\n',
    'a.tsv': 'text\tn\n"half\t1\n',
    'a.parquet': Buffer.from(PARQUET, 'base64'),
    'a.txt': '\none\ntwo\n\nthree\n',
  })
  const at = (name: string, options = {}) =>
    all(join(dir, name), options).then((rows) => rows.map(({ row, line }) => [line, row]))
  t.deepEqual(await at('a.jsonl'), [
    [1, { text: 'a' }],
    [3, { text: { deep: [1] } }],
  ])
  t.deepEqual(await at('array.json'), [
    [2, { text: 'a' }],
    [3, { text: ']' }],
  ])
  t.deepEqual(await at('lines.json'), [
    [1, { text: 'a' }],
    [2, { text: 'b' }],
  ])
  t.deepEqual(await at('a.csv'), [
    [2, { text: 'two\nlines', n: '1' }],
    [4, { text: 'last', n: null }],
  ])
  t.deepEqual(await at('a.tsv'), [[2, { text: '"half', n: '1' }]])
  t.deepEqual(await at('a.parquet'), [
    [
      1,
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
        n: 1,
      },
    ],
    [2, { messages: [{ role: 'user', content: 'ü' }], n: 2 }],
  ])
  const texts = async (sampleBy: lora.data.TextUnit) =>
    (await at('a.txt', { sampleBy })).map(([line, row]) => [line, (row as { text: string }).text])
  t.deepEqual(await texts('line'), [
    [2, 'one'],
    [3, 'two'],
    [5, 'three'],
  ])
  t.deepEqual(await texts('paragraph'), [
    [2, 'one\ntwo'],
    [5, 'three'],
  ])
  t.deepEqual(await texts('document'), [[2, 'one\ntwo\n\nthree']])
})

test('readRows: folders by the names of their files, lists, iterators, other names of columns', async (t) => {
  const dir = await folderWith(t, {
    'train-2.jsonl': '{"text":"b"}',
    'train-1.jsonl': '{"text":"a"}',
    'valid.csv': 'text\nv\n',
    'test.txt': 't',
    'README.rst': '',
  })
  t.deepEqual(await values(dir), [{ text: 'a' }, { text: 'b' }])
  const { validation, test: held } = await data.splitFiles(dir)
  t.deepEqual(await values([...validation, ...held]), [{ text: 'v' }, { text: 't' }])
  const plain = await folderWith(t, { 'b.jsonl': '{"text":"b"}', 'c.txt': 'c' })
  t.deepEqual(await values(plain), [{ text: 'b' }, { text: 'c' }])
  async function* endless() {
    for (let i = 0; ; i++) yield { q: i, a: i, completion: 'hidden' }
  }
  const columns = { prompt: 'q', completion: 'a' }
  t.deepEqual(await values(endless, { columns, maxRows: 2 }), [
    { prompt: 0, completion: 0 },
    { prompt: 1, completion: 1 },
  ])
  t.deepEqual(await values([{ text: 'x' }]), [{ text: 'x' }])
  t.deepEqual(await values(data.readRows([{ text: 'x' }])), [{ text: 'x' }])
})

test('readRows: a file is not read as a whole', async (t) => {
  const dir = await folderWith(t)
  const file = join(dir, 'a.jsonl')
  const row = `${JSON.stringify({ text: 'x'.repeat(1000) })}\n`
  for (let i = 0; i < 20; i++) await appendFile(file, row.repeat(1000))
  await appendFile(file, '{"text":')
  let [rows, most] = [0, 0]
  const start = process.memoryUsage().rss
  await t.throwsAsync(
    async () => {
      for await (const _ of data.readRows(file))
        if (++rows % 1000 === 0) most = Math.max(most, process.memoryUsage().rss)
    },
    { code: 'ERR_LORA_FORMAT', message: /a\.jsonl, line 20001: not JSON/ },
  )
  t.is(rows, 20_000)
  t.true(most - start < 200e6, `${most - start}`)
})

test('readRows: errors name file and line', async (t) => {
  const dir = await folderWith(t, {
    'bad.jsonl': '{"text":"a"}\n[1]\n',
    'bad.csv': 'a,b\n1,2\n1,2,3\n',
    'quotes.csv': 'a,b\n1,"2\n',
    'latin.txt': Buffer.from([0x61, 0x0a, 0x62, 0xe4, 0x62, 0x0a]),
    'a.bin': '',
    'cut.parquet': Buffer.from(PARQUET, 'base64').subarray(0, 200),
  })
  const fails = async (source: lora.data.RowSource, code: string, message: RegExp, options = {}) =>
    void (await t.throwsAsync(values(source, options), { code, message }))
  await fails(join(dir, 'bad.jsonl'), 'ERR_LORA_FORMAT', /bad\.jsonl, line 2: not an object/)
  await fails(join(dir, 'bad.csv'), 'ERR_LORA_FORMAT', /bad\.csv, row 2 \(line 3\): more cells/)
  await fails(join(dir, 'quotes.csv'), 'ERR_LORA_FORMAT', /quotes\.csv, line \d: malformed row/)
  await fails(join(dir, 'latin.txt'), 'ERR_LORA_FORMAT', /latin\.txt, row 2: this is not UTF-8/)
  await fails(join(dir, 'cut.parquet'), 'ERR_LORA_FORMAT', /cannot be read as parquet/)
  await fails(join(dir, 'a.bin'), 'ERR_LORA_OPTION', /format/)
  await fails(join(dir, 'none.jsonl'), 'ERR_LORA_FILE', /no such file/)
  await fails(join(dir, 'bad.csv'), 'ERR_LORA_FORMAT', /line 2: there is no column 'c'/, { columns: { text: 'c' } })
  await fails([{ text: 'a' }, 5] as never, 'ERR_LORA_FORMAT', /row 2 is no object/)
  t.throws(() => data.readRows(5 as never), { code: 'ERR_LORA_OPTION' })
  t.throws(() => data.readRows([], { column: {} } as never), { code: 'ERR_LORA_OPTION', message: /columns/ })
  const stop = AbortSignal.abort()
  await t.throwsAsync(values(join(dir, 'bad.csv'), { signal: stop }), { code: 'ERR_LORA_ABORTED' })
})
