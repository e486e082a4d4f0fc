// Fuzzes one reader of the library's TypeScript in this process: node child.mjs JSON-OF-OPTIONS. script.mjs starts it, watches its time and judges how it ends.
//
// The input is written to a file before it is read, so that it is there whatever happens. V8's coverage is taken after some inputs at once: it costs more
// than most inputs do. When it has grown, each of them is run again alone, and those that run blocks for the first time are kept.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Coverage } from './coverage.mjs'
import { mutate, Random } from './mutate.mjs'

const { reader: name, seconds, seeds, kept, temp, current, seed, mostMB, replay } = JSON.parse(process.argv[2])
const AT_ONCE = 24
const MOST_BYTES = 1 << 16

const { SCRIPTED } = await import('./readers.mjs')
const { open, isJson = true, words = [] } = SCRIPTED[name]
const folder = join(temp, 'files')
mkdirSync(folder, { recursive: true })
const read = await open(folder)
const { LoraError } = await import('loralib')
process.on('warning', () => {})
const startRss = process.memoryUsage().rss
let [runs, beat] = [0, Date.now()]
let coverage = null

/** Reads one input. A refusal is an error of the library; everything else that is thrown ends the process. */
async function run(input) {
  writeFileSync(current, input)
  try {
    await read(input)
  } catch (error) {
    const isRefusal = error instanceof LoraError && error.code !== 'ERR_LORA_INTERNAL'
    if (!isRefusal) end('crash', error?.stack ?? String(error))
  }
  runs += 1
  const used = process.resourceUsage().maxRSS * 1024 - startRss
  if (used > mostMB * 2 ** 20)
    end('memory', `${Math.round(used / 2 ** 20)} MB above the ${Math.round(startRss / 2 ** 20)} MB before`)
  if (Date.now() - beat > 200) tell()
}

function tell(more = {}) {
  beat = Date.now()
  const peak = process.resourceUsage().maxRSS * 1024 - startRss
  process.send?.({ runs, coverage: coverage?.size ?? 0, peak, ...more })
}

function end(kind, why) {
  process.send(
    { runs, coverage: coverage?.size ?? 0, peak: process.resourceUsage().maxRSS * 1024 - startRss, kind, why },
    () => process.exit(1),
  )
  // Nothing runs on meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)
  process.exit(1)
}

const files = [seeds, kept].filter(existsSync).flatMap((dir) => readdirSync(dir).map((file) => join(dir, file)))
const corpus = files.map((file) => readFileSync(file))
coverage = replay ? null : await Coverage.start()
tell()
for (const input of corpus) await run(input)
coverage?.add(await coverage.take())
if (!replay) await fuzz()
tell({ done: true })
process.exit(0)

async function fuzz() {
  const random = new Random(seed)
  const until = Date.now() + seconds * 1000
  const options = { others: corpus, words: words.length ? words : ['a'], isJson, most: MOST_BYTES }
  while (Date.now() < until) {
    const inputs = Array.from({ length: AT_ONCE }, () => {
      // Half of the time one of the latest finds.
      const from = random.below(2) === 0 ? Math.max(0, corpus.length - 16) : 0
      return mutate(corpus[from + random.below(corpus.length - from)], random, options)
    })
    for (const input of inputs) await run(input)
    const fresh = coverage.add(await coverage.take())
    for (const input of inputs) if (fresh.size > 0) await keepIfNew(input, fresh)
  }
}

/** Keeps an input that runs one of the blocks that are new in its batch. */
async function keepIfNew(input, fresh) {
  await run(input)
  const own = [...(await coverage.take())].filter((block) => fresh.delete(block))
  if (own.length === 0) return
  writeFileSync(join(kept, createHash('sha1').update(input).digest('hex')), input)
  corpus.push(input)
}
