// METEOR as nltk 3.10.4 has it (`meteor_score` with WordNetCorpusReader over the files of support/wordnet.ts), its stemmer and its WordNet;
// and the driver of the Java tool against a stand-in for it.
import { chmodSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { AbortedError, FileError, FormatError, OptionError, metrics } from 'loralib'
import { caught } from '../support/errors.js'
import { writeWordNet } from '../support/wordnet.js'
import { removeFolder } from '../support/files.js'

const folder = mkdtempSync(join(tmpdir(), 'loralib-meteor-'))
test.after.always(() => removeFolder(folder))
let wordnet: metrics.WordNet
test.before(async () => {
  writeWordNet(join(folder, 'dict'))
  wordnet = await metrics.WordNet.open(join(folder, 'dict'))
})

// From the documentation of nltk, and sentences whose words are synonyms in our small WordNet.
const PAIRS: [output: string, references: string[], withSynonyms: number, without: number][] = [
  [
    'It is a guide to action which ensures that the military always obeys the commands of the party',
    [
      'It is a guide to action that ensures that the military will forever heed Party commands',
      'It is the guiding principle which guarantees the military forces always being under the command of the Party',
      'It is the practical guide for the army always to heed the directions of the party',
    ],
    0.6944444444444445,
    0.6944444444444445,
  ],
  [
    'It is to insure the troops forever hearing the activity guidebook that party direct',
    [
      'It is a guide to action that ensures that the military will forever heed Party commands',
      'It is the guiding principle which guarantees the military forces always being under the command of the Party',
      'It is the practical guide for the army always to heed the directions of the party',
    ],
    0.39952531645569617,
    0.3035391371738569,
  ],
  [
    'the cheap eatery serves children',
    ['an inexpensive restaurant that serves kids', 'the restaurant is cheap'],
    0.3177966101694915,
    0.24390243902439024,
  ],
  ['a spot near the metropolis offers good dishes', ['a place close to the city provides dishes'], 0.5575, 0.1875],
  ['non matching hypothesis', ['this is a cat'], 0.0, 0.0],
  ['The Restaurant , near the city', ['the restaurants , near the cities'], 0.9976851851851852, 0.9976851851851852],
  ['same same same same', ['same', 'same thing'], 0.3846153846153847, 0.3846153846153847],
  ['London', ['london'], 0.5, 0.5],
]

test('sentenceMeteor: as nltk, with WordNet and without', (t) => {
  for (const [output, references, want, plain] of PAIRS) {
    const got = metrics.sentenceMeteor(output, references, { wordnet, tokenize: 'none' })
    t.true(Math.abs(got - want) < 1e-12, `${output}: ${got}, ${want}`)
    const bare = metrics.sentenceMeteor(output, references, { tokenize: 'none' })
    t.true(Math.abs(bare - plain) < 1e-12, `${output}: ${bare}, ${plain}`)
  }
})

test('meteor: the mean over segments; PTB tokens by default', async (t) => {
  const [outputs, references] = [PAIRS.map(([output]) => output), PAIRS.map(([, list]) => list)]
  const { score, each } = await metrics.meteor(outputs, references, { wordnet, tokenize: 'none' })
  t.true(each.every((value, i) => Math.abs(value - PAIRS[i]![2]) < 1e-12))
  t.true(Math.abs(score - each.reduce((sum, value) => sum + value, 0) / each.length) < 1e-15)
  const ptb = await metrics.meteor(['The pub, cheap.'], ['the pub cheap'], { wordnet: null })
  t.is(ptb.score, metrics.sentenceMeteor('the pub cheap', 'the pub cheap', { tokenize: 'none' }))
})

test('meteor: parameters', (t) => {
  const [a, b] = ['the cat sat on the mat', 'on the mat sat the cat']
  t.is(metrics.sentenceMeteor(a, b, { gamma: 0 }), 1)
  const half = metrics.sentenceMeteor('a b', 'a c', { alpha: 0.5, gamma: 0 })
  t.true(Math.abs(half - 0.5) < 1e-15)
  t.is(metrics.sentenceMeteor('x', 'y'), 0)
  t.is(metrics.sentenceMeteor('', 'y'), 0)
})

// nltk.stem.PorterStemmer().stem
const STEMS: Record<string, string> = {
  restaurants: 'restaur',
  skies: 'sky',
  dying: 'die',
  news: 'news',
  proceed: 'proceed',
  flies: 'fli',
  dies: 'die',
  spied: 'spi',
  died: 'die',
  agreed: 'agre',
  feed: 'feed',
  plastered: 'plaster',
  motoring: 'motor',
  hopping: 'hop',
  falling: 'fall',
  hissing: 'hiss',
  failing: 'fail',
  filing: 'file',
  happy: 'happi',
  enjoy: 'enjoy',
  spy: 'spi',
  relational: 'relat',
  conditional: 'condit',
  rational: 'ration',
  digitizer: 'digit',
  radically: 'radic',
  differently: 'differ',
  vietnamization: 'vietnam',
  operator: 'oper',
  feudalism: 'feudal',
  decisiveness: 'decis',
  hopefulness: 'hope',
  callousness: 'callous',
  formality: 'formal',
  sensitivity: 'sensit',
  archaeology: 'archaeolog',
  geology: 'geolog',
  hopefully: 'hope',
  triplicate: 'triplic',
  formative: 'form',
  formalize: 'formal',
  electricity: 'electr',
  electrical: 'electr',
  goodness: 'good',
  revival: 'reviv',
  allowance: 'allow',
  inference: 'infer',
  adjustable: 'adjust',
  replacement: 'replac',
  adjustment: 'adjust',
  dependent: 'depend',
  adoption: 'adopt',
  communion: 'communion',
  effective: 'effect',
  probate: 'probat',
  rate: 'rate',
  cease: 'ceas',
  controlling: 'control',
  roll: 'roll',
  as: 'as',
  be: 'be',
  yes: 'ye',
  Inning: 'inning',
  ies: 'i',
  sses: 'ss',
  '2014': '2014',
  'caf\u00e9': 'caf\u00e9',
  "n't": "n't",
}

test('porterStem: as nltk', (t) => {
  for (const [word, stem] of Object.entries(STEMS)) t.is(metrics.porterStem(word), stem, word)
})

test('WordNet: synonyms of base forms in all parts of speech, without compounds', (t) => {
  const of = (word: string) => [...wordnet.synonyms(word)].toSorted()
  t.deepEqual(of('restaurants'), ['eatery', 'restaurant'])
  t.deepEqual(of('guide'), ['guide', 'guidebook', 'usher'])
  t.deepEqual(of('children'), ['child', 'kid', 'nestling'])
  t.deepEqual(of('mice'), ['mouse'])
  t.deepEqual(of('place'), ['locate', 'place', 'situate', 'spot'])
  t.deepEqual(of('better'), ['good', 'well'])
  t.deepEqual(of('closer'), ['close', 'near', 'nigh'])
  t.deepEqual(of('offered'), ['offer', 'provide', 'supply'])
  t.deepEqual(of('London'), ['London'])
  t.deepEqual(of('unheard'), [])
  t.deepEqual(of(''), [])
})

test('WordNet: files that are missing or do not fit are named', async (t) => {
  const missing = await t.throwsAsync(metrics.WordNet.open(join(folder, 'nowhere')), { instanceOf: FileError })
  t.regex(missing.message, /nowhere/)
  const broken = join(folder, 'broken')
  writeWordNet(broken)
  const [verbs, kept] = [join(broken, 'data.verb'), join(broken, 'kept')]
  renameSync(verbs, kept)
  const lacks = await t.throwsAsync(metrics.WordNet.open(broken), { instanceOf: FileError })
  t.regex(lacks.message, /received +no data\.verb\n/)
  renameSync(kept, verbs)
  writeFileSync(join(broken, 'data.noun'), 'x\n'.repeat(500))
  const other = await metrics.WordNet.open(broken)
  t.throws(() => other.synonyms('restaurant'), { instanceOf: FormatError, message: /data\.noun/ })
  const { error } = await caught(() => metrics.meteor(['a'], ['a'], { wordnet: {} as never }))
  t.true(error instanceof OptionError)
})

// Answers as the tool does: a line of statistics for each SCORE; for EVAL a score per segment and one of the whole.
const STAND_IN = `#!${process.execPath}
const [memory, flag, jar, ...rest] = process.argv.slice(2)
if (memory !== '-Xmx2G' || flag !== '-jar' || rest.join(' ') !== '- - -stdio -l en -norm') throw new Error(process.argv.join(' '))
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [command, ...parts] = line.split(' ||| ')
  if (jar.endsWith('silent.jar')) return
  if (jar.endsWith('broken.jar')) throw new Error('no paraphrase table')
  if (jar.endsWith('words.jar')) return console.log('hello')
  const words = parts.map((part) => part.split(' ').filter(Boolean).length)
  if (command === 'SCORE') return console.log([words.at(-1), ...words.slice(0, -1)].join(' '))
  const lengths = parts.map((part) => Number(part.split(' ')[0]))
  for (const length of lengths) console.log(length / 100)
  console.log(lengths.reduce((sum, length) => sum + length, 0) / 1000)
})
`

function tool(name: string): { jar: string; java: string } {
  const java = join(folder, 'java')
  writeFileSync(java, STAND_IN)
  chmodSync(java, 0o755)
  const jar = join(folder, `${name}.jar`)
  writeFileSync(jar, '')
  return { jar, java }
}

// A script with a first line that names its program is no program on Windows.
const onUnix = process.platform === 'win32' ? test.skip : test

onUnix('meteorJava: asks the tool for each segment and takes its scores', async (t) => {
  const outputs = ['a pub cheap', '', 'one ||| two']
  const got = await metrics.meteorJava(outputs, [['a', 'b c'], ['d'], ['e']], { ...tool('good'), tokenize: 'none' })
  t.deepEqual(got, { score: 0.005, each: [0.03, 0, 0.02] })
})

onUnix('meteorJava: a tool that fails says why', async (t) => {
  const run = (options: { jar: string; java?: string }) => metrics.meteorJava(['a'], ['b'], options)
  t.regex((await t.throwsAsync(run(tool('broken')), { instanceOf: FileError })).message, /no paraphrase table/)
  t.regex((await t.throwsAsync(run(tool('words')), { instanceOf: FormatError })).message, /hello/)
  const { jar } = tool('good')
  t.regex(
    (await t.throwsAsync(run({ jar, java: join(folder, 'nojava') }), { instanceOf: FileError })).message,
    /ENOENT/,
  )
  t.regex((await t.throwsAsync(run({ jar: join(folder, 'no.jar') }), { instanceOf: FileError })).message, /no\.jar/)
})

onUnix('meteorJava: a signal ends a tool that does not answer', async (t) => {
  const controller = new AbortController()
  const scores = metrics.meteorJava(['a'], ['b'], { ...tool('silent'), signal: controller.signal })
  setTimeout(() => controller.abort(), 200)
  await t.throwsAsync(scores, { instanceOf: AbortedError })
})
