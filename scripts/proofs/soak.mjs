// Proves that a server on one base model withstands what users do to it.
//
//   npm run proof:soak -- [--minutes 10] [--short] [--users 6] [--seed 1] [--solo 12] [--model models/base]
//
// examples/server.mjs runs unchanged, in a process of its own. Users, half of them calm and half of them wild, train adapters, ask, leave in the
// middle of a response, abort trainings, swap and copy and delete adapters, send rubbish of fourteen kinds, and start and end worker threads
// in the server's process. What they do follows from the seed; when they do it, from the machine. Then:
//   no crash, nothing on the error stream; no request lost: each got the required response, or was left by its own client;
//   memory is constant: the last third of the time against what follows the first fifth, and at the end the server holds the base, the
//   adapters in use and nothing else;
//   adapters of calm users are equal to the bit to those of the same task alone in a fresh process. So are wild users' finished ones.
// Exit code 1 on failure. --short is for CI: 20 seconds with a tiny model.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeTinyModel } from '../../examples/lib/tiny.mjs'
import { checks, mb, quantile } from './lib/report.mjs'
import { Client, Tally } from './soak/client.mjs'
import { Random } from './soak/random.mjs'
import { KINDS } from './soak/rubbish.mjs'
import { Server } from './soak/server.mjs'
import { trainAlone, workerAlone } from './soak/solo.mjs'
import { User } from './soak/user.mjs'
import { Watch } from './soak/watch.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MOST_GROWTH = 1.15
// In a short run the JavaScript heap still grows to its usual size.
const MOST_GROWTH_SHORT = 1.35

const text = { type: 'string' }
const { values } = parseArgs({
  options: { minutes: text, users: text, seed: text, solo: text, model: text, short: { type: 'boolean' } },
})
const minutes = Number(values.minutes ?? (values.short ? 20 / 60 : 10))
const solo = Number(values.solo ?? (values.short ? 2 : 12))
const seed = Number(values.seed ?? 1)
const data = join(ROOT, 'examples/data/e2e/train.jsonl')
const folder = mkdtempSync(join(tmpdir(), 'loralib-soak-'))
const tiny = () => makeTinyModel(join(folder, 'model'), data)
const model = values.model ?? (values.short ? await tiny() : join(ROOT, 'models/base'))
const workerLosses = await workerAlone()
const world = await makeWorld()
console.log(`${world.users.length} users, seed ${seed}, ${minutes.toFixed(1)} minutes, server ${world.server.pid}`)
const start = await held()
const watch = new Watch(world, { minutes, everyMs: values.short ? 5000 : 30_000 })
await Promise.race([Promise.all(world.users.map((user) => user.run())), crashed()])
watch.stop()
const end = world.server.crash === null ? await held() : null
const bare = end && (await withoutAdapters())
await world.server.stop()
const alone = await compareAlone()
report()
rmSync(folder, { recursive: true, force: true })

async function makeWorld() {
  const server = await Server.start(model, join(folder, 'adapters'))
  const over = performance.now() + minutes * 60_000
  const rows = readFileSync(data, 'utf8').trim().split('\n').slice(0, 400)
  const texts = rows.map((row) => Object.values(JSON.parse(row)).join('\n'))
  const world = { server, address: server.address, texts, tally: new Tally(), firstTokens: [], tokens: 0 }
  Object.assign(world, { rubbish: {}, nextRubbish: 0 })
  world.workers = { ended: 0, finished: 0, wrong: 0 }
  world.isOver = () => performance.now() > over || server.crash !== null
  world.worker = async (ms) => {
    const losses = await server.worker(ms)
    world.workers.ended += 1
    if (losses === null) return
    world.workers.finished += 1
    if (JSON.stringify(losses) !== workerLosses) world.workers.wrong += 1
  }
  const client = new Client(server.address, world.tally)
  const user = (_, i) => new User({ name: `user-${i}`, calm: i % 2 === 0, seed: seed * 1000 + i, client, world })
  world.users = Array.from({ length: Number(values.users ?? 6) }, user)
  return world
}

/** What the server holds, and how many models are in use. */
async function held() {
  const client = new Client(world.server.address, new Tally())
  const [list] = (await client.ask('GET /adapters')).lines
  const [memory] = (await client.ask('GET /memory')).lines
  return { ...memory, models: list.filter(({ inMemory }) => inMemory).length }
}

/** Its memory when all adapters are deleted. */
async function withoutAdapters() {
  const client = new Client(world.server.address, new Tally())
  const [list] = (await client.ask('GET /adapters')).lines
  for (const { customer } of list) await client.ask(`DELETE /adapters/${customer}`)
  return held()
}

