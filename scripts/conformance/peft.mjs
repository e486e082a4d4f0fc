// Shared by the cases with a model folder and a PEFT adapter folder.
import * as lora from 'loralib'
import { toleranceOf, valueAt } from './compare.mjs'
import { loadFactors } from './nlg.mjs'
import { optionsOf } from './python.mjs'

export const PEFT_PREFIX = 'base_model.model.'

/** The model of a case, in evaluation mode. */
export const loadModel = async (fixture, config) =>
  (await lora.models[config.architectures[0]].fromPretrained(fixture.path(fixture.entry.model_dir))).eval()

/** Compares a value per token where the attention mask is 1. */
export async function closeTokens(fixture, check, name, got) {
  const mask = fixture.input('attention_mask').data
  const width = fixture.want(name)?.shape.at(-1) ?? 1
  const binds = (i) => Number(mask[Math.floor(i / width)]) === 1
  await check.close(name, got, toleranceOf(fixture.entry), { binds })
}

/** Loads the adapter folder of the case into the model: see {@link injectFactors}. */
export async function injectAdapter(model, fixture, options) {
  const folder = fixture.entry.adapter_dir
  const config = fixture.json(`${folder}/adapter_config.json`)
  const tensors = await lora.load(fixture.path(`${folder}/adapter_model.safetensors`))
  const targets = injectFactors(model, config, tensors, options)
  return { config, targets }
}

/**
 * Wraps every target that has factors among the tensors in `lora.Linear` and loads the factors under their own names. Modules that PEFT saved in full
 * (`modules_to_save`) load their tensors too, and are trained.
 * @returns the paths of the targets
 */
export function injectFactors(model, config, tensors, options) {
  const variants = variantsOf(config)
  if (variants.length > 0) throw new Error(`this runner does not know ${config.peft_type ?? 'LORA'} with ${variants}`)
  const wholes = config.modules_to_save ?? []
  const named = Object.entries(tensors).map(([key, tensor]) => [ownName(key, wholes), tensor])
  const targets = [...new Set(named.flatMap(([key]) => /^(.+)\.lora_[AB]$/.exec(key)?.[1] ?? []))]
  const { r, lora_alpha: loraAlpha, lora_dropout: loraDropout } = config
  lora.injectLora(model, { targets, r, loraAlpha, loraDropout, ...options })
  lora.markOnlyLoraAsTrainable(model)
  for (const [name] of model.namedChildren()) if (wholes.includes(name)) model[name].requiresGrad_()
  model.eval()
  loadFactors(model, Object.fromEntries(named))
  return targets
}

/** `base_model.model.transformer.h.0.attn.c_attn.lora_A.weight` → `transformer.h.0.attn.c_attn.lora_A`; names in a saved module are unchanged. */
function ownName(key, wholes) {
  const name = key.startsWith(PEFT_PREFIX) ? key.slice(PEFT_PREFIX.length) : ''
  const factor = /^(.+\.lora_[AB])\.weight$/.exec(name)?.[1]
  const isWhole = wholes.some((whole) => name.startsWith(`${whole}.`))
  if (factor === undefined && !isWhole) throw new Error(`this runner does not know the adapter tensor ${key}`)
  return factor ?? name
}

/** The stated target modules must name exactly the wrapped ones; `all-linear` must be all linear layers below the head. */
export function checkTargets(model, targets, check) {
  const { nn } = lora
  const linear = []
  for (const [path, module] of model.namedModules()) {
    const plain = module instanceof nn.Linear || module instanceof nn.TransposedLinear
    if ((plain || module instanceof lora.Linear) && path !== 'lm_head') linear.push(path)
  }
  const sorted = (paths) => String([...paths].sort())
  const stated = valueAt(check.entry, ['peft_config', 'target_modules'])
  const named = Array.isArray(stated) ? [...stated] : []
  const covers = (name, path) => path === name || path.endsWith(`.${name}`)
  const meant = linear.filter((path) => named.some((name) => covers(name, path)))
  const isOnce = new Set(named).size === named.length
  const fits =
    isOnce && named.every((name) => linear.some((path) => covers(name, path))) && sorted(meant) === sorted(targets)
  const got = sorted(linear) === sorted(targets) && !Array.isArray(stated) ? 'all-linear' : fits ? stated : targets
  check.fact(['peft_config', 'target_modules'], got, { ordered: false })
}

/** The settings of a PEFT configuration that change the formula; a plain adapter has none of them. */
export function variantsOf(config) {
  const variants = ['use_dora', 'use_rslora', 'use_qalora', 'lora_bias', 'trainable_token_indices']
  const set = variants.filter((key) => config[key])
  for (const key of ['rank_pattern', 'alpha_pattern']) if (Object.keys(config[key] ?? {}).length > 0) set.push(key)
  if ((config.peft_type ?? 'LORA') !== 'LORA') set.push(config.peft_type)
  return set
}

/** A parameter's name in PEFT's files: without the adapter's name and without `modules_to_save`. */
export const peftName = (path) => PEFT_PREFIX + (/\.lora_[AB]$/.test(path) ? `${path}.weight` : path)

/**
 * A named adapter made from the configuration of the case, with the tensors of its start.
 * @returns the model with the adapter, and the paths of its layers
 */
export function makeAdapter(base, fixture) {
  const model = lora.peft.getPeftModel(base, optionsOf(fixture.entry.peft_config))
  const init = fixture.group('init.')
  const places = [...model.namedParameters()].filter(([, tensor]) => tensor.requiresGrad)
  const names = places.map(([path]) => namedName(path))
  const unknown = Object.keys(init).filter((name) => !names.includes(name))
  if (unknown.length > 0 || names.length !== Object.keys(init).length)
    throw new Error(`the adapter has other tensors than the case: ${unknown}`)
  lora.noGrad(() => places.forEach(([, tensor], i) => tensor.copy_(init[names[i]])))
  const targets = [...base.namedModules()].filter(([, each]) => lora.isLoraLayer(each)).map(([path]) => path)
  return [model, targets]
}

/** The same for a tensor of a named adapter. */
export const namedName = (path) =>
  path
    .replace(/^base_model\./, PEFT_PREFIX)
    .replace(/\.adapters\.default\.(lora_[AB])$/, '.$1.weight')
    .replace(/\.adapters\.default\.magnitude$/, '.lora_magnitude_vector.weight')
