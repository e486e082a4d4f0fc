import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { data } = lora

let folder = ''
test.before(() => (folder = mkdtempSync(join(tmpdir(), 'loralib-nlg-'))))
test.after.always(() => removeFolder(folder))

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The warning of a run that gives one. */
async function warningOf(run: () => unknown): Promise<string> {
  const said = new Promise<Error>((resolve) => process.once('warning', resolve))
  await run()
  return (await said).message
}

// A line of the E2E data, and entries made like those of WebNLG and DART.
const E2E =
  'name : Blue Spice | Type : coffee shop | area : city centre||A coffee shop in the city centre area called Blue Spice . \n'
const triple = (subject: string, property: string, object: string) => ({ object, property, subject })
const WEBNLG = {
  entries: [
    {
      '1': {
        category: 'Politician',
        lexicalisations: [
          { comment: 'good', lex: 'The leader of Aarhus is Jacob Bundsgaard.' },
          { comment: 'toFix', lex: 'Aarhus leader.' },
        ],
        modifiedtripleset: [triple('Aarhus', 'leaderName', 'Jacob_Bundsgaard')],
      },
    },
    {
      '2': {
        category: 'Airport',
        lexicalisations: [{ comment: 'good', lex: 'It lies 25 m high and its runway is 2702.0 long.' }],
        modifiedtripleset: [
          triple('Aarhus_Airport', 'elevation', '25'),
          triple('Aarhus_Airport', 'runwayLength', '2702.0'),
        ],
      },
    },
  ],
}
const DART = [
  {
    tripleset: [['Mars Hill College', 'JOINED', '1973'], ['Mars Hill College', 'LOCATION', 'Mars Hill']], // prettier-ignore
    annotations: [{ text: 'A school from Mars Hill joined in 1973.' }, { text: 'It joined in 1973.' }],
  },
]

test('NLG data: E2E lines are a context and a text, without the space at the ends of the line', (t) => {
  t.deepEqual(data.formatE2e(`${E2E}\n  a : b ||c d\n`), [
    {
      context: 'name : Blue Spice | Type : coffee shop | area : city centre',
      completion: 'A coffee shop in the city centre area called Blue Spice .',
    },
    { context: 'a : b ', completion: 'c d' },
  ])
})

test('NLG data: WebNLG entries are a row for each good text, and know whether their category was seen', (t) => {
  const wanted = [
    {
      context: 'Aarhus : leaderName : Jacob_Bundsgaard',
      completion: 'The leader of Aarhus is Jacob Bundsgaard.',
      cate: false,
    },
    {
      context: 'Aarhus_Airport : elevation : 25 | Aarhus_Airport : runwayLength : 2702.0',
      completion: 'It lies 25 m high and its runway is 2702.0 long.',
      cate: true,
    },
  ]
  t.deepEqual(data.formatWebnlg(WEBNLG), wanted)
  t.deepEqual(data.formatWebnlg(JSON.stringify(WEBNLG)), wanted)
})

test('NLG data: DART triplesets are a row for each annotation, with relations in lower case', (t) => {
  const context = 'Mars Hill College : joined : 1973 | Mars Hill College : location : Mars Hill'
  t.deepEqual(data.formatDart(DART), [
    { context, completion: 'A school from Mars Hill joined in 1973.' },
    { context, completion: 'It joined in 1973.' },
  ])
})

test('NLG data: rows written are the rows read, and ids likewise', async (t) => {
  const rows = [...data.formatWebnlg(WEBNLG), { context: 'ü', completion: '「x」' }]
  const path = join(folder, 'rows.jsonl')
  await data.writeJsonl(path, rows)
  t.deepEqual(await data.readFormatted(path), rows)
  t.deepEqual(await data.readNlgRows(path, 'webnlg'), rows)
  const examples = [{ context: [1, 2, 0], completion: [3, 0] }]
  await data.writeEncoded(path, examples)
  t.deepEqual(await data.readEncoded(path, 4), examples)
})

test('NLG data: a context is encoded with its end, a completion behind a space; special tokens in texts are text', async (t) => {
  const texts = ['name : Blue Spice', ' A coffee shop . <|endoftext|>']
  const tokenizer = await lora.tokenizers.Tokenizer.train(texts, { vocabSize: 300 })
  const end = tokenizer.tokenToId('<|endoftext|>')!
  const rows = [{ context: 'name : <|endoftext|>', completion: 'A coffee shop .' }]
  const [both] = await data.encodeNlg(rows, tokenizer)
  t.is(both!.context.at(-1), end)
  t.is(both!.completion.at(-1), end)
  t.is(both!.context.filter((id) => id === end).length, 1)
  t.is(tokenizer.decode(both!.context.slice(0, -1)), 'name : <|endoftext|>')
  t.is(tokenizer.decode(both!.completion.slice(0, -1)), ' A coffee shop .')
  const [none] = await data.encodeNlg(rows, tokenizer, { addBos: false, addEos: false })
  t.deepEqual([none!.context, none!.completion], [both!.context.slice(0, -1), both!.completion.slice(0, -1)])
})

