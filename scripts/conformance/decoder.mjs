// Kind `decoder`: a language model from its folder, with and without a PEFT adapter loaded by name.
import * as lora from 'loralib'
import { toleranceOf } from './compare.mjs'
import { checkGradients } from './nlg.mjs'
import { checkTargets, closeTokens, injectAdapter, loadModel, peftName } from './peft.mjs'
import { trainableNumel } from './python.mjs'

const MODEL_TYPES = ['gpt2', 'llama', 'mistral', 'qwen2', 'qwen3', 'phi3', 'gemma2', 'gemma3_text']

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
  await checkGradients(model, fixture, check, 'peft.grad.', peftName)
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

/** The entry's description of the adapter must match its folder. */
function checkPeftConfig(model, { config, targets }, check) {
  for (const key of ['r', 'lora_alpha', 'lora_dropout', 'bias', 'task_type'])
    check.fact(['peft_config', key], config[key])
  checkTargets(model, targets, check)
}