async function crashed() {
  while (world.server.crash === null && !world.isOver()) await new Promise((resolve) => setTimeout(resolve, 200))
  if (world.server.crash === null) await new Promise(() => {})
}

/** Some of the adapters, of calm and of wild users, retrained one by one. */
async function compareAlone() {
  const random = new Random(seed)
  const all = world.users.flatMap((user) => user.trained.map((each) => ({ ...each, calm: user.calm })))
  const shuffled = all.map((each) => ({ each, key: random.next() })).sort((a, b) => a.key - b.key)
  const chosen = shuffled.slice(0, solo).map(({ each }) => each)
  const different = []
  for (const each of chosen) if ((await trainAlone(model, each)) !== each.hash) different.push(each.customer)
  return { all: all.length, chosen: chosen.length, calm: chosen.filter(({ calm }) => calm).length, different }
}

function report() {
  const { tally, users, workers, rubbish, firstTokens, server } = world
  console.log('\nwhat the users did')
  for (const { name, calm, did } of users) {
    const list = Object.entries(did).map(([what, count]) => `${what} ${count}`)
    console.log(`  ${name}  ${calm ? 'calm' : 'wild'}  ${list.join(', ')}`)
  }
  const sent = Object.entries(rubbish).map(([kind, count]) => `${kind} ${count}`)
  console.log(`  rubbish: ${sent.join(', ')}`)
  console.log(
    `  first token after ${quantile(firstTokens, 0.5).toFixed(0)} ms (p50), ${quantile(firstTokens, 0.99).toFixed(0)} ms (p99)\n`,
  )

  const check = checks()
  check(`the server lived: ${server.crash ?? 'to the end'}`, server.crash === null)
  check(`its error stream: ${server.complaints.slice(0, 500) || 'empty'}`, server.complaints === '')
  const accounted = tally.answered + tally.refused + tally.left
  check(`${tally.sent} requests, ${accounted} accounted for`, accounted === tally.sent && tally.sent > 0, 'all')
  check(`lost: ${tally.lost.slice(0, 5).join('; ') || 'none'}`, tally.lost.length === 0)
  check(`wrong answers: ${tally.wrong.slice(0, 5).join('; ') || 'none'}`, tally.wrong.length === 0)
  const kinds = Object.keys(rubbish).length
  check(`${kinds} of ${KINDS.length} kinds of rubbish were sent`, kinds >= 10, 'at least 10') // prettier-ignore
  const { finished, ended, wrong } = workers
  check(`${ended} workers ended, ${ended - finished} of them in the middle; ${wrong} of ${finished} trained other numbers than alone`, ended > 0 && wrong === 0) // prettier-ignore
  const [early, late] = [watch.usual(0.2, 2 / 3), watch.usual(2 / 3, Infinity)]
  const most = values.short ? MOST_GROWTH_SHORT : MOST_GROWTH
  check(`private memory, nine tenths of the time below ${mb(early)} MB after the first fifth, ${mb(late)} MB in the last third, ratio ${(late / early).toFixed(3)}`, late / early <= most, `at most ${most}`) // prettier-ignore
  if (end) checkHeld(check)
  const { all, chosen, calm, different } = alone
  check(`${chosen} of ${all} trained adapters trained again alone, ${calm} of calm users: ${chosen - different.length} equal to the bit`, chosen > 0 && different.length === 0, 'all') // prettier-ignore
  check.end()
}

/** The server holds the base as at the start, an adapter for each model in use, and nothing else. */
function checkHeld(check) {
  const each = end.models === 0 ? 0 : end.adapter.tensors / end.models
  check(`base: ${end.base.tensors} tensors, ${mb(end.base.bytes)} MB; at the start ${start.base.tensors}, ${mb(start.base.bytes)} MB`, end.base.tensors === start.base.tensors && end.base.bytes === start.base.bytes) // prettier-ignore
  check(`${end.models} models in use, ${end.adapter.tensors} tensors of adapters, ${mb(end.adapter.bytes)} MB`, Number.isInteger(each), 'as many for each') // prettier-ignore
  const rest = end.total.tensors - end.base.tensors - end.adapter.tensors
  check(`other tensors: ${rest}; nodes of the tape: ${end.tapeNodes}`, rest === 0 && end.tapeNodes === 0, 'none')
  check(`without adapters the allocator counts ${bare.liveBytes} bytes, at the start ${start.liveBytes}`, bare.liveBytes === start.liveBytes && bare.total.tensors === start.total.tensors, 'to the byte') // prettier-ignore
}
