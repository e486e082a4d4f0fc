import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { folderWith, wordTokenizer } from '../support/files.js'

const { data, tokenizers } = lora

/** Folders with files, as the archives of GLUE have them. */
async function glue(t: ExecutionContext, files: Record<string, string>): Promise<string> {
  const dir = await folderWith(t)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(dir, path, '..'), { recursive: true })
    await writeFile(join(dir, path), content)
  }
  return dir
}

// One row of each file in the columns of the download; texts are ours.
const MNLI =
  'index\tpromptID\tpairID\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label'
const LAYOUTS: Record<
  string,
  { files: Record<string, string>; first: object; labels: readonly string[] | null; test?: object }
> = {
  cola: {
    files: {
      'CoLA/train.tsv': 'gj04\t1\t\tShe "left.\ngj04\t0\t*\tLeft she has.\n',
      'CoLA/dev.tsv': 'gj04\t1\t\tHe left.\n',
      'CoLA/test.tsv': 'index\tsentence\n0\tWho left?\n',
    },
    first: { text: 'She "left.', pair: null, label: 1 },
    labels: ['unacceptable', 'acceptable'],
    test: { text: 'Who left?', pair: null, label: null },
  },
  sst2: {
    files: { 'SST-2/train.tsv': 'sentence\tlabel\ngood fun \t1\n', 'SST-2/dev.tsv': 'sentence\tlabel\ndull\t0\n' },
    first: { text: 'good fun ', pair: null, label: 1 },
    labels: ['negative', 'positive'],
  },
  mrpc: {
    files: {
      'MRPC/msr_paraphrase_train.txt': '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\ta b\tb a\r\n',
      'MRPC/dev.tsv': 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\tc\td\n',
      'MRPC/test.tsv': 'index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\te\tf\n',
    },
    first: { text: 'a b', pair: 'b a', label: 1 },
    labels: ['not_equivalent', 'equivalent'],
    test: { text: 'e', pair: 'f', label: null },
  },
  qqp: {
    files: {
      'QQP/train.tsv': 'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tA?\tB?\t0\n4\t5\t6\tcut\n',
      'QQP/dev.tsv': 'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tC?\tD?\t1\n',
    },
    first: { text: 'A?', pair: 'B?', label: 0 },
    labels: ['not_duplicate', 'duplicate'],
  },
  stsb: {
    files: {
      'STS-B/train.tsv':
        'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\tg\tf\t2012\t1\tn\tn\ta\tb\t3.800\n',
      'STS-B/dev.tsv':
        'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\tg\tf\t2012\t1\tn\tn\tc\td\t5\n',
    },
    first: { text: 'a', pair: 'b', label: 3.8 },
    labels: null,
  },
  mnli: {
    files: {
      'MNLI/train.tsv': `${MNLI}\n0\t1\t2\t\t\t\t\ta\tb\tneutral\tneutral\n1\t1\t2\t\t\t\t\tx\ty\t-\t-\n`,
      'MNLI/dev_matched.tsv': `${MNLI}\n0\t1\t2\t\t\t\t\tc\td\tneutral\tcontradiction\n`,
      'MNLI/dev_mismatched.tsv': `${MNLI}\n0\t1\t2\t\t\t\t\te\tf\tneutral\tentailment\n`,
    },
    first: { text: 'a', pair: 'b', label: 1 },
    labels: ['entailment', 'neutral', 'contradiction'],
  },
  qnli: {
    files: {
      'QNLI/train.tsv': 'index\tquestion\tsentence\tlabel\n0\tq?\ts\tnot_entailment\n',
      'QNLI/dev.tsv': 'index\tquestion\tsentence\tlabel\n0\tr?\tt\tentailment\n',
    },
    first: { text: 'q?', pair: 's', label: 1 },
    labels: ['entailment', 'not_entailment'],
  },
  rte: {
    files: {
      'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n',
      'RTE/dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\tc\td\tentailment\n',
    },
    first: { text: 'a', pair: 'b', label: 0 },
    labels: ['entailment', 'not_entailment'],
  },
  wnli: {
    files: {
      'WNLI/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n',
      'WNLI/dev.tsv': 'index\tsentence1\tsentence2\tlabel\n0\tc\td\t0\n',
    },
    first: { text: 'a', pair: 'b', label: 1 },
    labels: ['not_entailment', 'entailment'],
  },
}

for (const [name, { files, first, labels, test: predicted }] of Object.entries(LAYOUTS)) {
  test(`readGlue: ${name} as downloaded`, async (t) => {
    const dir = await glue(t, files)
    const task = await data.readGlue(name as lora.data.GlueTask, dir)
    t.deepEqual(task.train[0], first as lora.data.TextExample)
    t.deepEqual(task.labels, labels)
    t.deepEqual(Object.keys(task.validation), name === 'mnli' ? ['mnli', 'mnli-mm'] : [name])
    if (predicted) t.deepEqual(task.test[name]![0], predicted as lora.data.TextExample)
    else t.deepEqual(task.test, {})
    if (name === 'mnli')
      t.deepEqual([task.validation['mnli']![0]!.label, task.validation['mnli-mm']![0]!.label], [2, 0])
    // Rows that are cut, and those that nobody agreed on, are left out.
    if (name === 'mnli' || name === 'qqp') t.is(task.train.length, 1)
  })
}