const EXAMPLES = [
  { context: [1, 2, 3, 0], completion: [4, 5, 0] },
  { context: [6, 0], completion: [7, 0] },
]

test('NlgDataset: input, shifted target, the mask of the completion, the query', (t) => {
  const dataset = new data.NlgDataset(EXAMPLES, { seqLen: 8, evalLen: 5 })
  t.is(dataset.length, 2)
  t.is(dataset.longest, 7)
  t.deepEqual(dataset.get(0), {
    id: 0,
    input: [1, 2, 3, 0, 4, 5, 0],
    target: [2, 3, 0, 4, 5, 0],
    mask: [0, 0, 0, 1, 1, 1, 0],
    query: [2, 3, 0],
  })
  const joint = new data.NlgDataset(EXAMPLES, { seqLen: 8, objective: 'jlm' })
  t.deepEqual(joint.get(1).mask, [1, 1, 1, 0])
  t.deepEqual(joint.get(0).query, [1, 2, 3, 0])
})

test('NlgDataset: a row that is too long is truncated at the end, and its last position has no loss', async (t) => {
  let dataset!: lora.data.NlgDataset
  const warning = await warningOf(() => (dataset = new data.NlgDataset(EXAMPLES, { seqLen: 5 })))
  t.regex(warning, /1 row is longer than seqLen 5 .*row 1 has 7 tokens/)
  t.is(dataset.cut, 1)
  const { input, target, mask } = dataset.get(0)
  t.deepEqual([input, target, mask], [[1, 2, 3, 0, 4], [2, 3, 0, 4, 5], [0, 0, 0, 1, 0]]) // prettier-ignore
})

test('NlgDataset: prefix and infix tokens are given, and never learnt', (t) => {
  const options = { seqLen: 12, prefixTokens: [9], infixTokens: [8] }
  const { input, target, mask, query } = new data.NlgDataset(EXAMPLES, options).get(0)
  t.deepEqual(input, [9, 1, 2, 3, 0, 8, 4, 5, 0])
  t.deepEqual(target, [1, 2, 3, 0, 0, 4, 5, 0])
  t.deepEqual(mask, [0, 0, 0, 0, 0, 1, 1, 1, 0])
  t.deepEqual(query, [9, 1, 2, 3, 0, 8])
  const joint = new data.NlgDataset(EXAMPLES, { ...options, objective: 'jlm' })
  t.deepEqual(joint.get(0).mask, [1, 1, 1, 1, 0, 1, 1, 1, 0])
})

test('NLG batches: padded as upstream pads them, and as the models here take them', async (t) => {
  const dataset = new data.NlgDataset(EXAMPLES, { seqLen: 8 })
  const samples = [dataset.get(0), dataset.get(1)]
  const padded = data.padNlg(samples, 8)
  t.deepEqual(await padded.input.tolist(), [[1, 2, 3, 0, 4, 5, 0, 0], [6, 0, 7, 0, 0, 0, 0, 0]]) // prettier-ignore
  t.deepEqual(await padded.target.tolist(), [[2, 3, 0, 4, 5, 0, 0, 0], [0, 7, 0, 0, 0, 0, 0, 0]]) // prettier-ignore
  t.deepEqual(await padded.mask.tolist(), [[0, 0, 0, 1, 1, 1, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0]]) // prettier-ignore
  t.deepEqual(await numbers(padded.queryLen), [4, 2])
  t.deepEqual(await numbers(padded.id), [0, 1])
  t.deepEqual(data.collateNlg(samples), {
    id: [0, 1],
    inputIds: [[1, 2, 3, 0, 4, 5, 0], [6, 0, 7, 0, 0, 0, 0]], // prettier-ignore
    attentionMask: [[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0]], // prettier-ignore
    labels: [[-100, -100, -100, -100, 4, 5, 0], [-100, -100, 7, 0, -100, -100, -100]], // prettier-ignore
    counted: 5,
    tokens: 11,
  })
  t.is(data.collateNlg([dataset.get(0)]).attentionMask, null)
  t.throws(() => data.padNlg(samples, 4), { message: /seqLen/ })
})

