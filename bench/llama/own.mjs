// node bench/llama/own.mjs MODEL IDS.json --threads N --tokens 128 --precision medium|highest: the work of peer.mjs with this package, from the same file.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { statusMb } from '../lib/status.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '128' },
    precision: { type: 'string', default: 'highest' },
  },
})
const [path, idsPath] = positionals
// Set before the package is imported, since the engine reads it when it starts.
process.env.LORALIB_THREADS = values.threads
const lora = await import('loralib')

const tokens = Number(values.tokens)
const ids = [JSON.parse(readFileSync(idsPath, 'utf8'))]
lora.setFloat32MatmulPrecision(values.precision)
const model = await lora.models.AutoModelForCausalLM.fromPretrained(path)
await lora.settle()
const weightBytes = lora.memory().base.bytes

/** The time of so many tokens; a stop token counts as any other. */
async function generate(count) {
  const began = performance.now()
  const [row] = await model.generate(ids, { maxNewTokens: count, minNewTokens: count, eosTokenId: [] })
  return { ms: performance.now() - began, text: row.slice(ids[0].length) }
}

const runs = []
for (let run = 0; run < 3; run++) runs.push({ first: (await generate(1)).ms, ...(await generate(tokens + 1)) })
const measured = runs.slice(1)
console.log(
  JSON.stringify({
    promptMs: Math.min(...measured.map(({ first }) => first)),
    textMs: Math.min(...measured.map(({ first, ms }) => ms - first)),
    peakMb: statusMb('VmHWM'),
    weightBytes,
    isa: lora.backend().isa,
    amx: lora.backend().amx,
    text: measured.at(-1).text.slice(0, tokens),
  }),
)
