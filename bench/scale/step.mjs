// node bench/scale/step.mjs MODEL.gguf --threads N --reps N --precision highest|medium: training steps of LoRA r 16 on all linear layers, 1 x 512 tokens, with checkpointing.
import { parseArgs } from 'node:util'
import { statusMb } from '../lib/status.mjs'

const option = (value) => ({ type: 'string', default: value })
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: option('2'), reps: option('2'), precision: option('highest') },
})
// Set before the package is imported, since the engine reads it when it starts.
process.env.LORALIB_THREADS = values.threads
const lora = await import('loralib')
lora.setFloat32MatmulPrecision(values.precision)

const base = await lora.models.AutoModelForCausalLM.fromPretrained(positionals[0])
base.gradientCheckpointingEnable()
const model = lora.peft.getPeftModel(base, { r: 16, loraAlpha: 32, targetModules: 'all-linear' })
const optimizer = new lora.optim.AdamW(model.trainableParameters(), { lr: 1e-4 })
const ids = [Array.from({ length: 512 }, (_, i) => (i * 7919 + 13) % base.config.vocab_size)]
model.train()

const [ms, losses] = [[], []]
for (let step = 0; step < 1 + Number(values.reps); step++) {
  const began = performance.now()
  optimizer.zeroGrad()
  const { loss } = model.forward(ids, { labels: ids })
  await loss.backward()
  await optimizer.step()
  losses.push(await loss.item())
  loss.dispose()
  ms.push(performance.now() - began)
}
console.log(
  JSON.stringify({
    ms: ms.slice(1),
    losses,
    peakMb: statusMb('VmHWM'),
    anonymousMb: statusMb('RssAnon'),
    trainable: model.trainableCount().trainable,
    isa: lora.backend().isa,
  }),
)