test('NLG data: a byte order mark and Windows line ends are removed, with one warning', async (t) => {
  const path = file('windows.txt', `\ufeff${E2E.trimEnd()}\r\na : b||c\r\n`)
  let rows: lora.data.NlgRow[] = []
  const warning = await warningOf(async () => (rows = await data.readNlgRows(path, 'e2e')))
  t.regex(warning, /windows\.txt has a byte order mark and Windows line ends/)
  t.deepEqual(rows, data.formatE2e(`${E2E}a : b||c\n`))
})

const bad: [title: string, read: () => Promise<unknown>, ...says: RegExp[]][] = [
  ['no file', () => data.readNlgRows(join(folder, 'none.txt'), 'e2e'), /none\.txt cannot be read/, /no such file/],
  ['an empty file', () => data.readNlgRows(file('a.txt', ' \n'), 'e2e'), /a\.txt, row 1, column 1: the file is empty/],
  [
    'an empty JSON file',
    () => data.readNlgRows(file('a.json', ''), 'dart'),
    /a\.json, row 1, column 1: the file is empty/,
  ],
  ['a line without ||', () => data.readNlgRows(file('b.txt', `${E2E}a : b\n`), 'e2e'), /b\.txt, row 2, column text: /],
  [
    'a line with two',
    () => data.readNlgRows(file('c.txt', 'a||b||c'), 'e2e'),
    /c\.txt, row 1, column text: .* 2 times/,
  ],
  [
    'no context',
    () => data.readNlgRows(file('d.txt', ' ||c'), 'e2e'),
    /row 1, column meaning representation: it is empty/,
  ],
  [
    'bytes of Latin-1',
    () => data.readNlgRows(file('e.txt', Buffer.from(`${E2E}caf\xe9||x\n`, 'latin1')), 'e2e'),
    /e\.txt, row 2, column 4: this is not UTF-8/,
    /0xe9/,
    /iconv/,
  ],
  [
    'UTF-16',
    () => data.readNlgRows(file('f.txt', Buffer.from(`\ufeff${E2E}`, 'utf16le')), 'e2e'),
    /f\.txt, row 1, column 1/,
    /UTF-16/,
  ],
  [
    'JSON that is cut off',
    () => data.readNlgRows(file('g.json', '[{"a":\n 1}'), 'dart'),
    /g\.json, row 2, column \d+: this is not valid JSON/,
  ],
  [
    'a WebNLG entry without a field',
    () => data.readNlgRows(file('h.json', '{"entries":[{"1":{"category":"Food"}}]}'), 'webnlg'),
    /h\.json, row 1, column modifiedtripleset: it is missing/,
  ],
  [
    'a DART triple of two',
    () => data.readNlgRows(file('i.json', '[{"tripleset":[["a","b"]],"annotations":[{"text":"x"}]}]'), 'dart'),
    /i\.json, row 1, column tripleset\[0\]: /,
  ],
  [
    'a row without a text',
    () => data.readFormatted(file('j.jsonl', '{"context":"a"}')),
    /j\.jsonl, row 1, column completion: it is missing/,
  ],
  [
    'a row of ids with a text',
    () => data.readEncoded(file('k.jsonl', '{"context":["a"],"completion":[1]}')),
    /k\.jsonl, row 1, column context: /,
  ],
  [
    'an id outside of the vocabulary',
    () => data.readEncoded(file('l.jsonl', '{"context":[1],"completion":[1]}\n{"context":[1],"completion":[7]}'), 5),
    /l\.jsonl, row 2, column completion: an id lies outside/,
    /0 to 4/,
  ],
]

for (const [title, read, ...says] of bad) {
  test(`NLG data: ${title} is an error that names the position`, async (t) => {
    const error = await t.throwsAsync(read, { instanceOf: lora.LoraError })
    for (const pattern of says) t.regex(error!.message, pattern)
    t.regex(error!.message, /\n {2}fix {7}\S/)
  })
}

test('checkNlgFits: a token that the model lacks and a row longer than its positions are errors that name the row', (t) => {
  const dataset = new data.NlgDataset(EXAMPLES, { seqLen: 8 })
  const model = (vocabulary: number, maxPositions: number) => ({ maxPositions, config: { vocab_size: vocabulary } })
  t.notThrows(() => data.checkNlgFits(dataset, model(8, 7)))
  t.throws(() => data.checkNlgFits(dataset, model(7, 7)), { message: /row 2 .*token[^]*received +7/ })
  t.throws(() => data.checkNlgFits(dataset, model(8, 6)), { message: /row 1 is longer[^]*7 tokens/ })
})
