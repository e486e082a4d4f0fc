// One encoder, real mails, five ways to fine-tune it: what each trains, how long a step takes, what memory it needs, how well it tells spam from ham.
//   npm run example:glue [-- --steps 60 --seeds 3]
// Each run is a process of its own (method.mjs), so that its memory is its own.
import { fileURLToPath } from 'node:url'
import { runNode } from '../lib/child.mjs'
import { readFlags } from '../lib/flags.mjs'
import { fetchEncoder, fetchMails } from '../lib/glue-assets.mjs'
import { writeMails } from '../lib/mails.mjs'
import { Problem } from '../lib/problem.mjs'
import { runExample } from '../lib/run-example.mjs'
import { count, percent, table } from '../lib/table.mjs'
import { METHODS } from './method.mjs'

const FLAGS = {
  steps: [60, 'updates of 16 mails'],
  seeds: [3, 'runs of LoRA and of full fine-tuning; the others have one, which shows their costs'],
  train: [960, 'mails to train on'],
  test: [400, 'other mails to score'],
}

/** A run in a process of its own. @returns what it measured @throws the signal's reason after Ctrl-C */
async function run(method, seed, { model, data, steps }, signal) {
  const script = fileURLToPath(new URL('method.mjs', import.meta.url))
  // That the head is fresh is no news here.
  const args = ['--disable-warning=LORA_FRESH_HEAD', script, '--method', method, '--seed', String(seed)]
  args.push('--model', model, '--train', data.train, '--test', data.test, '--steps', String(steps))
  const { code, out } = await runNode(args, signal, 'pipe')
  if (code !== 0) throw new Problem(`${method} ended with status ${code}`, { fix: 'see its message above' })
  return JSON.parse(out)
}

const mean = (numbers) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
const scores = (runs) => runs.map(({ score }) => score)

await runExample(async (signal) => {
  const flags = readFlags('npm run example:glue -- [flags]', FLAGS)
  if (!flags) return
  const model = await fetchEncoder()
  const data = writeMails(await fetchMails(), '.cache/mails', { train: flags.train, test: flags.test })
  const about = `${flags.train} mails, ${flags.steps} updates of 16; scored on ${flags.test} others, half of them spam`
  console.log(`MiniLM-L6 on ${about}\n`)
  const results = {}
  for (const [name, method] of Object.entries(METHODS)) {
    results[name] = []
    // The comparison that decides has several seeds.
    for (let seed = 1; seed <= (method.decides ? flags.seeds : 1); seed++) {
      const result = await run(name, seed, { model, data, steps: flags.steps }, signal)
      results[name].push(result)
      console.log(`${name}, seed ${seed}: balanced accuracy ${percent(result.score)}`)
    }
  }
  sayTable(results)
})

function sayTable(results) {
  const whole = results.full[0].trained
  const rows = Object.entries(results).map(([name, runs]) => [
    METHODS[name].title,
    count(runs[0].trained),
    percent(runs[0].trained / whole, 2),
    `${Math.round(mean(runs.map(({ stepMs }) => stepMs)))} ms`,
    `${Math.round(mean(runs.map(({ peakBytes }) => peakBytes)) / 1e6)} MB`,
    `${(runs[0].fileBytes / 1e6).toFixed(2)} MB`,
    scores(runs)
      .map((score) => percent(score))
      .join('  '),
  ])
  console.log(`\n${table(['method', 'trained', 'of full', 'step', 'memory', 'file', 'balanced accuracy'], rows)}`)
  const [low, full] = [mean(scores(results.lora)), mean(scores(results.full))]
  const holds = low > 0.8 && low > full - 0.02
  console.log(`\nLoRA ${percent(low)}, full fine-tuning ${percent(full)} on average (chance: 50 %)`)
  console.log(`LoRA far above chance and within 2 points of full fine-tuning: ${holds ? 'yes' : 'no'}`)
  process.exitCode = holds ? 0 : 1
}
