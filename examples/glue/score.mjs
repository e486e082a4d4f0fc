// The scores of a GLUE task from two files: predictions and labels, one row each, the value in the last column.
//   node examples/glue/score.mjs --task mrpc --predictions predict_results_mrpc.txt --labels labels.tsv
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { metrics } from 'loralib'
import { Problem, shorten } from '../lib/problem.mjs'
import { runExample } from '../lib/run-example.mjs'
import { table } from '../lib/table.mjs'

const USAGE = `node examples/glue/score.mjs --task TASK --predictions FILE --labels FILE [--json]

  --task TASK          ${metrics.GLUE_TASKS.join(', ')}
  --predictions FILE   one row a line; the value stands in the last column (tabs), such as index<TAB>prediction
  --labels FILE        the same for the labels
  --classes LIST       names in the files for the classes 0, 1, …, such as entailment,not_entailment
  --json               one JSON object instead of a table

A first line whose last column is neither a number nor a class is a heading.`

const OPTIONS = {
  task: { type: 'string' },
  predictions: { type: 'string' },
  labels: { type: 'string' },
  classes: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
}

await runExample(async () => {
  const given = parse()
  if (given.help) return console.log(USAGE)
  for (const name of ['task', 'predictions', 'labels']) {
    if (given[name] === undefined) throw new Problem(`--${name} is needed\n\n${USAGE}`)
  }
  const classes = given.classes?.split(',').map((name) => name.trim()) ?? []
  const scores = metrics.glue(
    given.task,
    await readColumn(given.predictions, classes),
    await readColumn(given.labels, classes),
  )
  if (given.json) return console.log(JSON.stringify(scores))
  const rows = Object.entries(scores).map(([name, value]) => [name, value.toFixed(4)])
  console.log(table(['score', given.task], rows))
})

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    throw new Problem(`${error.message.split('. ')[0]}\n\n${USAGE}`)
  }
}

async function readColumn(path, classes) {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new Problem(`cannot read ${path}: ${error.message}`)
  })
  const cells = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.split('\t').at(-1).trim())
  const values = cells.map((cell) =>
    classes.includes(cell) ? classes.indexOf(cell) : cell === '' ? NaN : Number(cell),
  )
  const start = Number.isNaN(values[0]) ? 1 : 0
  const bad = values.findIndex((value, i) => i >= start && Number.isNaN(value))
  if (bad < 0) return values.slice(start)
  const expected = ['a number', ...classes].join(' or ')
  throw new Problem(`${path}, line ${bad + 1}: the last column is not usable`, {
    expected,
    received: shorten(cells[bad]),
  })
}
