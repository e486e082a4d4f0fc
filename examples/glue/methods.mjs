// One encoder, real mails, five ways to fine-tune it: what each trains, how long a step takes, what memory it needs, how well it tells spam from ham.
//   npm run example:glue [-- --steps 60 --seeds 3]
// Each run is a process of its own (method.mjs), so that its memory is its own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fetchEncoder, fetchMails } from '../lib/glue-assets.mjs'
import { writeMails } from '../lib/mails.mjs'
import { count, percent, table } from '../lib/table.mjs'
import { METHODS } from './method.mjs'

const text = (fallback) => ({ type: 'string', default: fallback })
const { values: given } = parseArgs({
  options: { steps: text('60'), seeds: text('3'), train: text('960'), test: text('400') },
})
const [steps, seeds] = [Number(given.steps), Number(given.seeds)]

const model = await fetchEncoder()
const data = writeMails(await fetchMails(), '.cache/mails', { train: Number(given.train), test: Number(given.test) })

let running = null
process.on('SIGINT', () => running?.kill('SIGINT'))

/** A run in a process of its own. @returns what it measured */
function run(method, seed) {
  const script = fileURLToPath(new URL('method.mjs', import.meta.url))
  // That the head is fresh is no news here.
  const args = ['--disable-warning=LORA_FRESH_HEAD', script, '--method', method, '--seed', String(seed)]
  args.push('--model', model, '--train', data.train, '--test', data.test, '--steps', String(steps))
  return new Promise((resolve, reject) => {
    running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    running.stdout.setEncoding('utf8').on('data', (part) => (out += part))
    running.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${method}: exit code ${code}`)),
    )
  })
}

console.log(
  `MiniLM-L6 on ${given.train} mails, ${steps} updates of 16; scored on ${given.test} others, half of them spam\n`,
)
const results = {}
for (const [name, method] of Object.entries(METHODS)) {
  results[name] = []
  // The comparison that decides has several seeds; of the others one shows the costs.
  for (let seed = 1; seed <= (method.decides ? seeds : 1); seed++) {
    const result = await run(name, seed)
    results[name].push(result)
    process.stderr.write(`${name}, seed ${seed}: balanced accuracy ${percent(result.score)}\n`)
  }
}

const mean = (numbers) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
const scores = (name) => results[name].map(({ score }) => score)
const whole = results.full[0].trained
const rows = Object.entries(results).map(([name, runs]) => [
  METHODS[name].title,
  count(runs[0].trained),
  percent(runs[0].trained / whole, 2),
  `${Math.round(mean(runs.map(({ stepMs }) => stepMs)))} ms`,
  `${Math.round(mean(runs.map(({ peakBytes }) => peakBytes)) / 1e6)} MB`,
  `${(runs[0].fileBytes / 1e6).toFixed(2)} MB`,
  scores(name)
    .map((score) => percent(score))
    .join('  '),
])
console.log(`\n${table(['method', 'trained', 'of full', 'step', 'memory', 'file', 'balanced accuracy'], rows)}`)
const [low, full] = [mean(scores('lora')), mean(scores('full'))]
const holds = low > 0.8 && low > full - 0.02
console.log(`\nLoRA ${percent(low)}, full fine-tuning ${percent(full)} on average (chance: 50 %)`)
console.log(`LoRA far above chance and within 2 points of full fine-tuning: ${holds ? 'yes' : 'no'}`)
process.exitCode = holds ? 0 : 1
