// Models that proofs train: GPT-2's shape with random weights, and a tiny one.
import * as lora from 'loralib'

/** The shape of GPT-2 small with its true vocabulary, 124 million weights. */
export const SMALL = { vocab_size: 50257, n_positions: 1024, n_embd: 768, n_layer: 12, n_head: 12 }

/** A model that trains a few hundred steps a second. */
export const TINY = {
  vocab_size: 257,
  n_positions: 64,
  n_embd: 64,
  n_layer: 2,
  n_head: 4,
  eos_token_id: 256,
  bos_token_id: 256,
}

/** GPT-2 small with random weights and LoRA on `c_attn`, in training mode; the rest is frozen. About 500 MB. */
export function smallModel(options = {}) {
  return adapted(lora.models.GPT2LMHeadModel.fromConfig(SMALL), {
    targets: ['c_attn'],
    r: 4,
    loraAlpha: 32,
    ...options,
  })
}

/** Writes GPT-2 small (or another shape) with random weights into a folder, once; `smallModelFrom` maps it. */
export async function writeSmallBase(folder, shape = SMALL) {
  const model = lora.models.GPT2LMHeadModel.fromConfig(shape)
  await model.savePretrained(folder)
  for (const parameter of model.parameters()) parameter.dispose()
  await lora.settle()
}

/** As {@link smallModel}, with the base of a folder mapped. */
export async function smallModelFrom(folder, options = {}) {
  const model = await lora.models.GPT2LMHeadModel.fromPretrained(folder)
  return adapted(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, ...options })
}

/** The tiny model with LoRA in every projection and dropout, in training mode. */
export function tinyModel(options = {}) {
  const targets = ['c_attn', 'c_proj', 'c_fc']
  return adapted(lora.models.GPT2LMHeadModel.fromConfig(TINY), {
    targets,
    r: 4,
    loraAlpha: 8,
    loraDropout: 0.1,
    ...options,
  })
}

function adapted(model, options) {
  lora.injectLora(model, options)
  lora.markOnlyLoraAsTrainable(model)
  return model.train()
}

/** The parameters that train. */
export function trainable(model) {
  return model.parameters().filter((p) => p.requiresGrad)
}

/** Rows of token ids that follow a rule, so that a model can learn them; they change with the step. */
export function batch(step, [B, T, V]) {
  return Array.from({ length: B }, (_, b) => Array.from({ length: T }, (_, t) => (7 * b + 3 * t + (step % 8)) % V))
}
