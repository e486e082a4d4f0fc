// Kinds `model_checkpoint` and `half_model`: whole models under the names that circulate, and in half precision.
import * as lora from 'loralib'
import { toHost, toleranceOf } from './compare.mjs'
import { replaceLayers } from './nlg.mjs'
import { loadModel } from './peft.mjs'

const CHECKPOINT =
  /^logits of GPT2LMHeadModel with this checkpoint; no missing and no unexpected key once the names are mapped/

export const checkpointKinds = {
  model_checkpoint: {
    run: runCheckpoint,
    settings: ['input', 'model_dir', 'lora'],
    fixed: { 'lora.merge_weights': 'merged or not, the model computes the same' },
    words: {},
  },
  half_model: {
    run: runHalf,
    settings: ['model_dir', 'same_as'],
    words: { max_difference_native: 'what was measured, for information' },
  },
}

/** The checkpoint on a base with fresh weights, so that every weight has to come from it. */
async function runCheckpoint(fixture, check) {
  const { entry } = fixture
  check.rule(['compare'], CHECKPOINT, { mutants: ['logits of GPT2Model'] })
  const config = fixture.json(`${entry.model_dir}/config.json`)
  const model = lora.models[config.architectures[0]].fromConfig(config).eval()
  if (entry.lora !== undefined) replaceLayers(model, entry.lora)
  const { missingKeys, unexpectedKeys } = model.loadStateDict(await lora.load(fixture.path(entry.input.path)))
  check.that('compare', missingKeys.length + unexpectedKeys.length === 0, `${missingKeys}; ${unexpectedKeys}`)
  await check.close('logits', logitsOf(model, fixture), toleranceOf(entry))
}

/** A folder in half precision: the weights are those of the f32 folder, rounded, and what is computed is f32. */
async function runHalf(fixture, check) {
  const { entry } = fixture
  const config = fixture.json(`${entry.model_dir}/config.json`)
  const model = await loadModel(fixture, config)
  const wide = await lora.load(fixture.path(`${entry.same_as}/model.safetensors`))
  const weights = Object.entries(model.stateDict()).filter(([, { ndim }]) => ndim === 2)
  for (const dtype of new Set(weights.map(([, tensor]) => tensor.dtype))) check.fact(['dtype'], dtype)
  for (const [name, tensor] of weights) {
    const [got, want] = [await toHost(tensor), await toHost(wide[name].to(tensor.dtype))]
    check.that('same_as', String(got.data) === String(want.data), `${name} is not the rounded weight`)
  }
  for (const name of ['logits', 'native.logits']) {
    const part = name === 'logits' ? 'f32 arithmetic on these weights' : 'native arithmetic'
    await check.close(name, logitsOf(model, fixture), toleranceOf(entry, part))
  }
}

const logitsOf = (model, fixture) => lora.noGrad(() => model.forward(fixture.tensor('input_ids'))).logits
