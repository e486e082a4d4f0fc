// Prints the losses of 20 LoRA steps on models/base as JSON: the same program on every platform.
import { fileURLToPath } from 'node:url'
import * as lora from 'loralib'

const STEPS = 20
const base = fileURLToPath(new URL('../../models/base', import.meta.url))
const model = await lora.models.GPT2LMHeadModel.fromPretrained(base, { dtype: 'f32' })
const tokenizer = lora.tokenizers.Tokenizer.fromFolder(base)
lora.manualSeed(7)
lora.injectLora(model, { targets: ['c_attn', 'c_proj', 'c_fc'], r: 8, loraAlpha: 16, loraDropout: 0.1 })
lora.markOnlyLoraAsTrainable(model)
const trained = model.parameters().filter((parameter) => parameter.requiresGrad)
const optimizer = new lora.optim.AdamW(trained, { lr: 1e-3 })

const text =
  'name : The Eagle | type : coffee shop | food : French || The Eagle is a coffee shop that serves French food . '
const ids = tokenizer.encode(text.repeat(2))
const batch = [0, 1, 2, 3].map((row) => ids.slice(row, row + 48))
const losses = []
for (let step = 0; step < STEPS; step++) {
  const { loss } = model.train().forward(batch, { labels: batch })
  loss.backward()
  await optimizer.step()
  optimizer.zeroGrad()
  losses.push(await loss.item())
}
console.log(JSON.stringify({ isa: lora.backend().isa, losses }))