test('readGlue: files of the hub, labels by number or name, caps', async (t) => {
  const rows = (labels: unknown[]) =>
    labels.map((label, i) => `${JSON.stringify({ sentence1: `a${i}`, sentence2: 'b', label, idx: i })}\n`).join('')
  const dir = await glue(t, {
    'train.jsonl': rows([1, 0, 1]),
    'validation.jsonl': rows(['equivalent', 0]),
    'test.jsonl': rows([-1]),
  })
  const task = await data.readGlue('mrpc', dir, { maxTrainSamples: 2 })
  t.deepEqual(
    task.train.map(({ label }) => label),
    [1, 0],
  )
  t.deepEqual(
    task.validation['mrpc']!.map(({ label }) => label),
    [1, 0],
  )
  t.is(task.test['mrpc']![0]!.label, null)
})

test('readGlue: no files, a label that the task does not have, no such task', async (t) => {
  const dir = await glue(t, { 'RTE/train.tsv': 'index\tsentence1\tsentence2\tlabel\n0\ta\tb\tneutral\n' })
  await t.throwsAsync(data.readGlue('cola', dir), { code: 'ERR_LORA_FILE', message: /CoLA\/train or train/ })
  await t.throwsAsync(data.readGlue('rte', dir), {
    code: 'ERR_LORA_FORMAT',
    message: /train\.tsv, row 1 \(line 2\), column 'label'[^]*'neutral'/,
  })
  await t.throwsAsync(data.readGlue('rtee' as 'rte', dir), { code: 'ERR_LORA_OPTION' })
})

async function tokenizer(t: ExecutionContext, marks?: string[]) {
  const dir = await folderWith(t, { 'tokenizer.json': wordTokenizer('abcdefgh'.split(''), marks) })
  return tokenizers.Tokenizer.fromFile(join(dir, 'tokenizer.json'))
}
const pair = (text: string, second: string | null) => ({ text, pair: second, label: 0 })

// What transformers' BertTokenizerFast gives with truncation=True and this vocabulary: [PAD] 0, [CLS] 1, [SEP] 2, [UNK] 3, a 4, b 5, …
test('encodeTexts: special tokens, kinds of tokens, and cuts of the longer text first', async (t) => {
  const examples = [
    pair('a b', null),
    pair('a b', 'c d'),
    pair('a b c d e f', 'g h'),
    pair('a b c d e', 'f g h a b'),
    pair('a', 'b c d e f g'),
  ]
  const rows = await data.encodeTexts(await tokenizer(t), examples, { maxLength: 8 })
  t.deepEqual(
    rows.map(({ inputIds }) => inputIds),
    [
      [1, 4, 5, 2],
      [1, 4, 5, 2, 6, 7, 2],
      [1, 4, 5, 6, 2, 10, 11, 2],
      [1, 4, 5, 2, 9, 10, 11, 2],
      [1, 4, 2, 5, 6, 7, 8, 2],
    ],
  )
  t.deepEqual(rows[1]!.tokenTypeIds, [0, 0, 0, 0, 1, 1, 1])
  const roberta = await tokenizer(t, ['<pad>', '<s>', '</s>', '<unk>'])
  t.deepEqual((await data.encodeTexts(roberta, [pair('a', 'b')]))[0]!.inputIds, [1, 4, 2, 2, 5, 2])
  await t.throwsAsync(data.encodeTexts(roberta, [pair('a', 'b')], { maxLength: 5 }), { code: 'ERR_LORA_OPTION' })
  const plain = await tokenizers.Tokenizer.train(['a b c'], { vocabSize: 300 })
  await t.throwsAsync(data.encodeTexts(plain, [pair('a', null)]), {
    code: 'ERR_LORA_OPTION',
    message: /does not fit a text classifier/,
  })
})

test('padTexts: rows of one length with their mask', (t) => {
  const row = (inputIds: number[], label: number | null) => ({ inputIds, tokenTypeIds: inputIds.map(() => 0), label })
  const batch = data.padTexts([row([1, 4, 2], 1), row([1, 4, 5, 2], 0)], { padTokenId: 9, tokenTypes: true })
  t.deepEqual(batch.inputIds, [
    [1, 4, 2, 9],
    [1, 4, 5, 2],
  ])
  t.deepEqual(batch.attentionMask, [
    [1, 1, 1, 0],
    [1, 1, 1, 1],
  ])
  t.deepEqual(batch.labels, [1, 0])
  const bare = data.padTexts([row([1, 2], null)], { padTokenId: 0, padTo: 4 })
  t.is(bare.labels, null)
  t.is(bare.tokenTypeIds, null)
  t.is(bare.inputIds[0]!.length, 4)
})
