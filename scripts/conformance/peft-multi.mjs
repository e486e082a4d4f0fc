// Kind `peft_multi`: several folders of PEFT on one model: each alone, several at once, and weighted sums of them.
import * as lora from 'loralib'
import { toleranceOf } from './compare.mjs'
import { loadModel } from './peft.mjs'
import { optionsOf } from './python.mjs'

const { PeftModel } = lora.peft

export const peftMultiKinds = {
  peft_multi: {
    run: runMulti,
    settings: ['model_dir', 'adapter_dirs', 'combinations', 'mixed_rows'],
    words: { note: 'what `run` does', sign_note: 'what is compared' },
  },
}

async function runMulti(fixture, check) {
  const { entry } = fixture
  const tolerance = toleranceOf(entry)
  const config = fixture.json(`${entry.model_dir}/config.json`)
  const names = Object.keys(entry.adapter_dirs)
  const model = new PeftModel(await loadModel(fixture, config), null)
  for (const name of names) await model.loadAdapter(fixture.path(entry.adapter_dirs[name]), { adapterName: name })
  const ids = fixture.tensor('input_ids')
  const logits = (adapters) => lora.noGrad(() => model.withAdapter(adapters).forward(ids).logits)
  for (const name of names) await check.close(`${name}.logits`, logits(name), tolerance)
  await check.close('base.logits', logits('__base__'), tolerance)
  const rows = () => model.forward(ids, { adapterNames: entry.mixed_rows }).logits
  await check.close('mixed.logits', lora.noGrad(rows), tolerance)
  await check.close('one_and_two.logits', logits(['one', 'two']), tolerance)
  for (const { name, adapters, weights, ...options } of entry.combinations) {
    model.addWeightedAdapter(adapters, weights, name, optionsOf(options))
    await check.close(`combined.${name}.logits`, logits(name), tolerance)
    for (const key of fixture.names(`combined.${name}.delta.`)) {
      const path = `model.${key.slice(`combined.${name}.delta.`.length)}`
      const { lora_A, lora_B, scaling } = model.base_model.getSubmodule(path).adapters.get(name)
      await check.close(
        key,
        lora.noGrad(() => lora_B.matmul(lora_A).mul(scaling)),
        tolerance,
      )
    }
  }
}
