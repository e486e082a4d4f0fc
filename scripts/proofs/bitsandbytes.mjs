// npm run proof:bitsandbytes [-- --keep]: folders that Python's bitsandbytes and transformers save are read here. 288 weights in every form of 4 bits (NF4 and FP4, made from
// f32, f16 and bf16, all sizes of blocks, with and without double quantisation) and models in 4 and 8 bits that transformers saved: every number is that of bitsandbytes, and
// the logits are those of transformers with these weights within 1e-4 (ours in f32, theirs in f64). PyTorch, transformers and bitsandbytes are installed in .cache (once; 4 GB).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag, readArgs } from '../lib/args.mjs'
import { needBuild } from '../lib/stamp.mjs'
import { pythonWithPeft } from '../lib/transformers.mjs'
import { reference } from './lib/reference.mjs'

const LIMIT = 1e-4
const { keep } = readArgs({ options: { keep: flag } }).values
needBuild()
const lora = await import('loralib')
const python = await pythonWithPeft()
const folder = mkdtempSync(join(tmpdir(), 'loralib-bitsandbytes-'))

async function main() {
  let passed = 0
  const cases = await reference(python, 'bitsandbytes/reference.py', [folder])
  console.log(`${'folder'.padEnd(34)}  weights  other numbers  logits`)
  for (const { name, path } of cases) {
    const { weights, others, logits, problem } = await compare(path).catch((error) => ({ problem: error.stack }))
    const isOk = problem === undefined && weights > 0 && others === 0 && !(logits > LIMIT)
    if (isOk) passed++
    const row =
      problem ?? `${String(weights).padStart(7)}  ${String(others).padStart(13)}  ${logits?.toExponential(1) ?? '–'}`
    console.log(`${isOk ? 'ok    ' : 'FAILED'}  ${name.padEnd(34)}${row}`)
  }
  console.log(`${passed} of ${cases.length} folders agree`)
  return passed === cases.length
}

/** How many weights there are, how many of their numbers are others than those of bitsandbytes, and the largest difference of logits. */
async function compare(path) {
  const read = (options) => lora.models.AutoModelForCausalLM.fromPretrained(path, options)
  const { ids, logits, ...floats } = await lora.load(join(path, 'floats.safetensors'))
  const dict = (await read()).stateDict()
  let others = 0
  for (const [name, want] of Object.entries(floats)) {
    const got = dict[name]
    if (got.dtype !== want.dtype) throw new Error(`${name} is ${got.dtype}, not ${want.dtype}`)
    const [a, b] = [await got.data(), await want.data()]
    if (a.length !== b.length) throw new Error(`${name} has ${a.length} numbers, not ${b.length}`)
    others += a.reduce((count, value, i) => count + Number(value !== b[i]), 0)
  }
  const weights = Object.keys(floats).length
  if (logits === undefined) return { weights, others }
  const wide = await read({ dtype: 'f32' })
  const own = lora.noGrad(() => wide.forward(ids).logits)
  return { weights, others, logits: await own.to('f64').sub(logits).abs().max().item() }
}

try {
  process.exitCode = (await main()) ? 0 : 1
} finally {
  if (!keep) rmSync(folder, { recursive: true, force: true })
}
