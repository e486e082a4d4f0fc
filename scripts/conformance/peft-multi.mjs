// Kind `peft_multi`: several adapters on one model: each alone, two together, a different one for each row.
import * as lora from 'loralib'
import { toleranceOf } from './compare.mjs'
import { loadModel } from './peft.mjs'

const { PeftModel } = lora.peft
const BASE = '__base__'

/** The model of the case with its adapters, none of which acts. */
export async function loadMulti(fixture) {
  const { entry } = fixture
  const model = new PeftModel(await loadModel(fixture, fixture.json(`${entry.model_dir}/config.json`)), null)
  for (const [adapterName, dir] of Object.entries(entry.adapter_dirs))
    await model.loadAdapter(fixture.path(dir), { adapterName })
  return model.eval()
}

/** Each adapter alone, two whose updates add, and one for each row. */
export async function checkViews(fixture, check, model) {
  const { entry } = fixture
  const tolerance = toleranceOf(entry)
  const ids = fixture.tensor('input_ids')
  const logits = (view) => lora.noGrad(() => view.forward(ids)).logits
  const views = { base: BASE, one_and_two: ['one', 'two'] }
  for (const name of Object.keys(entry.adapter_dirs)) views[name] = name
  for (const [name, names] of Object.entries(views))
    await check.close(`${name}.logits`, logits(model.withAdapter(names)), tolerance)
  await check.close('mixed.logits', logits(model.withAdapters(entry.mixed_rows)), tolerance)
  const named = lora.noGrad(() => model.forward(ids, { adapterNames: entry.mixed_rows }))
  await check.close('mixed.logits', named.logits, tolerance, { where: 'adapterNames' })
}
