// Proves that what an await, an operation, a training step and a token cost does not depend on how many tensors live and how many streams are open.
//
//   npm run proof:scale [-- --short] [--only costs|models] [--tensors 1000,100000]
//
// `costs`: with 10, 1,000, 100,000 and 1,000,000 live tensors, and with 1 stream and 500: the median of each is within 20 % of that with 10 tensors and
// one stream. Each number of tensors has a process of its own, which takes turns with one that keeps 10, so that a machine that becomes slower meanwhile
// is not taken for a slope. The work is counted, too: entries of the queue, tensors listed, uses and streams looked at.
// `models`: 1,000 models of GPT-2 small's shape that share a base, each with an adapter of its own: time to make, memory of each, and the delay of the
// event loop outside V8's pauses, which are listed; the best of three runs.
// `--short` (CI) makes fewer of all and judges counts alone, no times. Exit code 1 when something does not hold.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checks } from './lib/report.mjs'
import { measureCosts } from './scale/costs.mjs'
import { measureModels } from './scale/models.mjs'
import { reportCosts, reportModels } from './scale/report.mjs'

const PARTS = { costs: measureCosts, models: measureModels }

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    tensors: { type: 'string' },
    part: { type: 'string' },
    count: { type: 'string' },
  },
})
const { short } = values

if (values.part !== undefined) {
  process.send(await PARTS[values.part]({ count: Number(values.count), short }))
  process.exit()
}

const check = checks({ judgeTimes: !short })
if (values.only !== 'models') {
  const counts = values.tensors?.split(',').map(Number) ?? (short ? [1000, 20_000] : [10, 1000, 100_000, 1_000_000])
  for (const count of counts) reportCosts(check, await inProcess('costs', count))
}
if (values.only !== 'costs') reportModels(check, await bestModels(short ? 30 : 1000, short ? 1 : 3))
check.end()

/** What stands in the way of one run, be it the machine or V8's other threads on few cores, is not in all of them: the run with the shortest worst delay. */
async function bestModels(count, times) {
  let best = null
  for (let i = 0; i < times; i++) {
    const run = await inProcess('models', count)
    if (run === null) return null
    if (best === null || worstOf(run) < worstOf(best)) best = run
  }
  return best
}

function worstOf({ made, delay }) {
  return Math.max(made.worst, delay.worst)
}

/** One part in a process of its own; its result, or null when it crashed. */
function inProcess(part, count) {
  const args = [fileURLToPath(import.meta.url), '--part', part, '--count', String(count), ...(short ? ['--short'] : [])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new Promise((resolve) => {
    let result = null
    child.on('message', (sent) => (result = sent))
    child.on('exit', () => resolve(result))
  })
}
