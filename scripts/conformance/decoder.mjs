// Kind `decoder`: a language model from its folder, with and without a PEFT adapter put in by name.
import * as lora from 'loralib'
import { toleranceOf, valueAt } from './compare.mjs'
import { checkGradients, loadFactors } from './nlg.mjs'
import { trainableNumel } from './python.mjs'

const { models, nn } = lora

const MODEL_TYPES = ['gpt2', 'llama']
const PEFT_PREFIX = 'base_model.model.'

export const decoderKinds = {
  decoder: {
    run: runDecoder,
    unsupported: ({ model_type: type }) => (MODEL_TYPES.includes(type) ? null : `model type ${type}`),
    settings: ['model_dir', 'adapter_dir'],
    words: {},
  },
}

async function runDecoder(fixture, check) {
  const { entry } = fixture
  const config = fixture.json(`${entry.model_dir}/config.json`)
  check.fact(['model_type'], config.model_type)
  check.fact(['architecture'], config.architectures)
  check.rule(['compare'], /^logits and hidden states only where attention_mask is 1$/)
  check.rule(['loss_rule'], /^labels shifted by one inside the model, mean over labels != -100$/)
  check.rule(['position_ids'], /^0\.\.T-1 for every row$/)
  await checkBase(fixture, check, config)
  await checkAdapter(fixture, check, config)
  await checkMerged(fixture, check, config)
}

const loadModel = async (fixture, config) =>
  (await models[config.architectures[0]].fromPretrained(fixture.path(fixture.entry.model_dir))).eval()

async function checkBase(fixture, check, config) {
  const model = await loadModel(fixture, config)
  const output = forward(model, fixture, { outputHiddenStates: true })
  check.fact(['base_loss'], await output.loss.item(), { tolerance: toleranceOf(fixture.entry, 'loss') })
  await closeTokens(fixture, check, 'base.logits', output.logits)
  const wanted = fixture.names('base.hidden.')
  const count = output.hiddenStates?.length
  check.that(
    'base.hidden',
    wanted.length === 0 || count === wanted.length,
    `got ${count} hidden states, want ${wanted.length}`,
  )
  for (const name of wanted)
    await closeTokens(fixture, check, name, output.hiddenStates?.[Number(name.split('.').at(-1))])
}

/** The adapter unmerged, with its loss and gradients. Dropout is off, as in the reference. */
async function checkAdapter(fixture, check, config) {
  const { entry } = fixture
  const model = await loadModel(fixture, config)
  const adapter = await injectAdapter(model, fixture, { mergeWeights: false })
  checkPeftConfig(model, adapter, check)
  check.fact(['trainable_numel'], trainableNumel(model))
  const output = forward(model, fixture)
  await output.loss.backward()
  check.fact(['peft_loss'], await output.loss.item(), { tolerance: toleranceOf(entry, 'loss') })
  await closeTokens(fixture, check, 'peft.logits', output.logits)
  await checkGradients(model, fixture, check, 'peft.grad.', (path) => `${PEFT_PREFIX}${path}.weight`)
}

async function checkMerged(fixture, check, config) {
  const model = await loadModel(fixture, config)
  const adapter = await injectAdapter(model, fixture, {})
  model.eval()
  const unmerged = adapter.targets.filter((path) => !model.getSubmodule(path).merged)
  check.that('peft.merged_logits', unmerged.length === 0, `eval() left ${unmerged} unmerged`)
  const { logits } = lora.noGrad(() => forward(model, fixture))
  await closeTokens(fixture, check, 'peft.merged_logits', logits)
}

function forward(model, fixture, options = {}) {
  const labels = fixture.tensor('labels')
  return model.forward(fixture.tensor('input_ids'), {
    attentionMask: fixture.tensor('attention_mask'),
    labels,
    ...options,
  })
}

/** Compares a value per token where the attention mask is 1. */
async function closeTokens(fixture, check, name, got) {
  const mask = fixture.input('attention_mask').data
  const width = fixture.want(name)?.shape.at(-1) ?? 1
  const binds = (i) => Number(mask[Math.floor(i / width)]) === 1
  await check.close(name, got, toleranceOf(fixture.entry), { binds })
}

/** Puts `lora.Linear` around every target of the adapter folder and loads its factors under their own names. */
async function injectAdapter(model, fixture, options) {
  const folder = fixture.entry.adapter_dir
  const config = fixture.json(`${folder}/adapter_config.json`)
  refuseVariants(config)
  const tensors = Object.entries(await lora.load(fixture.path(`${folder}/adapter_model.safetensors`)))
  const factors = Object.fromEntries(tensors.map(([key, tensor]) => [ownName(key), tensor]))
  const targets = [...new Set(Object.keys(factors).map((key) => key.replace(/\.lora_[AB]$/, '')))]
  const { r, lora_alpha: loraAlpha, lora_dropout: loraDropout } = config
  lora.injectLora(model, { targets, r, loraAlpha, loraDropout, ...options })
  lora.markOnlyLoraAsTrainable(model)
  model.eval()
  loadFactors(model, factors)
  return { config, targets }
}

/** `base_model.model.transformer.h.0.attn.c_attn.lora_A.weight` → `transformer.h.0.attn.c_attn.lora_A`. */
function ownName(key) {
  const match = /^base_model\.model\.(.+\.lora_[AB])\.weight$/.exec(key)
  if (match === null) throw new Error(`this runner does not know the adapter tensor ${key}`)
  return match[1]
}

/** Settings of PEFT that change the formula; a plain adapter has none of them. */
function refuseVariants(config) {
  const variants = ['use_dora', 'use_rslora', 'use_qalora', 'lora_bias', 'modules_to_save', 'trainable_token_indices']
  const set = variants.filter((key) => config[key])
  for (const key of ['rank_pattern', 'alpha_pattern']) if (Object.keys(config[key] ?? {}).length > 0) set.push(key)
  if (config.peft_type !== 'LORA' || set.length > 0)
    throw new Error(`this runner does not know ${config.peft_type} with ${set}`)
}

/** What the entry says of the adapter must be what its folder says, and `all-linear` must be every linear layer below the head. */
function checkPeftConfig(model, { config, targets }, check) {
  for (const key of ['r', 'lora_alpha', 'lora_dropout', 'bias', 'task_type'])
    check.fact(['peft_config', key], config[key])
  const linear = []
  for (const [path, module] of model.namedModules()) {
    const plain = module instanceof nn.Linear || module instanceof nn.TransposedLinear
    if ((plain || module instanceof lora.Linear) && path !== 'lm_head') linear.push(path)
  }
  const sorted = (paths) => String([...paths].sort())
  const stated = valueAt(check.entry, ['peft_config', 'target_modules'])
  const named = Array.isArray(stated) ? stated : []
  const covers = (name, path) => path === name || path.endsWith(`.${name}`)
  const meant = linear.filter((path) => named.some((name) => covers(name, path)))
  const fits = named.every((name) => linear.some((path) => covers(name, path))) && sorted(meant) === sorted(targets)
  const got = sorted(linear) === sorted(targets) && !Array.isArray(stated) ? 'all-linear' : fits ? stated : targets
  check.fact(['peft_config', 'target_modules'], got, { ordered: false })
}
