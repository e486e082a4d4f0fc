// The model of the NLG scripts: a base from a folder, LoRA on queries and values, and what a checkpoint holds.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'
import { hubOptions } from '../../lib/download.mjs'
import { Problem } from '../../lib/problem.mjs'

/** No dropout but LoRA's, as in the example's own GPT-2. */
const WITHOUT_DROPOUT = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 }

/**
 * Reads a model, from its folder or by its hub id, and adapts it; with `lora_dim` 0 all its weights are there to be trained. With `targets`, LoRA goes on these layers as a whole
 * instead of on queries and values.
 */
export async function loadModel(dirOrHubId, flags, signal) {
  const full = flags.lora_dim === 0
  const dtype = flags.bf16 ? { dtype: 'bf16' } : full ? { dtype: 'f32' } : {}
  const options = { config: WITHOUT_DROPOUT, mapped: !full, ...dtype, ...hubOptions(signal) }
  const model = await lora.models.AutoModelForCausalLM.fromPretrained(dirOrHubId, options)
  const { lora_dim: loraDim, lora_alpha: loraAlpha, lora_dropout: loraDropout } = flags
  if (!flags.lora_targets || full) {
    lora.train.adaptForNlg(model, { loraDim, loraAlpha, loraDropout, sameStart: flags.same_start ?? false })
  } else {
    const targets = flags.lora_targets.split(',')
    // An adapted token embedding takes the head that is tied to it along.
    const includeTied = targets.includes('wte')
    const layer = { r: loraDim, loraAlpha, mergeWeights: false, includeTied }
    lora.injectLora(model, { targets, ...layer, ...(loraDropout > 0 ? { loraDropout } : {}) })
    lora.markOnlyLoraAsTrainable(model)
  }
  if (flags.init_checkpoint) await loadTrained(model, flags.init_checkpoint)
  return model
}

/** Loads trained parameters from a file, or from the folder of a checkpoint. */
export async function loadTrained(model, path) {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory()
  const file = isFolder ? join(path, 'trained.safetensors') : path
  const { missingKeys, unexpectedKeys } = model.loadStateDict(await lora.load(file), { strict: false })
  const trainable = [...model.namedParameters()].filter(([, tensor]) => tensor.requiresGrad).map(([name]) => name)
  const left = trainable.filter((name) => missingKeys.includes(name))
  if (unexpectedKeys.length === 0 && left.length === 0) return
  throw new Problem(`${file} does not fit the model`, {
    expected: `${trainable.length} trained parameters (${trainable[0]}, …)`,
    received: `${left.length} missing, ${unexpectedKeys.length} unknown (${unexpectedKeys[0] ?? left[0]}, …)`,
    fix: 'give the --lora_dim and --lora_targets that it was trained with; the base goes into --model',
  })
}

/** How many parameters are trained. */
export const trainedCount = (model) =>
  model.parameters().reduce((n, tensor) => n + (tensor.requiresGrad ? tensor.numel : 0), 0)

/** The flags of a model, for every script that loads one. */
export const MODEL_FLAGS = {
  lora_dim: [0, 'rank of LoRA; 0 trains all weights'],
  lora_alpha: [128, 'LoRA is scaled by alpha / dim'],
  lora_targets: ['', 'layers for LoRA, by name, with commas; queries and values unless given'],
  bf16: [false, 'weights of the base in bf16'],
}
