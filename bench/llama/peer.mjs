// node bench/llama/peer.mjs MODULE MODEL IDS.json --threads N --tokens 128: llama.cpp through node-llama-cpp, which lies in the folder MODULE. A JSON line of what
// reading the prompt and writing greedy text took.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { statusMb } from '../lib/status.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' }, tokens: { type: 'string', default: '128' } },
})
const [folder, modelPath, idsPath] = positionals
const [threads, tokens] = [Number(values.threads), Number(values.tokens)]
const ids = JSON.parse(readFileSync(idsPath, 'utf8'))

const entry = createRequire(join(folder, 'package.json')).resolve('node-llama-cpp')
const { getLlama } = await import(pathToFileURL(entry).href)
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads })
const model = await llama.loadModel({ modelPath, useMmap: true })
const context = await model.createContext({
  contextSize: ids.length + tokens + 8,
  batchSize: ids.length,
  threads,
  sequences: 1,
})
const sequence = context.getSequence()

const runs = []
let text = []
for (let run = 0; run < 3; run++) {
  await sequence.clearHistory()
  const began = performance.now()
  let [first, count] = [0, 0]
  text = []
  // The stop token is only one of the tokens here, as both sides write the same number of them.
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (count === 0) first = performance.now()
    text.push(token)
    if (++count > tokens) break
  }
  runs.push({ promptMs: first - began, textMs: performance.now() - first, count: count - 1 })
}
const best = (key) => Math.min(...runs.slice(1).map((run) => run[key]))
console.log(
  JSON.stringify({
    promptMs: best('promptMs'),
    textMs: (best('textMs') / runs.at(-1).count) * tokens,
    peakMb: statusMb('VmHWM'),
    text: text.slice(0, tokens),
  }),
)
process.exit(0)
