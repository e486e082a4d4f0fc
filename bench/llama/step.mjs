// node bench/llama/step.mjs MODEL.gguf IDS.json --form file|f32 --threads N: training steps of LoRA r 8 on all linear layers, 4 x 128 tokens, on the blocks of a file or on their numbers in f32.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' }, form: { type: 'string', default: 'file' } },
})
const [path, idsPath] = positionals
process.env.LORALIB_THREADS = values.threads
const lora = await import('loralib')

const [ROWS, TOKENS, STEPS] = [4, 128, 5]
const all = JSON.parse(readFileSync(idsPath, 'utf8'))
const ids = Array.from({ length: ROWS }, (_, row) => all.slice(row * TOKENS, (row + 1) * TOKENS))
const options = values.form === 'f32' ? { dtype: 'f32' } : {}
const base = await lora.models.AutoModelForCausalLM.fromPretrained(path, options)
lora.manualSeed(1)
const model = lora.peft.getPeftModel(base, { r: 8, loraAlpha: 16, targetModules: 'all-linear' })
model.train()
const optimizer = new lora.optim.AdamW(model.trainableParameters(), { lr: 1e-4 })

const times = []
for (let step = 0; step < STEPS; step++) {
  const began = performance.now()
  optimizer.zeroGrad()
  await model.forward(ids, { labels: ids }).loss.backward()
  await optimizer.step()
  await lora.settle()
  times.push(performance.now() - began)
}
console.log(JSON.stringify({ stepMs: Math.min(...times.slice(1)) }))
